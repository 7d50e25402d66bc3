"""Drills over HTTP: which run, begin one, end one.

Knows the drills, the table and JSON; who may change anything stands in `door.py`, which has been
asked before a handler is reached.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus

import msgspec
from aiohttp import web

from proxy.console.door import DRILLS, Door
from proxy.console.sources import Sources
from proxy.model import Drill, Seconds
from proxy.wire.drill import MOST, Running

MOST_BODY = 1024
"""Bytes of a request for a drill."""


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for."""

    backend: str
    fault: Drill
    seconds: float


class Told(msgspec.Struct):
    """A drill as it is told."""

    backend: str
    fault: str
    by: str
    ends_in_s: float


class Desk:
    """The handlers of the drills."""

    def __init__(self, sources: Sources, door: Callable[[], Door]) -> None:
        self._drills = sources.drills
        self._fleet = sources.fleet
        self._moment = sources.moment
        self._door = door

    def routes(self) -> Iterable[web.RouteDef]:
        """Return where they are found."""
        return (
            web.get(DRILLS, self.running),
            web.post(DRILLS, self.begin),
            web.delete(DRILLS + "/{backend}", self.end),
        )

    async def running(self, _: web.Request) -> web.Response:
        """List the drills that run."""
        return _json([self._told(running) for running in self._drills.running])

    async def begin(self, request: web.Request) -> web.Response:
        """Begin a drill, in place of the one that runs at this backend."""
        try:
            wanted = msgspec.json.decode(await _body(request), type=Wanted)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return _no(HTTPStatus.BAD_REQUEST, f"not a drill: {error}")
        if wanted.backend not in self._fleet().backends:
            known = ", ".join(sorted(self._fleet().backends))
            return _no(HTTPStatus.NOT_FOUND, f"no backend of this name; known: {known}")
        if not 0 < wanted.seconds <= MOST:
            return _no(HTTPStatus.BAD_REQUEST, f"a drill lasts at most {MOST:g} seconds, and not 0")
        by = self._door().client({k.lower(): v for k, v in request.raw_headers})
        running = self._drills.begin(wanted.backend, wanted.fault, Seconds(wanted.seconds), by)
        return _json(self._told(running), HTTPStatus.CREATED)

    async def end(self, request: web.Request) -> web.Response:
        """End a drill early."""
        if not self._drills.end(request.match_info["backend"]):
            return _no(HTTPStatus.NOT_FOUND, "no drill runs there")
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def _told(self, running: Running) -> Told:
        left = max(0.0, running.until - self._moment().now)
        return Told(running.backend, running.fault, running.by, round(left, 3))


async def _body(request: web.Request) -> bytes:
    """Read as much as a request for a drill may have; more is not JSON any more."""
    data = b""
    while len(data) <= MOST_BODY and (chunk := await request.content.readany()):
        data += chunk
    return data if len(data) <= MOST_BODY else b""


def _no(status: HTTPStatus, why: str) -> web.Response:
    return _json({"error": why}, status)


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    body = msgspec.json.encode(value) + b"\n"
    return web.Response(body=body, status=status, content_type="application/json")
