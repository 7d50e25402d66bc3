"""Faultline as a person finds it: calm, in trouble, after it, in a drill, or lied to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from proxy import sim
from proxy.model import Drill, Seconds
from proxy.report.incident import Incident, Stage
from tests.e2e.house import House, house

LIMIT = 30.0
"""Seconds for a state to be reached."""

TABLE = """\
version: 1
listen: "127.0.0.1:0"
console: "127.0.0.1:0"
incidents: {{hold: 2s}}
ejection: {{backoff: {{most: 2s}}}}
backends:
  north: {{provider: {provider}, url: "{p}{path}", key: "${{P_KEY}}"}}
  south: {{provider: {provider}, url: "{s}{path}", key: "${{S_KEY}}", max_in_flight: 50}}
defaults:
  limits: {{head: {head}, first_content: {first_content}, stall: {stall}}}
routes:
  - name: chat
    match: {{model: "gpt-*"}}
    tiers: [[north, south]]
  - name: rest
    match: {{model: "*"}}
    tiers: [[south], [{{backend: north, model: spare}}], {{static: {{text: Later.}}}}]
"""


@dataclass
class Situation:
    """A Faultline between two simulated providers, and an app that asks it."""

    house: House
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.house.faultline.console_url.rstrip("/")

    @property
    def incident(self) -> Incident | None:
        """The latest, open or past."""
        ledger = self.house.faultline.news.ledger
        return next(reversed([*ledger.past, *ledger.open]), None)

    @property
    def pages(self) -> list[str]:
        """All pages for people that there are now."""
        incident = self.incident
        return [f"{self.url}/", *([f"{self.url}/incidents/{incident.id}"] if incident else [])]

    async def ask(self, number: int = 1, model: str = "gpt-5") -> None:
        """Let the app ask some times at once."""
        await asyncio.gather(*(self._ask(model) for _ in range(number)))

    async def _ask(self, model: str) -> None:
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
        async with self.session.post(f"{self.house.url}/v1/chat/completions", json=body) as answer:
            await answer.read()

    async def until(self, reached: Callable[[], bool], model: str = "gpt-5") -> None:
        """Let the app go on asking until something holds."""
        async with asyncio.timeout(LIMIT):
            while not reached():
                await self.ask(model=model)
                await asyncio.sleep(0.05)

    def stands_at(self, stage: Stage) -> bool:
        return self.incident is not None and self.incident.stage is stage


@asynccontextmanager
async def calm() -> AsyncIterator[Situation]:
    """All is well, and was."""
    async with house(table=TABLE) as here, aiohttp.ClientSession() as session:
        situation = Situation(here, session)
        await situation.ask(20)
        await situation.ask(10, model="claude")
        yield situation


@asynccontextmanager
async def trouble() -> AsyncIterator[Situation]:
    """The gateway in front of the first choice is broken; it is known why."""
    async with calm() as situation:
        situation.house.p.plan(sim.cdn_502())
        await situation.until(lambda: situation.stands_at(Stage.IDENTIFIED))
        yield situation


@asynccontextmanager
async def down() -> AsyncIterator[Situation]:
    """Both are out."""
    async with trouble() as situation:
        situation.house.s.plan(sim.reset_before_head())
        view = situation.house.faultline.standing.view
        clock = situation.house.faultline.clock
        await situation.until(lambda: all(row.since is not None for row in view(clock.now())))
        yield situation


@asynccontextmanager
async def after() -> AsyncIterator[Situation]:
    """It is over."""
    async with trouble() as situation:
        situation.house.p.plan(sim.ok())
        await situation.until(lambda: situation.stands_at(Stage.RESOLVED))
        yield situation


@asynccontextmanager
async def drill() -> AsyncIterator[Situation]:
    """The first choice fails on purpose."""
    async with calm() as situation:
        situation.house.faultline.drills.begin("north", Drill.CDN_502, Seconds(300), by="search")
        await situation.until(lambda: situation.stands_at(Stage.IDENTIFIED))
        yield situation


ALL = {each.__name__: each for each in (calm, trouble, down, after, drill)}
