"""An open page follows what happens, by itself, and says only what matters aloud."""

import pytest

from proxy import sim
from proxy.report.incident import Stage
from tests.browser import situations
from tests.browser.chromium import Tab
from tests.browser.situations import Situation

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

AT_ONCE = 1.0
"""Seconds within which the page must follow."""

LISTENING = "document.getElementById('live').textContent === 'Live.'"
MARKED = "window.marked === 'the same page'"
KEEP_ALOUD = """(() => {
    window.marked = "the same page";
    window.aloud = [];
    new MutationObserver(() => aloud.push(announce.textContent)).observe(
        document.getElementById("announce"), {childList: true, characterData: true, subtree: true});
})()"""


async def listening(tab: Tab, url: str) -> None:
    await tab.open(url)
    await tab.until(LISTENING)
    await tab.look(KEEP_ALOUD)


async def test_an_outage_is_shown_within_a_second_and_its_end_too(
    calm: Situation, tab: Tab
) -> None:
    await listening(tab, calm.pages[0])
    calm.house.p.plan(sim.cdn_502())
    await calm.until(lambda: calm.incident is not None)
    assert calm.incident is not None
    link = f'main a[href="incidents/{calm.incident.id}"]'
    await tab.until(f"document.querySelector('{link}') !== null", within=AT_ONCE)
    await calm.until(lambda: calm.stands_at(Stage.IDENTIFIED))
    await tab.until("document.body.innerText.includes('identified')", within=AT_ONCE)
    assert "mid.svg" in await tab.look("document.getElementById('icon').href")
    assert await tab.look("document.title") == "Degraded - Faultline"

    calm.house.p.plan(sim.ok())
    await calm.until(lambda: calm.stands_at(Stage.RESOLVED))
    await tab.until("document.querySelector('h1').innerText.includes('All is well.')", AT_ONCE)
    assert await tab.look("document.title") == "Well - Faultline"
    assert await tab.look(MARKED)
    aloud = await tab.look("window.aloud")
    assert aloud[-2:] == ["It seems to be over: everything answers again.", "All is well."]
    assert "One provider is failing." in aloud
    assert len(aloud) == len(dict.fromkeys(aloud)) <= 4


async def test_numbers_that_change_are_not_said_aloud(calm: Situation, tab: Tab) -> None:
    await listening(tab, calm.pages[0])
    before = await tab.look("document.querySelector('.bars').getAttribute('aria-label')")
    await calm.ask(7)
    await tab.until(
        f"document.querySelector('.bars').getAttribute('aria-label') !== {before!r}", within=10
    )
    assert await tab.look("window.aloud") == []


async def test_who_reads_is_not_disturbed(calm: Situation, tab: Tab) -> None:
    await listening(tab, calm.pages[0])
    await tab.look("document.querySelector('summary').focus()")
    await tab.press("Enter")
    await tab.until("document.querySelector('details').open")
    calm.house.p.plan(sim.cdn_502())
    await calm.until(lambda: calm.incident is not None)
    await tab.until("document.querySelector('.incident') !== null", within=AT_ONCE)
    assert await tab.look("document.querySelector('details').open")
    assert await tab.look("document.activeElement.tagName") == "SUMMARY"
    await tab.look("document.querySelector('.scroll').focus()")
    await calm.until(lambda: calm.stands_at(Stage.IDENTIFIED))
    await tab.until("document.body.innerText.includes('identified')", within=AT_ONCE)
    assert await tab.look("document.activeElement.className") == "scroll"


async def test_what_is_due_is_counted_down(calm: Situation, tab: Tab) -> None:
    calm.house.p.plan(sim.status(429, retry_after=40))
    await calm.ask(5)
    await listening(tab, calm.pages[0])
    left = "document.querySelector('[data-until]').textContent"
    first = await tab.look(left)
    assert first.endswith("\u00a0s")
    await tab.until(f"{left} !== {first!r}", within=5)


async def test_a_page_that_has_lost_faultline_says_so(tab: Tab) -> None:
    tab.expected += ["ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY"]
    async with situations.calm() as calm:
        await listening(tab, calm.pages[0])
    await tab.until("document.getElementById('live').textContent.startsWith('No connection')")
    assert "All is well." in await tab.look("document.querySelector('h1').innerText")


@pytest.mark.parametrize("width", [320, 1100])
async def test_an_open_incident_page_grows_with_its_timeline(
    calm: Situation, tab: Tab, width: int
) -> None:
    calm.house.p.plan(sim.cdn_502())
    await calm.until(lambda: calm.incident is not None)
    await tab.size(width)
    await listening(tab, calm.pages[1])
    await calm.until(lambda: calm.stands_at(Stage.IDENTIFIED))
    await tab.until("document.querySelectorAll('.timeline > li').length >= 3", within=AT_ONCE)
    assert "identified" in (await tab.look("window.aloud"))[-1]
    assert await tab.look(MARKED)
