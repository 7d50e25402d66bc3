"""Exchanges as they end, for those who follow them: the journal's own lines, one JSON object each.

Knows how to pass lines on to one listener, who may be slow; nothing of what a line says. An empty
line shows that the connection lives. What a listener does not take in time is lost to it, and
counted.
"""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from proxy.console.sources import Sources
from proxy.model import Seconds
from proxy.report.lines import Entry, Level, Value, to_json
from proxy.report.tap import Tap

MOST_LISTENERS = 16
"""Each costs the loop 10 us an exchange."""

GATHER = Seconds(0.1)
"""Between two writes: a line is this old at most, and a busy proxy writes ten times a second."""

BATCH = 64
"""Lines that are made in one go: less than 1 ms of the loop."""

BEAT = Seconds(5.0)
"""Of silence, after which an empty line is sent."""

HEAD = {"Content-Type": "application/x-ndjson", "X-Accel-Buffering": "no"}


class Exchanges:
    """Passes exchanges on."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._ears: set[asyncio.Event] = set()
        """One of each listener, set when there is something to hear."""
        self._over = False

    async def close(self, _: web.Application) -> None:
        """Send every listener home."""
        self._over = True
        for ear in self._ears:
            ear.set()

    async def follow(self, request: web.Request) -> web.StreamResponse:
        """Pass exchanges on to one listener until it goes or the console closes."""
        if len(self._ears) >= MOST_LISTENERS:
            return web.Response(text="Too many listen.\n", status=HTTPStatus.SERVICE_UNAVAILABLE)
        response = web.StreamResponse(headers=HEAD)
        ear = asyncio.Event()
        tap = Tap(ear.set)
        self._ears.add(ear)
        try:
            with self._sources.report.joined(tap):
                await response.prepare(request)
                await response.write(b"\n")
                await self._pass_on(response, tap, ear)
        except ConnectionResetError:
            pass  # the listener has gone
        finally:
            self._ears.discard(ear)
        return response

    async def _pass_on(self, response: web.StreamResponse, tap: Tap, ear: asyncio.Event) -> None:
        while not self._over:
            try:
                async with asyncio.timeout(BEAT):
                    await ear.wait()
            except TimeoutError:
                await response.write(b"\n")
                continue
            ear.clear()
            for lines in self._lines(tap):
                await response.write(lines)
                await asyncio.sleep(0)  # a write that need not wait does not let others go first
            await asyncio.sleep(GATHER)

    def _lines(self, tap: Tap) -> Iterable[bytes]:
        moment = self._sources.moment()
        offset = moment.wall - moment.now
        while records := tap.take(BATCH):
            yield b"".join([to_json(record, offset) for record in records])
        if missed := tap.missed():
            said: dict[str, Value] = {"reason": "you read too slowly", "count": missed}
            lost = Entry(at=moment.now, level=Level.WARNING, event="lines_dropped", fields=said)
            yield to_json(lost, offset)
