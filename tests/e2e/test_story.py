"""The demo's outage as people see it: on the page at once, explained, over, and told afterwards.

The demo itself is played; its sockets and its pages are real. Without `-m slow` the loop's clock
leaps over the spans in which nothing happens, so that the story takes the seconds that it costs.
"""

import asyncio
import re
import subprocess
import sys
from dataclasses import dataclass, field

import aiohttp
import pytest

from proxy.app import Faultline
from proxy.cli import demo
from proxy.model import AttemptRecord, Change, HealthChange
from proxy.sim.story import OUTAGE
from tests.scenarios.pace import REAL, SKIPPING, Pace

LOOKS = 0.1
"""Seconds between two looks at the page."""

LATE = 1.0
"""Seconds by which a page may be late, its own age and that of the look included."""

HEADLINE = re.compile(r'<h1 data-trouble="([^"]*)"')
STAGE = re.compile(r'<p class="stage">.*?(investigating|identified|monitoring)', re.DOTALL)
FAILS = ("north has begun to fail.", "One provider is failing.")
SEEMS_OVER = "It seems to be over: everything answers again."
PEACE = "All is well."


@dataclass
class Watcher(demo.Commentary):
    """Hears what happens, as the demo does, and notes when the page says so."""

    first_bad: float = 0.0
    recovered: float = 0.0
    page: dict[str, float] = field(default_factory=dict)
    """When the page first said something, in seconds of the story; its end is the latest."""

    def now(self) -> float:
        assert self.clock is not None
        return self.clock.now() - self.began

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:
        super().attempt_ended(exchange_id, route, record)
        if not record.verdict.good and not self.first_bad:
            self.first_bad = self.now()

    def health_changed(self, change: HealthChange) -> None:
        super().health_changed(change)
        if change.change is Change.RECOVERED:
            self.recovered = self.now()

    async def look_on(self, served: Faultline) -> None:
        """Look at the page again and again, and listen for changes as the page's script does."""
        events = f"{served.console_url}/api/events"
        async with aiohttp.ClientSession() as session, session.get(events) as listening:
            assert listening.status == 200
            while True:
                self.read_page(await shown(session, served, "/"))
                await asyncio.sleep(LOOKS)

    def read_page(self, html: str) -> None:
        headline = HEADLINE.search(html)
        assert headline is not None
        for said in (headline[1], *STAGE.findall(html)):
            self.page.setdefault(said, self.now())
        if headline[1] == PEACE and SEEMS_OVER in self.page:
            self.page.setdefault("resolved", self.now())


async def shown(session: aiohttp.ClientSession, served: Faultline, path: str) -> str:
    async with session.get(f"{served.console_url}{path}") as answer:
        assert answer.status == 200
        return await answer.text()


def told(*arguments: str) -> str:
    """What a command of another process prints."""
    ended = subprocess.run(
        [sys.executable, "-m", "proxy", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


async def played() -> tuple[Watcher, str, str]:
    """Play the demo's story once; return who watched, the post-mortem, and the list."""
    watcher = Watcher()
    async with demo.providers() as (north, south):
        table = demo.TABLE.format(listen=0, console=0, north=north.url, south=south.url)
        async with demo.faultline(table, watcher) as served:
            watcher.restart(served.clock)
            looking = asyncio.create_task(watcher.look_on(served))
            await demo.play(north, served, watcher)
            looking.cancel()
            await asyncio.wait([looking])
            assert looking.cancelled(), looking.exception()
            (incident,) = served.news.ledger.latest()
            url = ("--url", served.console_url)
            post_mortem = await asyncio.to_thread(
                told, "incident", incident.id, "--format", "md", *url
            )
            return watcher, post_mortem, await asyncio.to_thread(told, "incidents", *url)


@pytest.mark.parametrize("pace", [SKIPPING, pytest.param(REAL, marks=pytest.mark.slow)], ids=str)
def test_the_demos_outage_is_on_the_page_explained_over_and_told(pace: Pace) -> None:
    with asyncio.Runner(loop_factory=pace.loop) as runner:
        watcher, post_mortem, listed = runner.run(played())
    page, over = watcher.page, OUTAGE[-1].at

    assert watcher.unharmed
    assert watcher.first_bad < min(page[said] for said in FAILS) < watcher.first_bad + 1.0
    assert page["identified"] < watcher.first_bad + 5.0
    # The first probe after the end brings it back, and with it the page; a few holds later it is
    # closed. None of that is said while it lasts.
    assert over < watcher.recovered < page[SEEMS_OVER] < watcher.recovered + LATE
    assert watcher.recovered < page["monitoring"] < page["resolved"] < watcher.recovered + 6.0
    assert page["resolved"] < over + 10.0

    began = "north: the network edge cannot reach the provider"
    assert post_mortem.startswith(f"# Post-mortem: {began}\n")
    toll = f"{watcher.rescued} rescued, 0 failed"
    assert f"None: every request concerned was answered whole. In all: {toll}" in post_mortem
    for stage in ("investigating", "identified", "monitoring", "resolved"):
        assert f"| {stage} | " in post_mortem
    assert f"| failures, all attempts | {watcher.failed} |" in post_mortem
    (line,) = listed.splitlines()
    assert "resolved" in line
    assert line.endswith(began)
