"""What would become of a request, asked of the live path's own decisions."""

from pathlib import Path

import aiohttp
import pytest

from proxy import sim
from proxy.cli.explanation import Explanation, explain, read
from proxy.model import Ask, Fleet, Headers, Refusal
from proxy.settings.load import loads
from tests.e2e.house import house

ENV = {"KEY": "sk-canary-1", "SPARE": "sk-canary-2"}
TABLE = """\
version: 1
backends:
  a: {provider: openai, key: "${KEY}"}
  b:
    provider: azure-openai
    url: https://eu.test
    key: "${SPARE}"
    models: {gpt-5: my-gpt-5}
    headers: {x-team: search, x-api-token: hush}
  c: {provider: openrouter, key: client}
defaults:
  limits: {head: {unary: 5m}, stall: 90s}
  replay: always
routes:
  - name: narrow
    match: {model: "o3*", operation: generate, path: "/v1/chat/*", header: {x-team: a}}
    tiers: [a, c]
  - name: chat
    match: {model: "gpt-5*"}
    tiers:
      - [a, b]
      - [c/openai/gpt-5]
    limits: {head: {stream: 20s}, total: 60s}
    patience: 1s
  - name: rest
    tiers: [a, b]
"""


def table(text: str = TABLE) -> Fleet:
    return loads(text, name="t.yaml", env=ENV, base=Path()).fleet


def asked(
    path: str = "/v1/chat/completions",
    *headers: tuple[bytes, bytes],
    model: str | None = "gpt-5",
    stream: bool = False,
    method: str = "POST",
) -> Ask:
    fields: Headers = ((b"content-type", b"application/json"), *headers)
    ask = read(method, path, fields, model, stream=stream)
    assert isinstance(ask, Ask)
    return ask


def why(ask: Ask | None = None, *down: str, text: str = TABLE) -> Explanation:
    return explain(table(text), ask or asked(), down)


def line(needle: str) -> str:
    before = TABLE[: TABLE.index(needle)]
    return f"t.yaml:{before.count(chr(10)) + 1}"


def fates(found: Explanation) -> list[tuple[str, str]]:
    return [(step.target, step.fate) for step in found.steps]


def test_routes_are_asked_in_order_until_one_takes_it() -> None:
    found = why()
    assert [(r.route, r.mismatch, r.wants) for r in found.asked] == [
        ("narrow", "model", "o3*"),
        ("chat", "", ""),
    ]
    assert [r.origin for r in found.asked] == [line('match: {model: "o3'), line("- name: chat")]
    assert found.route == "chat"


def test_a_header_that_is_missing_is_named() -> None:
    found = why(asked(model="o3"))
    assert (found.asked[0].mismatch, found.asked[0].wants) == ("header x-team", "a")
    assert why(asked("/v1/chat/completions", (b"x-team", b"a"), model="o3")).route == "narrow"


def test_without_a_route_it_is_refused() -> None:
    found = why(asked("/v1/messages", model="claude"))
    assert (found.route, found.refused, found.steps, found.settings) == (None, "no_route", (), ())
    assert [r.mismatch for r in found.asked] == ["dialect"] * 3


@pytest.mark.parametrize(
    ("down", "expected"),
    [
        ((), ["answers", "spare", "spare"]),
        (("a",), ["fails", "answers", "spare"]),
        (("a", "b"), ["fails", "fails", "answers"]),
        (("b",), ["answers", "spare", "spare"]),
    ],
)
def test_targets_are_tried_in_order(down: tuple[str, ...], expected: list[str]) -> None:
    found = why(None, *down)
    names = ["a", "b", "c/openai/gpt-5"]
    assert fates(found) == list(zip(names, expected, strict=True))
    assert found.refused == ""
    assert [step.tier for step in found.steps] == [1, 1, 2]
    assert [step.why for step in found.steps] == [
        "first in the table's order",
        "an equal of a",
        "the only one of its tier; tier 1 is spent",
    ]
    assert found.steps[0].origin == line("- [a, b]")


def test_when_all_are_down_it_says_how_it_is_refused() -> None:
    found = why(None, "a", "b", "c")
    assert {step.fate for step in found.steps} == {"fails"}
    assert found.refused == "all_backends_failed"


@pytest.mark.parametrize(
    ("text", "ask", "reason"),
    [
        ("", asked("/v1/chat/completions", (b"x-faultline-backend", b"b")), "demands b"),
        ("", asked("/v1/chat/completions", (b"x-faultline-no-failover", b"1")), "no-failover"),
        ("attempts: 1", asked(), "`attempts: 1` are spent"),
        ("replay: never", asked(), "it ends before, with not_replayable"),
        ("", asked("/v1/files", model=None, method="GET"), "lies with another backend"),
    ],
)
def test_a_target_that_is_never_tried_says_why(text: str, ask: Ask, reason: str) -> None:
    changed = TABLE.replace("patience: 1s", f"patience: 1s\n    {text}") if text else TABLE
    found = why(ask, text=changed)
    assert len(found.steps) == 1
    assert found.left
    assert reason in found.left[0].why


@pytest.mark.parametrize(("balance", "drawn"), [("spread", "by weight"), ("least", "less busy")])
def test_a_choice_among_equals_says_how_it_is_made(balance: str, drawn: str) -> None:
    found = why(text=TABLE.replace("patience: 1s", f"patience: 1s\n    balance: {balance}"))
    assert drawn in found.steps[0].why


def test_a_hedge_does_not_change_the_order() -> None:
    found = why(text=TABLE.replace("patience: 1s", "hedge: {after: 2s}"))
    assert [step.target for step in found.steps] == ["a", "b", "c/openai/gpt-5"]
    assert {s.name: s.value for s in found.settings}["hedge"] == "after 2 s"


def test_what_is_sent_is_what_the_live_path_sends() -> None:
    found = why(asked("/v1/chat/completions", (b"authorization", b"Bearer app"), (b"x-a", b"1")))
    first, azure, router = found.steps
    assert first.url == "https://api.openai.com/v1/chat/completions"
    assert first.removed == ("authorization",)
    assert first.added == (("via", "1.1 faultline"), ("authorization", "***"))
    assert (azure.url, azure.model) == (
        "https://eu.test/openai/v1/chat/completions",
        "my-gpt-5",
    )
    assert dict(azure.added) == {
        "via": "1.1 faultline",
        "x-team": "***",
        "x-api-token": "***",
        "api-key": "***",
    }
    assert router.removed == ()  # `key: client` passes the app's own
    assert "canary" not in repr(found)
    assert "app" not in [value for step in found.steps for _, value in step.added]


def test_gemini_has_its_model_in_the_url() -> None:
    text = """\
version: 1
backends:
  g: {provider: gemini, key: "${KEY}", models: {flash: gemini-flash}}
routes:
  - {name: all, tiers: [g]}
"""
    path = "/v1beta/models/flash:streamGenerateContent?alt=sse&key=app-key"
    (step,) = why(asked(path, model=None), text=text).steps
    assert step.url.endswith("/v1beta/models/gemini-flash:streamGenerateContent?alt=sse")
    assert "x-goog-api-key" in step.removed


@pytest.mark.parametrize(
    ("stream", "name", "value", "origin"),
    [
        (False, "head", "300 s", line("limits: {head: {unary")),
        (True, "head", "20 s", line("limits: {head: {stream")),
        (False, "total", "60 s", line("limits: {head: {stream")),
        (False, "stall", "90 s", line("limits: {head: {unary")),
        (False, "patience", "1 s", line("patience: 1s")),
        (False, "replay", "always", line("replay: always")),
        (False, "connect", "3 s", "default"),
        (False, "hedge", "none", "default"),
    ],
)
def test_each_limit_says_where_it_stands(stream: bool, name: str, value: str, origin: str) -> None:
    settings = {s.name: s for s in why(asked(stream=stream)).settings}
    assert (settings[name].value, settings[name].origin) == (value, origin)


def test_the_deadline_of_the_app_bounds_the_limits() -> None:
    settings = {
        s.name: s
        for s in why(asked("/v1/chat/completions", (b"x-stainless-timeout", b"7"))).settings
    }
    assert (settings["total"].value, settings["total"].origin) == ("7 s", "the app's own deadline")
    assert settings["stall"].origin == line("limits: {head: {unary")


@pytest.mark.parametrize("path", ["/v1/../admin", "//v1"])
def test_what_the_data_port_refuses_is_refused(path: str) -> None:
    assert isinstance(read("POST", path, (), "m", stream=False), Refusal)


def test_what_no_route_knows_goes_to_the_first_backend() -> None:
    text = TABLE.replace('match: {model: "gpt-5*"}', 'match: {model: "gpt-5*", operation: embed}')
    found = why(asked("/v1/unknown", model=None), text=text)
    assert (found.route, [step.target for step in found.steps]) == ("", ["a"])


async def test_a_running_faultline_does_what_was_explained() -> None:
    async with house() as here, aiohttp.ClientSession() as session:
        here.p.plan(sim.status(502, "html"))
        body = {"model": "m", "stream": False}
        async with session.post(f"{here.url}/v1/chat/completions", json=body) as answer:
            assert answer.status == 200
        found = explain(here.faultline.fleet, asked(model="m"), {"p"})
        tried = [step.target for step in found.steps if step.fate != "spare"]
        assert tried == [attempt.backend for attempt in here.told.records[-1].attempts]
        assert found.steps[-1].url == f"{here.s.url}/v1/chat/completions"


def test_a_static_text_is_what_comes_instead_of_a_refusal() -> None:
    static = TABLE.replace(
        "      - [c/openai/gpt-5]\n", "      - [c/openai/gpt-5]\n      - {static: {text: sorry}}\n"
    )
    found = why(None, "a", "b", "c", text=static)
    assert (found.refused, found.static) == ("all_backends_failed", "sorry")
    assert why(text=static).static == ""
    speech = asked("/v1/audio/speech")
    assert why(speech, "a", "b", "c", text=static).static == ""
