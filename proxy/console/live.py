"""What has changed, for pages and machines that listen: server-sent events.

Knows how to tell one state from another cheaply, and how to say it; nothing of the page. While
anyone listens, a timer looks at the sources; what it finds is put into words once for all of them.
"""

import asyncio
from collections.abc import Callable, Hashable
from http import HTTPStatus

import msgspec
from aiohttp import web

from proxy.console.headline import headline
from proxy.console.sources import Look, Sources, look
from proxy.console.standings import Standings
from proxy.model import Seconds

EVERY = Seconds(0.5)
"""Between two looks: a page follows a change within a second. A look takes 5 us."""

BEAT = 10
"""Looks after which numbers are told although the state is the same; shows that the line lives."""

MOST_LISTENERS = 200

HEAD = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}


class Live:
    """Tells listeners of changes."""

    def __init__(self, sources: Sources, changed: Callable[[], None]) -> None:
        """Take what is looked at; `changed` is called before one is told."""
        self._sources = sources
        self._changed = changed
        self._listeners = 0
        self._timer: asyncio.TimerHandle | None = None
        self._state: Hashable = None
        self._silent = 0
        """Looks since something was told."""
        self._event = b""
        self._news = asyncio.Event()
        """Set when there is a new event; then another one takes its place."""
        self._over = False

    async def close(self, _: web.Application) -> None:
        """Send every listener home."""
        self._over = True
        self._stop()
        self._news.set()

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Tell one listener of changes until it goes or the console closes."""
        if self._listeners >= MOST_LISTENERS:
            return web.Response(text="Too many listen.\n", status=HTTPStatus.SERVICE_UNAVAILABLE)
        response = web.StreamResponse(headers=HEAD)
        self._listeners += 1
        try:
            await response.prepare(request)
            await self._follow(response)
        except ConnectionResetError:
            pass  # the listener has gone
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._stop()
        return response

    async def _follow(self, response: web.StreamResponse) -> None:
        seen = look(self._sources)
        event = _event(seen)
        if self._timer is None:  # nobody has looked for a while: what is laid out may be old
            self._changed()
            self._state = _state(seen)
            self._arm()
        while not self._over:
            news = self._news  # taken before the write: what is told meanwhile is not missed
            await response.write(event)
            await news.wait()
            event = self._event

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(EVERY, self._look)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._arm()
        seen = look(self._sources)
        state = _state(seen)
        self._silent += 1
        if state != self._state:
            self._changed()
        elif self._silent < BEAT:
            return
        self._state, self._silent, self._event = state, 0, _event(seen)
        self._news.set()
        self._news = asyncio.Event()


def _state(seen: Look) -> Hashable:
    """Return what differs if and only if something has happened; counts are no happening."""
    return (
        id(seen.fleet),
        tuple((row.backend, row.model, row.state, row.until) for row in seen.rows),
        tuple((i.id, len(i.updates), i.quiet_since is None) for i in seen.ledger.open),
        len(seen.ledger.past),
        tuple((drill.backend, drill.fault) for drill in seen.drills),
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
