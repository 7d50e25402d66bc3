"""The console's pages in a real browser, whatever is going on: for everybody, on everything."""

import json
from pathlib import Path

import pytest

from tests.browser.chromium import Tab
from tests.browser.situations import Situation

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
FOUND = f"""axe.run(document, {{runOnly: {json.dumps(RULES)}}}).then(found => [
    ...found.violations,
    // What a scrolling box hides axe cannot judge; the colours there are those of the rest.
    ...found.incomplete.filter(each => each.nodes.some(node =>
        !document.querySelector(node.target[0]).closest(".scroll"))),
].map(each => [each.id, each.nodes.map(node => node.html + " " + node.failureSummary)]))"""

WIDE = """[...document.querySelectorAll("body *")].filter(each =>
    each.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !each.closest(".scroll, .hidden, .symbols, svg")
).map(each => each.outerHTML.slice(0, 200))"""

STOPS = """[...document.querySelectorAll("a[href], summary, [tabindex]")]
    .filter(each => each.checkVisibility())"""
FOCUSED = f"""(() => {{
    const it = document.activeElement;
    const box = it.getBoundingClientRect(), style = getComputedStyle(it);
    return {{
        number: {STOPS}.indexOf(it),
        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: box.width > 0 && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0,
    }};
}})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1100])
async def test_axe_finds_nothing(situation: Situation, tab: Tab, scheme: str, width: int) -> None:
    await tab.still()
    await tab.medium(scheme=scheme)
    await tab.size(width)
    for url in situation.pages:
        await tab.open(url)
        await tab.look("document.querySelectorAll('details').forEach(each => each.open = true)")
        await tab.look(f"{AXE}; 0")
        assert await tab.look(FOUND) == []


@pytest.mark.parametrize("width", [320, 768, 1100])
async def test_nothing_is_wider_than_the_window(situation: Situation, tab: Tab, width: int) -> None:
    await tab.size(width)
    for url in situation.pages:
        await tab.open(url)
        await tab.look("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert await tab.look("document.documentElement.scrollWidth") <= width
        assert await tab.look(WIDE) == []


async def test_the_keyboard_alone_leads_everywhere_in_order(situation: Situation, tab: Tab) -> None:
    for url in situation.pages:
        await tab.open(url)
        stops = await tab.look(f"{STOPS}.length")
        assert stops > 6
        for number in range(stops):
            await tab.press("Tab")
            assert await tab.look(FOCUSED) == {"number": number, "outlined": True, "seen": True}
        await tab.press("Tab", shift=True)
        assert (await tab.look(FOCUSED))["number"] == stops - 2


async def test_the_keyboard_skips_the_top_and_opens_what_is_closed(
    situation: Situation, tab: Tab
) -> None:
    for url in situation.pages:
        await tab.open(url)
        await tab.press("Tab")
        assert await tab.look("document.activeElement.className") == "skip"
        await tab.press("Enter")
        await tab.until("location.hash === '#main'")
        await tab.press("Tab")
        assert await tab.look("document.querySelector('main').contains(document.activeElement)")
        await tab.look("document.querySelector('summary').focus()")
        await tab.press("Enter")
        await tab.until("document.querySelector('details').open")


async def test_without_scripts_nothing_is_missing(situation: Situation, tab: Tab) -> None:
    for url in situation.pages:
        await tab.scripts(allowed=True)
        await tab.open(url)
        await tab.until("document.getElementById('live').textContent === 'Live.'")
        lively = await tab.look("document.querySelector('main').innerText")
        await tab.scripts(allowed=False)
        await tab.open(url)
        assert await tab.look("document.getElementById('live').textContent") == "Reload for news."
        still = await tab.look("document.querySelector('main').innerText")
        assert len(still) > 200
        assert [*map(len, _words(still))] == [*map(len, _words(lively))]


def _words(text: str) -> list[list[str]]:
    """Return the words of each line; numbers count on between two looks."""
    return [line.split() for line in text.splitlines()]


async def test_paper_says_it_all_without_colours_or_controls(
    situation: Situation, tab: Tab
) -> None:
    await tab.medium("print", "dark")
    await tab.size(700)
    for url in situation.pages:
        await tab.open(url)
        assert await tab.look("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert await tab.look(
            "[...document.querySelectorAll('nav, summary, .skip, #live')]"
            ".every(each => !each.checkVisibility())"
        )
        assert await tab.look(
            "[...document.querySelectorAll('main a')].every(each => "
            "getComputedStyle(each, '::after').content.includes(each.getAttribute('href')))"
        )
        assert await tab.look("document.documentElement.scrollWidth") <= 700
        shown = await tab.look("document.body.innerText")
        incident = situation.incident
        if incident is not None and url.endswith(incident.id):
            lines = " ".join(shown.split())
            assert all(" ".join(update.text.split()) in lines for update in incident.updates)
        assert (await tab.paper()).startswith(b"%PDF-")
