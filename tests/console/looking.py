"""A console on a real socket, and a client that says exactly what it is told to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from proxy.console.server import Console
from proxy.console.sources import Look, Sources, look
from proxy.model import Address, Change, Fleet, Instant, Verdict
from proxy.policy.standing import Row
from proxy.report.estimate import Estimate, Unknown
from proxy.report.incident import Incident
from proxy.report.incidents import Ledger
from proxy.report.metrics import Gauges, Metrics
from proxy.report.moment import Moment
from proxy.report.report import Report
from proxy.report.traffic import Traffic
from proxy.wire.drill import Drills
from tests.report.records import (
    BAD_ATTEMPT,
    BAD_GATEWAY,
    EJECTED,
    GOOD_ATTEMPT,
    REFUSED,
    WHOLE,
    exchange,
    fleet,
    row,
)

LIMIT = 10.0


class Ticks:
    """The test's own clock, for what ends by itself."""

    def now(self) -> Instant:
        return Instant(time.monotonic())

    def call_at(self, when: Instant, callback: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(when - time.monotonic(), callback)


@dataclass
class Scene:
    """What the console is shown; a test changes it as it likes."""

    fleet: Fleet = field(default_factory=lambda: fleet("openai", "azure", console=Address(port=0)))
    rows: Sequence[Row] = (row("openai"), row("azure"))
    ready: dict[str, bool] = field(default_factory=lambda: {"listening": True})
    estimate: Estimate | Unknown | None = None

    def __post_init__(self) -> None:
        gauges = Gauges(view=lambda: self.rows, lag=lambda: 0.0, dropped=lambda: 0)
        self.metrics = Metrics(self.fleet, version="0", gauges=gauges)
        ids = (f"inc-{number}" for number in range(1, 1000))
        self.ledger = Ledger(self.fleet, new_id=lambda: next(ids))
        self.traffic = Traffic(time.time)
        self.report = Report(self.traffic, self.ledger, self.metrics)
        self.drills = Drills(Ticks(), lambda _turn, _running: None)
        self.sources = Sources(
            fleet=lambda: self.fleet,
            view=lambda: self.rows,
            ready=lambda: self.ready,
            registry=self.metrics.registry,
            moment=lambda: Moment(now=Instant(time.monotonic()), wall=time.time()),
            ledger=self.ledger,
            traffic=self.traffic,
            outlook=self.outlook,
            drills=self.drills,
            report=self.report,
        )
        self.console = Console(self.sources)

    def outlook(self, incident: Incident) -> Estimate | Unknown | None:
        return None if incident.resolved is not None else self.estimate

    def break_down(self, backend: str = "openai", verdict: Verdict = BAD_GATEWAY) -> Incident:
        """Let five requests fail there, one of them for good, and the ledger hear of it."""
        now = time.monotonic()
        for number in range(5):
            at = Instant(now - 3 + number / 10)
            bad = replace(BAD_ATTEMPT, backend=backend, ended=at, verdict=verdict)
            result = exchange(attempts=(bad, GOOD_ATTEMPT), ended=at)
            if number == 0:
                result = replace(REFUSED, attempts=(bad,), ended=at)
            self.report.attempt_ended("id", "chat", bad)
            if number:
                self.report.attempt_ended("id", "chat", GOOD_ATTEMPT)
            self.report.ended(result)
        change = replace(EJECTED, backend=backend, verdict=verdict, at=Instant(now - 2.5))
        self.ledger.health_changed(change)
        self.ledger.tick(Instant(now))
        return self.ledger.open[-1]

    def serve(self, number: int = 1) -> None:
        """Let requests be answered well."""
        for _ in range(number):
            self.report.attempt_ended("id", "chat", GOOD_ATTEMPT)
            self.report.ended(WHOLE)

    def recover(self, seconds: float = 100.0) -> None:
        """Let the backends of all incidents be well, and time pass for the ledger."""
        now = Instant(time.monotonic())
        for incident in list(self.ledger.open):
            for place in list(incident.out):
                change = replace(
                    EJECTED,
                    change=Change.RECOVERED,
                    scope=place.scope,
                    backend=place.backend,
                    model=place.model,
                    at=now,
                )
                probe = replace(GOOD_ATTEMPT, backend=place.backend, started=now, ended=now)
                self.ledger.attempt_ended("id", "chat", probe)
                self.ledger.health_changed(change)
        self.ledger.tick(Instant(now + 3))
        self.ledger.tick(Instant(now + seconds))

    def look(self) -> Look:
        return look(self.sources)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Scene"]:
        await self.console.start()
        try:
            yield self
        finally:
            await self.console.close()

    async def send(self, method: str, path: str, body: bytes, **headers: str) -> "Answer":
        """Ask with a body, as JSON unless another type is given."""
        length = {"content_type": "application/json", "content_length": str(len(body))}
        return await self._ask(method, path, body, length | headers)

    async def get(self, path: str, method: str = "GET", **headers: str) -> "Answer":
        """Ask the first address; `host` is right unless it is given."""
        return await self._ask(method, path, b"", headers)

    async def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> "Answer":
        address = self.console.addresses[0]
        fields = {"host": str(address)} | headers
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        request = f"{method} {path} HTTP/1.1\r\nconnection: close\r\n{head}\r\n".encode()
        return Answer(await talk(address, request + body))

    async def head(self, path: str) -> int:
        """Ask, read no more than the status, and leave."""
        address = self.console.addresses[0]
        async with asyncio.timeout(LIMIT):
            reader, writer = await asyncio.open_connection(address.host, address.port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n".encode())
                return int((await reader.readline()).split()[1])
            finally:
                writer.close()
                await writer.wait_closed()


async def talk(address: Address, request: bytes) -> bytes:
    """Return all that comes back."""
    async with asyncio.timeout(LIMIT):
        if address.unix is not None:
            reader, writer = await asyncio.open_unix_connection(address.unix)
        else:
            reader, writer = await asyncio.open_connection(address.host, address.port)
        try:
            writer.write(request)
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


class Answer:
    """An answer, taken apart."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }

    @property
    def text(self) -> str:
        return self.body.decode()
