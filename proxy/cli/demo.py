"""`faultline demo`: an outage on a script, between two simulated providers; no key, no network.

A small app talks through Faultline to `north`, whose gateway breaks and comes back; `south` is the
spare. What broke, what Faultline did and what the app noticed is told line by line. Nothing is
staged but the outage: the proxy, its table and the sockets are real.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import aiohttp
import typer

from proxy import sim
from proxy.app import Faultline, run
from proxy.cli import cli
from proxy.exchange import Clock
from proxy.model import (
    AttemptRecord,
    Change,
    ExchangeRecord,
    HealthChange,
    Instant,
)
from proxy.report.incident import Incident, Stage
from proxy.report.incidents import Ledger
from proxy.settings.load import loads
from proxy.sim.story import LENGTH, OUTAGE, Scene

EVERY = 0.2
"""Seconds between two requests of the demo's app."""
TOKENS = 12
"""Of an answer: half a second at the sim's pace."""
REST = 40.0
"""Seconds of peace between two stories: what fails again within ten holds is the same incident."""
STEADY = 3
"""Answers in a row from one backend after which that is said."""
LISTEN = 8080
CONSOLE = 8081
TABLE = """\
version: 1
listen: localhost:{listen}
console: localhost:{console}
backends:
  north: {{provider: openai-compatible, url: "{north}/v1", key: none}}
  south: {{provider: openai-compatible, url: "{south}/v1", key: none}}
routes:
  - name: chat
    match: {{model: "*"}}
    tiers: [[north, south]]
ejection: {{backoff: {{most: 4s, flapping: 4s}}}}   # the story is short, and so are its pauses
incidents: {{hold: 4s}}                           # as long must all be well until it is over
"""


@cli.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Tell the story once, then end.")] = False,
) -> None:
    """Show an outage that no app notices. Two simulated providers, no key, no network."""
    with contextlib.suppress(KeyboardInterrupt):
        raise typer.Exit(run(_demo(once)))


async def _demo(once: bool) -> int:
    async with providers() as (north, south):
        table = TABLE.format(
            listen=free(LISTEN), console=free(CONSOLE), north=north.url, south=south.url
        )
        commentary = Commentary()
        async with faultline(table, commentary) as served:
            commentary.introduce(table, served)
            while True:
                commentary.restart(served.clock)
                await play(north, served, commentary)
                commentary.conclude()
                if once:
                    return 0 if commentary.unharmed else 1
                commentary.point_to(served)
                await keep_asking(served, commentary, LENGTH + REST)
                commentary.say("The story begins again. End it with Ctrl-C.")


@contextlib.asynccontextmanager
async def providers() -> AsyncIterator[tuple[sim.Provider, sim.Provider]]:
    """Run the two simulated providers inside this process."""
    north, south = (sim.Provider(name, tokens=TOKENS) for name in ("north", "south"))
    async with north, south:
        yield north, south


@contextlib.asynccontextmanager
async def faultline(table: str, commentary: "Commentary") -> AsyncIterator[Faultline]:
    """Run Faultline inside this process, without a journal."""
    served = Faultline(
        lambda: loads(table, name="demo.yaml", env={}, base=Path()), listeners=(commentary,)
    )
    await served.start()
    try:
        yield served
    finally:
        await served.close()


async def play(north: sim.Provider, served: Faultline, commentary: "Commentary") -> None:
    """Let the outage run its course while the app goes on asking."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stage_the_outage(north, served.clock, commentary))
        tasks.create_task(keep_asking(served, commentary, LENGTH))


async def keep_asking(served: Faultline, commentary: "Commentary", until: float) -> None:
    """Ask as an app does, and read the status page, until so many seconds of the story."""
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
        url = f"{served.url}/v1/chat/completions"
        count = 0
        while served.clock.now() < commentary.began + until:
            tasks.create_task(ask(session, url, stream=count % 2 == 0, commentary=commentary))
            commentary.read(served.news.ledger)
            count += 1
            await asyncio.sleep(EVERY)


async def stage_the_outage(north: sim.Provider, clock: Clock, commentary: "Commentary") -> None:
    """Let `north` do what the script says, and say so."""
    for scene in OUTAGE:
        await asyncio.sleep(max(0.0, commentary.began + scene.at - clock.now()))
        north.plan(scene.behaviour)
        commentary.turn(scene)


async def ask(
    session: aiohttp.ClientSession, url: str, *, stream: bool, commentary: "Commentary"
) -> None:
    """Ask once, as an app does, and tell how it went."""
    question = {
        "model": "demo",
        "stream": stream,
        "messages": [{"role": "user", "content": "What is a fault line?"}],
    }
    try:
        async with session.post(url, json=question) as answer:
            text = await answer.text()
            whole = answer.status == HTTPStatus.OK and (not stream or "[DONE]" in text)
    except aiohttp.ClientError:
        whole = False
    commentary.app(whole)


@dataclass
class Commentary:
    """Tells the story as it happens; hears of it as the journal does, through `Events`."""

    began: Instant = Instant(0.0)
    clock: Clock | None = None
    answers: int = 0
    harmed: int = 0
    rescued: int = 0
    failed: int = 0
    stage: Stage | None = None
    """The incident's, as it was told last."""
    serving: str = ""
    last: deque[str] = field(default_factory=lambda: deque(maxlen=STEADY))
    told: set[str] = field(default_factory=set)

    @property
    def unharmed(self) -> bool:
        """Whether the app got whole answers only."""
        return self.harmed == 0 and self.answers > 0

    def introduce(self, table: str, served: Faultline) -> None:
        """Say what is here and where to look."""
        typer.echo("Faultline stands between a small app and two simulated providers.\n")
        typer.echo("".join(f"    {line}\n" for line in table.splitlines()))
        typer.echo(f"  the app's base URL   {served.url}/v1")
        typer.echo(f"  status page          {served.console_url}/")
        typer.echo(f"  metrics              {served.console_url}/metrics\n")

    def restart(self, clock: Clock) -> None:
        """Begin the story."""
        self.clock, self.began = clock, clock.now()
        self.answers = self.harmed = self.rescued = 0
        self.failed = 0
        self.stage = None
        self.serving = ""
        self.last.clear()
        self.told.clear()

    def say(self, text: str, *, who: str = "", colour: str | None = None) -> None:
        """Print one line with the story's time."""
        now = 0.0 if self.clock is None else self.clock.now() - self.began
        typer.echo(f"{now:6.2f} s  {typer.style(f'{who:10}', fg=colour, bold=True)} {text}")

    def turn(self, scene: Scene) -> None:
        """Say what happens to `north`."""
        bad = scene.behaviour.name.startswith("cdn")
        self.say(scene.title, who="north", colour="red" if bad else "green")

    def app(self, whole: bool) -> None:
        """Hear how the app fared."""
        self.answers += 1
        if not whole:
            self.harmed += 1
            self.say("got a broken answer", who="the app", colour="red")

    def read(self, ledger: Ledger) -> None:
        """Say how far the incident of this story has come."""
        incident = _latest(ledger, self.began)
        if incident is not None and incident.stage is not self.stage:
            self.stage = incident.stage
            self.say(f"{self.stage}: {incident.updates[-1].text}", who="the page", colour="magenta")

    def point_to(self, served: Faultline) -> None:
        """Say how to see the story told by Faultline itself."""
        incident = _latest(served.news.ledger, self.began)
        if incident is not None:
            page = served.console_url
            self.say(f"Its page: {page}/incidents/{incident.id}")
            self.say(f"Its post-mortem: faultline incident {incident.id} --format md --url {page}")
        self.say(f"All is well for {REST:.0f} s now; then the story begins again.")

    def conclude(self) -> None:
        """Say what the app noticed."""
        noticed = "nothing" if self.unharmed else f"{self.harmed} broken answers"
        self.say(
            f"{self.answers} requests, {self.answers - self.harmed} whole answers, of which "
            f"{self.rescued} were rescued. {self.failed} attempts at north failed. "
            f"What the app noticed: {noticed}.",
            who="the end",
            colour="cyan",
        )

    # What Faultline tells.

    def attempt_ended(
        self,
        exchange_id: str,  # noqa: ARG002 - the protocol's
        route: str,  # noqa: ARG002 - the protocol's
        record: AttemptRecord,
    ) -> None:
        """Hear of an attempt."""
        verdict = record.verdict
        if verdict.good:
            return
        self.failed += 1
        known = verdict.signature in self.told
        self.told.add(verdict.signature)
        why = "the same again" if known else f"{verdict.cause}: {verdict.evidence}"
        self.say(f"{record.backend} failed, {why}", who="faultline", colour="yellow")

    def health_changed(self, change: HealthChange) -> None:
        """Hear of an ejection or a recovery."""
        words = {
            Change.EJECTED: "is out of rotation",
            Change.COOLED: "is cooling down",
            Change.PROBING: "gets one request as a probe",
            Change.RECOVERED: "is back in rotation",
        }
        until = "" if change.until is None else f" for {change.until - change.at:.1f} s"
        self.say(
            f"{change.backend} {words[change.change]}{until}", who="faultline", colour="yellow"
        )

    def budget_refused(self, backend: str) -> None:
        """Hear that a retry was not paid."""
        self.say(f"the retry budget of {backend} is spent", who="faultline", colour="yellow")

    def turned_away(self, code: str) -> None:
        """Hear of a request refused at the door."""
        self.say(f"a request was turned away: {code}", who="faultline", colour="yellow")

    def ended(self, record: ExchangeRecord) -> None:
        """Hear how an exchange ended."""
        if record.rescued:
            self.rescued += 1
            late = (record.attempts[-1].started - record.started) * 1000
            self.say(
                f"{record.backend} answered instead, {late:.0f} ms later",
                who="rescued",
                colour="green",
            )
        self.last.append(record.backend)
        steady = len(self.last) == STEADY and len(set(self.last)) == 1
        if steady and record.backend != self.serving:
            self.serving = record.backend
            self.say(f"its answers come from {record.backend}", who="the app", colour="cyan")


def _latest(ledger: Ledger, since: Instant) -> Incident | None:
    return next((each for each in ledger.latest() if each.opened >= since), None)


def free(port: int) -> int:
    """Return `port` if it is free on this machine, else 0: any free one."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port
