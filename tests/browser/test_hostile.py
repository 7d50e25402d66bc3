"""What apps and providers say stays text: no script, no picture, no broken page, no lie."""

import pytest

from proxy import sim
from proxy.policy.standing import Word
from proxy.report.incident import Stage
from tests.browser.chromium import Tab
from tests.browser.situations import Situation

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

CANARY = "hostile-canary-4711"
NAMES = {
    "script": f"<script>window.harm = '{CANARY}'</script>",
    "picture": "\"><img src=x onerror='window.harm = 1'>",
    "style": "</span></table><style>*{display:none}</style>",
    "frame": "<iframe srcdoc='<script>top.harm = 1</script>'></iframe>",
    "template": "{{ 7 * 7 }}{% include 'base.html' %}",
    "long": "m" * 500,
    "marks": "Z\u0351\u0327\u0352" * 60,
}
UNSPEAKABLE = ["gpt-\u202e5-lufrednow\u2066", "one\ntwo\r\n\tthree", "\x1b[31mred", "a\x00b"]
"""Names that would lie about what stands around them."""
BODY = (
    f"<html><script>window.harm = 1</script><img src='http://elsewhere.test/{CANARY}'>"
    f"</body></html>{CANARY}" + "x" * 5000
).encode()
HARMLESS = """(() => ({
    harm: window.harm ?? null,
    foreign: document.querySelectorAll(
        "main :is(script, style, iframe, img, object, embed, form, link, base)").length,
    wide: document.documentElement.scrollWidth <= innerWidth,
    seen: document.querySelector("footer").checkVisibility(),
}))()"""
SAFE = {"harm": None, "foreign": 0, "wide": True, "seen": True}


@pytest.mark.parametrize("width", [320, 1100])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_a_models_name_is_but_a_name(
    calm: Situation, tab: Tab, name: str, width: int
) -> None:
    calm.house.p.plan(sim.overload(503))
    calm.house.s.plan(sim.overload(503))
    view, clock = calm.house.faultline.standing.view, calm.house.faultline.clock
    await calm.until(
        lambda: (
            any(row.model and row.state is not Word.CLOSED for row in view(clock.now()))
            and calm.incident is not None
        ),
        model=name,
    )
    await tab.size(width)
    for url in calm.pages:
        await tab.open(url)
        assert await tab.look(HARMLESS) == SAFE
    await tab.open(calm.pages[0])
    assert name[:40] in await tab.look("document.querySelector('.lines').textContent")


@pytest.mark.parametrize("name", UNSPEAKABLE)
async def test_a_name_that_cannot_be_read_is_not_shown(
    calm: Situation, tab: Tab, name: str
) -> None:
    calm.house.p.plan(sim.overload(503))
    calm.house.s.plan(sim.overload(503))
    await calm.ask(10, model=name)
    await tab.open(calm.pages[0])
    assert await tab.look(HARMLESS) == SAFE
    text = await tab.look("document.documentElement.textContent")
    assert name not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("content_type", [b"text/html", b"application/json", b"text/plain"])
async def test_what_a_provider_answers_is_never_shown(
    calm: Situation, tab: Tab, content_type: bytes
) -> None:
    reply = b"HTTP/1.1 500 <script>window.harm=1</script>\r\ncontent-type: %b\r\n" % content_type
    reply += b"cf-ray: <img src=x onerror=harm=1>\r\nserver: %b\r\n" % CANARY.encode()
    reply += b"content-length: %d\r\n\r\n%b" % (len(BODY), BODY)
    calm.house.p.plan(sim.raw(reply, "hostile"))
    await calm.until(lambda: calm.incident is not None)
    await calm.until(lambda: calm.stands_at(Stage.IDENTIFIED))
    for url in calm.pages:
        await tab.open(url)
        assert await tab.look(HARMLESS) == SAFE
        assert CANARY not in await tab.look("document.documentElement.outerHTML")


@pytest.mark.parametrize("where", ["incidents/<script>window.harm=1</script>", "%3Cimg%20src=x%3E"])
async def test_an_address_is_not_repeated(calm: Situation, tab: Tab, where: str) -> None:
    tab.expected.append("404 (Not Found)")
    await tab.open(f"{calm.url}/{where}")
    assert await tab.look("window.harm ?? null") is None
    assert await tab.look("document.querySelectorAll('script, img').length") == 0
