"""What has changed, for pages and machines that listen: server-sent events.

Knows how to tell one state from another cheaply, and how to say it; nothing of the page. A listener
is looked after by its own handler, and all of them share one look at the sources.
"""

import asyncio
from collections.abc import Hashable
from http import HTTPStatus

import msgspec
from aiohttp import web

from proxy.console.headline import headline
from proxy.console.sources import Look, Sources, look
from proxy.console.standings import Standings
from proxy.model import Seconds

EVERY = Seconds(0.5)
"""Between two looks: a page follows a change within a second."""

BEAT = 10
"""Looks after which numbers are told although the state is the same; shows that the line lives."""

MOST_LISTENERS = 200

HEAD = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}


class Live:
    """Tells listeners of changes."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._over = asyncio.Event()
        self._listeners = 0
        self._seen: tuple[float, Hashable, bytes] = (-EVERY, None, b"")

    async def close(self, _: web.Application) -> None:
        """Send every listener home."""
        self._over.set()

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Tell one listener of changes until it goes or the console closes."""
        if self._listeners >= MOST_LISTENERS:
            return web.Response(text="Too many listen.\n", status=HTTPStatus.SERVICE_UNAVAILABLE)
        response = web.StreamResponse(headers=HEAD)
        await response.prepare(request)
        self._listeners += 1
        try:
            await self._follow(response)
        except ConnectionResetError:
            pass  # the listener has gone
        finally:
            self._listeners -= 1
        return response

    async def _follow(self, response: web.StreamResponse) -> None:
        told: Hashable = None
        silent = 0
        while not self._over.is_set():
            state, event = self._look()
            silent += 1
            if state != told or silent >= BEAT:
                told, silent = state, 0
                await response.write(event)
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(EVERY):
                await self._over.wait()
        except TimeoutError:
            pass

    def _look(self) -> tuple[Hashable, bytes]:
        """Return the state and its event; those who come together share one look."""
        now = self._sources.moment().now
        at, state, event = self._seen
        if now - at >= EVERY / 2:
            seen = look(self._sources)
            state, event = _state(seen), _event(seen)
            self._seen = (now, state, event)
        return state, event


def _state(seen: Look) -> Hashable:
    """Return what differs if and only if something has happened; counts are no happening."""
    return (
        id(seen.fleet),
        tuple((row.backend, row.model, row.state, row.until) for row in seen.rows),
        tuple((i.id, len(i.updates), i.quiet_since is None) for i in seen.ledger.open),
        len(seen.ledger.past),
        tuple(seen.ledger.suspects(seen.moment.now)),
    )


def _event(seen: Look) -> bytes:
    said = headline(seen, Standings(seen.rows))
    data = msgspec.json.encode(
        {
            "tone": said.tone,
            "sentence": said.sentence,
            "incidents": [
                {"id": i.id, "stage": i.stage, "impact": i.impact} for i in seen.ledger.open
            ],
        }
    )
    return b"event: status\ndata: %b\n\n" % data
