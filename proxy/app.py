"""The composition root: builds the objects, runs, reloads, drains; owns clock, dice and ids.

Only this file names a clock, chance, or makes ids; everything else is handed them. It decides
nothing about requests: it wires the rooms together and sees to it that they start and stop in the
right order.
"""

import asyncio
import gc
import logging
import os
import random
import resource
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import uvloop
from watchfiles import awatch

from proxy.console.server import Console
from proxy.console.sources import Sources
from proxy.diagnosis.judge import Diagnosis
from proxy.edge.server import Edge
from proxy.exchange import Events, Timer
from proxy.exchange.exchanges import Exchanges
from proxy.exchange.ports import Ports
from proxy.model import Fleet, Instant, Seconds
from proxy.policy.standing import Row, Standing
from proxy.report.journal import Journal
from proxy.report.lag import LagMeter
from proxy.report.lines import Level, Value
from proxy.report.metrics import Gauges, Metrics
from proxy.report.moment import Moment
from proxy.report.newsroom import Newsroom, Surroundings
from proxy.report.outside import Outside, Reach
from proxy.report.report import Report
from proxy.settings.load import Loaded
from proxy.settings.problem import SettingsError, Severity, headline
from proxy.settings.signatures import signatures
from proxy.sim import pages
from proxy.wire.drill import Drills, Running, Turn, marked
from proxy.wire.rehearsal import Rehearsal
from proxy.wire.transport import Transport

DESCRIPTORS = 65536
"""Open files that are wanted: a stream takes two, and 10,000 streams are in reach."""

LOOK = Seconds(2.0)
"""How often the files of the table are looked at where nothing tells of a change: their folder may
be gone for a while, or the change may fall between two watches."""

YOUNG = 10_000
"""New objects that bring the collector. A request under way holds some sixty and leaves no cycle:
at Python's own 700, a few dozen requests at once are looked through again and again for nothing."""

STIR = Seconds(0.5)
"""Between two looks at what the kernel has told of the folders: at the library's own 50 ms, an idle
process spends most of its time with them."""

LAST_LINES = Seconds(2.0)
"""What writing the rest of the journal may take at the end."""


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run `main` on uvloop in a hardened process and return its exit code."""
    harden()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def harden() -> None:
    """Raise the limit of open files; write no core file, for it would hold keys."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


class LoopClock:
    """The running loop's monotonic clock. Asked a dozen times a request, it adds no frame."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.now = cast("Callable[[], Instant]", loop.time)
        """Return the monotonic time."""
        self.call_at: Callable[[Instant, Callable[[], None]], Timer] = loop.call_at
        """Call a callback at an instant or soon after."""


class Faultline:
    """The whole proxy in one process, from `start` to `close`.

    `load` reads the routing table, now and at every reload. `journal` is the descriptor that the
    journal is written to; None writes none. `listeners` hear what the report hears. `dice` makes
    a run repeatable.
    """

    def __init__(
        self,
        load: Callable[[], Loaded],
        *,
        journal: int | None = None,
        listeners: Sequence[Events] = (),
        dice: random.Random | None = None,
    ) -> None:
        self._load = load
        self.fleet = load().fleet
        self._missed: tuple[str, ...] = ()
        self.clock = LoopClock()
        self._started = self._draining = False
        dice = dice or random.Random(os.urandom(16))  # noqa: S311 - jitter and ids are no secrets
        now, wall = self.clock.now, time.time
        self._journal = None if journal is None else Journal(journal, now=now, wall=wall)
        self._lag = LagMeter(self.clock)
        self.outside = Outside(self.fleet, self._reach(dice))
        self.news = Newsroom(self._surroundings(dice), self.outside)
        self._metrics = Metrics(
            self.fleet,
            version=version("faultline"),
            gauges=Gauges(
                view=self._view,
                lag=lambda: self._lag.worst,
                dropped=self._dropped,
                incidents=lambda: len(self.news.ledger.open),
            ),
        )
        journals = () if self._journal is None else (self._journal,)
        self._report = Report(
            *journals, self._metrics, self.news.traffic, self.news.ledger, *listeners
        )
        self.standing = Standing(
            self.fleet,
            rng=dice,
            tell=self._report.health_changed,
            budget_refused=self._report.budget_refused,
            lagging=lambda: self._lag.lagging,
        )
        self.transport = Transport(now)
        self.drills = Drills(self.clock, self._drill_turned)
        page = (HTTPStatus.BAD_GATEWAY, pages.CLOUDFLARE_HEADERS, pages.CLOUDFLARE_502)
        ports = Ports(
            upstream=Rehearsal(self.transport, self.clock, page),
            drilled=self.drills.at,
            clock=self.clock,
            judge=marked(Diagnosis(signatures(), wall=wall)),
            standing=self.standing,
            events=self._report,
            note=self.news.notes,
        )
        self.edge = Edge(
            exchanges=Exchanges(ports),
            fleet=self._fleet,
            new_id=lambda: f"fl-{dice.getrandbits(64):016x}",
            events=self._report,
        )
        self.console = Console(self._sources())

    def _reach(self, dice: random.Random) -> Reach:
        return Reach(
            moment=lambda: Moment(now=self.clock.now(), wall=time.time()),
            console=lambda: self.console_url,
            dice=dice,
            log=lambda level, event, message: self._log(level, event, message=message),
        )

    def _surroundings(self, dice: random.Random) -> Surroundings:
        return Surroundings(
            clock=self.clock,
            wall=time.time,
            fleet=self._fleet,
            view=self._view,
            console=lambda: self.console_url,
            new_id=lambda: f"{dice.getrandbits(32):08x}",
            log=self._log,
            drilled=lambda: {run.backend: run.until for run in self.drills.running},
        )

    def _sources(self) -> Sources:
        return Sources(
            fleet=self._fleet,
            view=self._view,
            ready=self.checks,
            registry=self._metrics.registry,
            moment=self.news.moment,
            ledger=self.news.ledger,
            traffic=self.news.traffic,
            outlook=self.news.outlook,
            drills=self.drills,
            report=self._report,
            says=self.outside.says,
        )

    # Where it is.

    @property
    def url(self) -> str:
        """The address that an app points its SDK at, without `/v1`."""
        return f"http://{self.edge.addresses[0]}"

    @property
    def console_url(self) -> str:
        """The address of the status page, for people here; empty without one on a port."""
        ports = [address for address in self.console.addresses if address.unix is None]
        if not ports:
            return ""
        wide = ports[0].host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
        return f"http://localhost:{ports[0].port}" if wide else f"http://{ports[0]}"

    def checks(self) -> dict[str, bool]:
        """Say what readiness rests on. A provider's outage is no part of it."""
        return {"listening": bool(self.edge.addresses), "not draining": not self._draining}

    # From start to close.

    async def start(self) -> None:
        """Listen on both ports. Raises OSError when an address cannot be had."""
        if self._journal is not None:
            self._configure_journal(self._journal)
            self._journal.start()
            logging.basicConfig(handlers=[JournalHandler(self._journal)], force=True)
        self.transport.adopt(self.fleet)
        await self.edge.start()
        await self.console.start()
        self._lag.start()
        self.outside.start()
        self.news.start()
        gc.collect()
        gc.freeze()  # what is here now stays: later collections need not look at it
        gc.set_threshold(YOUNG)
        self._started = True
        self._log(Level.INFO, "started", url=self.url, console=self.console_url)

    async def live(self) -> None:
        """Serve until SIGTERM or SIGINT, reload on SIGHUP and when a file changes, then drain.

        A second SIGTERM or SIGINT ends the drain at once.
        """
        loop = asyncio.get_running_loop()
        stop, abort = asyncio.Event(), asyncio.Event()

        def end() -> None:
            (abort if stop.is_set() else stop).set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self.watch(stop))
            await stop.wait()
            draining = tasks.create_task(self.drain())
            aborting = tasks.create_task(abort.wait())
            await asyncio.wait({draining, aborting}, return_when=asyncio.FIRST_COMPLETED)
            for task in (watching, draining, aborting):
                task.cancel()

    async def drain(self) -> None:
        """Take no new exchanges and finish the running ones, as long as the table allows."""
        self._draining = True
        self._log(Level.INFO, "draining", in_flight=self.edge.in_flight)
        await self.edge.drain(self.fleet.drain)

    async def close(self) -> None:
        """End everything; what the journal still holds is written."""
        self._draining = True
        await self.edge.close()
        await self.console.close()
        self.drills.close()
        await self.transport.close()
        self._lag.close()
        self.news.close()
        await self.outside.close()
        if self._started:
            self._log(Level.INFO, "stopped")
        if self._journal is not None:
            self._journal.close(LAST_LINES)

    # The table changes.

    def reload(self) -> SettingsError | None:
        """Take the table anew, whole; a bad one is told and the old one stays."""
        try:
            loaded = self._load()
        except SettingsError as error:
            self._metrics.reloaded(success=False)
            self._missed = error.files
            for problem in error.problems:
                if problem.severity is Severity.ERROR:
                    self._log(Level.ERROR, "settings_refused", problem=headline(problem))
            return error
        fleet, before = loaded.fleet, self.fleet
        if (fleet.listen, fleet.console) != (before.listen, before.console):
            self._log(Level.WARNING, "restart_needed", setting="listen, console")
        self.fleet, self._missed = fleet, ()
        self.standing.adopt(fleet, self.clock.now())
        self.transport.adopt(fleet)
        self.drills.adopt(fleet.backends)
        self._metrics.adopt(fleet)
        self.news.adopt(fleet)
        self.outside.adopt(fleet)
        self._metrics.reloaded(success=True)
        if self._journal is not None:
            self._configure_journal(self._journal)
        self._log(Level.INFO, "settings_loaded", backends=len(fleet.backends))
        return None

    async def watch(self, stop: asyncio.Event) -> None:
        """Reload when the table or a secret's file changes.

        Folders are watched, not files: Kubernetes replaces a link in them. What else changes there,
        as a journal or a store of incidents does all the time, is passed over.
        """
        known = stamps(self._files)
        while not stop.is_set():
            if not self._files:
                await stop.wait()
                return
            with suppress(FileNotFoundError):  # a folder went as it was about to be watched
                await self._stir(stop)
            if stamps(self._files) != known:
                self.reload()
                known = stamps(self._files)

    async def _stir(self, stop: asyncio.Event) -> None:
        """Return when something has changed in a folder, or it is time to look all the same."""
        folders = {str(folder) for folder in self._folders() if folder.is_dir()}
        async for _ in awatch(
            *folders,
            stop_event=stop,
            recursive=False,
            step=int(STIR * 1000),
            rust_timeout=int(LOOK * 1000),
            yield_on_timeout=True,
        ):
            return

    def _folders(self) -> set[Path]:
        return {Path(file).absolute().parent for file in self._files}

    @property
    def _files(self) -> Sequence[str]:
        """What may change the table: its own files, and those of one that was refused."""
        return tuple(dict.fromkeys(self.fleet.files + self._missed))

    # What others ask.

    def _fleet(self) -> Fleet:
        return self.fleet

    def _view(self) -> Sequence[Row]:
        return self.standing.view(self.clock.now())

    def _dropped(self) -> int:
        lines = 0 if self._journal is None else self._journal.dropped
        return lines + self.outside.dropped

    def _drill_turned(self, turn: Turn, running: Running) -> None:
        """Bring the beginning and the end of a drill into the journal."""
        length = round(running.until - running.began, 3)
        names = {"backend": running.backend, "fault": running.fault.value, "by": running.by}
        self._log(Level.WARNING, turn, **names, for_s=length)

    def _configure_journal(self, journal: Journal) -> None:
        journal.configure(level=self.fleet.log_level, form=self.fleet.log_format)

    def _log(self, level: Level, event: str, **fields: Value) -> None:
        if self._journal is not None:
            self._journal.log(level, event, **fields)


def stamps(files: Sequence[str]) -> list[tuple[int, int, int] | None]:
    """Return what differs when one of the files is written, replaced or gone, links followed."""
    return [_stamp(Path(file)) for file in files]


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        seen = file.stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


class JournalHandler(logging.Handler):
    """Brings what libraries and the handler's outermost frame log into the journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.WARNING)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Queue one line; no traceback, for its frames may hold secrets."""
        level = Level.ERROR if record.levelno >= logging.ERROR else Level.WARNING
        self._journal.log(level, "log", logger=record.name, message=record.getMessage())
