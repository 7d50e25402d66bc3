"""A console on a real socket, and a client that says exactly what it is told to."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from proxy.console.server import Console
from proxy.model import Address, Fleet, Instant
from proxy.policy.standing import Row
from proxy.report.metrics import Gauges, Metrics
from tests.report.records import fleet, row

LIMIT = 10.0


@dataclass
class Scene:
    """What the console is shown; a test changes it as it likes."""

    fleet: Fleet = field(default_factory=lambda: fleet("openai", "azure", console=Address(port=0)))
    rows: Sequence[Row] = (row("openai"), row("azure"))
    ready: dict[str, bool] = field(default_factory=lambda: {"listening": True})

    def __post_init__(self) -> None:
        gauges = Gauges(view=lambda: self.rows, lag=lambda: 0.0, dropped=lambda: 0)
        self.metrics = Metrics(self.fleet, version="0", gauges=gauges)
        self.console = Console(
            fleet=lambda: self.fleet,
            view=lambda: self.rows,
            metrics=self.metrics,
            ready=lambda: self.ready,
            now=lambda: Instant(time.monotonic()),
            wall=time.time,
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Scene"]:
        await self.console.start()
        try:
            yield self
        finally:
            await self.console.close()

    async def get(self, path: str, method: str = "GET", **headers: str) -> "Answer":
        """Ask the first address; `host` is right unless it is given."""
        address = self.console.addresses[0]
        fields = {"host": str(address)} | headers
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        request = f"{method} {path} HTTP/1.1\r\nconnection: close\r\n{head}\r\n".encode()
        return Answer(await talk(address, request))


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
