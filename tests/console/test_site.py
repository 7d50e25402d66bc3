"""What the console answers, over a real socket."""

import asyncio
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from markupsafe import escape
from prometheus_client.parser import text_string_to_metric_families

from proxy.console.guard import GUARDS
from proxy.model import Address, Cause, Instant, Scope, Verdict
from proxy.policy.standing import Word
from proxy.report.incident import Place
from tests.console.looking import Scene
from tests.report.records import CANARY, GOOD_ATTEMPT, WHOLE, fleet, row

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</td></table><iframe src=javascript:alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "<svg/onload=alert(1)>",
    "&lt;script&gt;",
    "\x00\x1b[31m\u202e",
    "x" * 5000,
]


async def test_liveness_is_that_the_loop_turns() -> None:
    async with Scene(ready={"listening": False}).open() as scene:
        for path in ("/livez", "/healthz"):
            answer = await scene.get(path)
            assert (answer.status, answer.text) == (200, "ok\n")


async def test_readiness_rests_on_its_checks() -> None:
    async with Scene(ready={"listening": True, "not draining": True}).open() as scene:
        answer = await scene.get("/readyz")
        assert (answer.status, answer.text) == (200, "ok\n")
        scene.ready["not draining"] = False
        answer = await scene.get("/readyz")
        assert (answer.status, answer.text) == (503, "not ready\n")
        answer = await scene.get("/readyz?verbose")
        assert answer.text == "[+] listening\n[-] not draining\nnot ready\n"


async def test_a_provider_outage_fails_no_probe() -> None:
    async with Scene(
        rows=[row("openai", Word.EJECTED), row("azure", Word.EJECTED)]
    ).open() as scene:
        assert (await scene.get("/readyz")).status == 200
        assert (await scene.get("/livez")).status == 200


async def test_numbers_are_read_as_prometheus_reads_them() -> None:
    async with Scene().open() as scene:
        scene.metrics.ended(WHOLE)
        answer = await scene.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        families = {f.name: f for f in text_string_to_metric_families(answer.text)}
        whole = [
            s.value for s in families["faultline_requests"].samples if s.labels["result"] == "whole"
        ]
        assert whole == [1.0]


async def test_the_page_says_what_is_the_matter() -> None:
    rows = [
        row(
            "openai",
            Word.EJECTED,
            since=Instant(0.0),
            verdict=Verdict(cause=Cause.CAPACITY, evidence="529 overloaded_error"),
        ),
        row("azure"),
    ]
    async with Scene(rows=rows).open() as scene:
        answer = await scene.get("/")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        for said in (
            "<title>Degraded - Faultline</title>",
            'openai is out of rotation. <span class="served">No request has come in the last',
            "out of rotation",
            "the provider is out of capacity",
            "529 overloaded_error",
            "probe with the next request",
        ):
            assert said in answer.text


class Shape(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


async def shapes(said: str) -> list[Shape]:
    """Return both pages where everything that comes from outside says this."""
    verdict = Verdict(cause=Cause.PROTOCOL, evidence=said)
    rows = (
        row("openai", Word.EJECTED, since=Instant(0.0), verdict=verdict),
        row("openai", Word.EJECTED, scope=Scope.MODEL, model=said, verdict=verdict),
        row("azure"),
    )
    async with Scene(rows=rows).open() as scene:
        scene.serve()
        incident = scene.break_down(verdict=verdict)
        incident.places = [Place(Scope.MODEL, "openai", said)]
        scene.recover()
        incident = scene.break_down("azure", verdict)
        incident.places = [Place(Scope.MODEL, "azure", said)]
        pages = ("/", "/incidents/inc-1", "/incidents/inc-2")
        return [Shape((await scene.get(path)).text) for path in pages]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_strings_are_but_text(text: str) -> None:
    for plain, hostile in zip(await shapes("plain"), await shapes(text), strict=True):
        assert hostile.tags == plain.tags
        assert hostile.attributes == plain.attributes
        assert hostile.links == plain.links
        assert not [name for name in plain.attributes if name.startswith("on") or name == "style"]
        assert plain.tags.count("script") == 1


async def test_pages_need_nothing_from_elsewhere() -> None:
    async with Scene().open() as scene:
        scene.break_down()
        for path in ("/", "/incidents/inc-1"):
            page = Shape((await scene.get(path)).text)
            for link in page.links:
                assert ":" not in link
                if link.startswith("#"):
                    continue
                answer = await scene.get(urljoin(path, link))
                assert answer.status == 200
                assert answer.body
        types = {
            "faultline.css": "text/css; charset=utf-8",
            "live.js": "text/javascript; charset=utf-8",
            "good.svg": "image/svg+xml; charset=utf-8",
        }
        for name, content_type in types.items():
            answer = await scene.get(f"/static/{name}")
            assert answer.headers["content-type"] == content_type


async def test_without_a_script_the_page_is_complete() -> None:
    async with Scene().open() as scene:
        scene.serve(5)
        scene.break_down()
        text = (await scene.get("/")).text
        for said in (
            "One provider is failing.",
            "90.0\u00a0%\u00a0whole in the last 15\u00a0minutes.",
            "openai: the network edge cannot reach the provider",
            "4 rescued, 1 failed",
            "5 failed",
            "through Faultline",
            "None since Faultline began to look.",
        ):
            assert said in text
        assert text.index('<p class="hidden" role="status" id="announce"></p>')
        assert text.count('role="status"') == 1


async def test_an_incident_has_its_page_and_its_post_mortem() -> None:
    async with Scene().open() as scene:
        incident = scene.break_down()
        text = (await scene.get("/incidents/inc-1")).text
        for said in (
            "<title>Identified: openai: the network edge cannot reach the provider - Faultline",
            "502 with Cloudflare&#39;s page",
            "What happened",
            "# Post-mortem: openai",
            *(escape(update.text) for update in incident.updates),
        ):
            assert said in text
        answer = await scene.get("/incidents/inc-1.md")
        assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
        assert answer.text.startswith("# Post-mortem: openai: the network edge")
        for path in ("/incidents/inc-9", "/incidents/inc-9.md", "/incidents/"):
            assert (await scene.get(path)).status == 404


async def test_a_past_incident_stands_under_its_day() -> None:
    async with Scene().open() as scene:
        scene.break_down()
        scene.recover()
        text = (await scene.get("/")).text
        assert "Going on" not in text
        assert "incidents/inc-1" in text
        assert "<title>Well - Faultline</title>" in text


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/static/",
        "/static/nothing.css",
        "/static/..%2fsite.py",
        "/static/%2e%2e/site.py",
        "/static/..%5csite.py",
        "/static/good.svg%00",
    ],
)
async def test_there_is_nothing_else(path: str) -> None:
    async with Scene().open() as scene:
        assert (await scene.get(path)).status == 404


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/", "GET", {}, 200),
        ("/", "HEAD", {}, 200),
        ("/metrics", "GET", {}, 200),
        ("/nothing", "GET", {}, 404),
        ("/readyz", "GET", {}, 200),
        ("/", "POST", {}, 405),
        ("/", "GET", {"host": "evil.example"}, 421),
        ("/", "GET", {"origin": "http://evil.example"}, 403),
        ("/static/faultline.css", "GET", {"sec_fetch_site": "cross-site"}, 403),
    ],
)
async def test_every_answer_is_guarded(
    path: str, method: str, headers: dict[str, str], status: int
) -> None:
    async with Scene().open() as scene:
        answer = await scene.get(path, method, **headers)
        assert answer.status == status
        for name, value in GUARDS.items():
            assert answer.headers[name.lower()] == value
        assert "access-control-allow-origin" not in answer.headers


async def test_the_page_is_not_lent_to_frames_or_scripts() -> None:
    policy = GUARDS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


async def test_a_token_is_asked_for_the_way_browsers_know() -> None:
    scene = Scene(fleet=fleet("openai", "azure", console=Address(host="0.0.0.0", port=0)))
    async with scene.open():
        answer = await scene.get("/")
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert (await scene.get("/readyz")).status == 200


async def test_no_secret_is_shown_anywhere() -> None:
    async with Scene().open() as scene:
        for path in ("/", "/metrics", "/readyz?verbose", "/livez", f"/{CANARY}"):
            answer = await scene.get(path)
            assert CANARY not in answer.text
            assert CANARY[3:11] not in answer.text


async def test_scrapes_and_updates_go_together() -> None:
    async with Scene().open() as scene:
        seen: list[float] = []

        async def scrape() -> None:
            for _ in range(20):
                answer = await scene.get("/metrics")
                families = {f.name: f for f in text_string_to_metric_families(answer.text)}
                seen.append(sum(s.value for s in families["faultline_requests"].samples))

        async def update() -> None:
            for number in range(2000):
                scene.metrics.ended(WHOLE)
                scene.metrics.attempt_ended(str(number), "chat", GOOD_ATTEMPT)
                if number % 20 == 0:
                    await asyncio.sleep(0)

        await asyncio.gather(*(scrape() for _ in range(5)), update())
        assert len(seen) == 100
        labels = {"route": "chat", "dialect": "openai", "result": "whole"}
        total = scene.metrics.registry.get_sample_value("faultline_requests_total", labels)
        assert total == 2000
        assert max(seen) <= 2000
