"""Where each request is booked in and out: its id, its door, its last words, how many there are.

Both ways in which requests are served begin and end here (`handler`, `shortcut`). What is asked for
is not known here.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable, Collection
from typing import Protocol

from proxy.dialects.refusal import BUG
from proxy.edge.door import Door
from proxy.edge.downstream import Reply
from proxy.edge.visit import Visit
from proxy.exchange import Events, Request
from proxy.model import Fleet, Refusal

log = logging.getLogger(__name__)


class Exchange(Protocol):
    """A request on its way through."""

    def begin(self) -> None:
        """Begin; it may be over before this returns."""

    def interrupt(self) -> None:
        """End it where it is, for its client or Faultline goes away; idempotent."""


class Exchanges(Protocol):
    """Carries requests to their ends."""

    def make(self, request: Request, done: Callable[[Exception | None], None]) -> Exchange:
        """Make an exchange; `done` is called at its end, with the bug that ended it, if one did."""

    async def run(self, request: Request) -> None:
        """Serve a request to its end. Cancelled when the client goes away."""


class Unanswered(Exception):  # noqa: N818 - a bug's name, in the log
    """An exchange is over and its client has no whole answer."""


class Desk:
    """All requests that are being served."""

    def __init__(
        self,
        *,
        exchanges: Exchanges,
        fleet: Callable[[], Fleet],
        new_id: Callable[[], str],
        events: Events,
    ) -> None:
        self.exchanges = exchanges
        self.in_flight = 0
        self.ports: Collection[int] = ()
        """Which ports a Host may name."""
        self._fleet = fleet
        self._new_id = new_id
        self._events = events
        self._last_door: Door | None = None
        self._quiet = asyncio.Event()

    @property
    def door(self) -> Door:
        """The door of the current table; a new one when that was swapped."""
        fleet, door = self._fleet(), self._last_door
        if door is None or door.fleet is not fleet:
            door = self._last_door = Door(fleet, self.ports)
        return door

    def book_in(self, reply: Reply) -> Visit:
        """Hear of a request."""
        visit = Visit(self._new_id(), reply)
        self.in_flight += 1
        return visit

    def turn_away(self, visit: Visit, refusal: Refusal) -> None:
        """Refuse a request before it becomes an exchange."""
        self._events.turned_away(refusal.code)
        visit.refuse(refusal)

    def book_out(self, visit: Visit, bug: Exception | None = None) -> None:
        """Hear that a request is over. A bug costs this one answer."""
        reply = visit.reply
        if bug is None and not reply.ended and not reply.gone:
            bug = Unanswered()
        try:
            if bug is not None:
                log.error("a bug: %s at %s", type(bug).__name__, _place(bug))
                visit.break_off(BUG)
        finally:
            self.leave()

    def leave(self) -> None:
        """Hear that a request is not served here after all."""
        self.in_flight -= 1
        if not self.in_flight:
            self._quiet.set()

    async def quiet(self) -> None:
        """Wait until no request is in flight."""
        while self.in_flight:
            self._quiet.clear()
            await self._quiet.wait()


def _place(bug: Exception) -> str:
    """Say where it happened; what it says itself may hold a secret."""
    frames = traceback.extract_tb(bug.__traceback__)
    return " > ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
