"""The hatch: what is asked for again and again is handed out without going through the house.

Scrapers and open pages send the same bytes over and over. A plain request for one of the shelves is
read here once, judged by the door, and remembered; when its bytes come again, the answer goes out
in the same call: no task, no parser, no router (a tenth of the cost). Whatever is not as plain as
that goes to the application, and with it the rest of its connection.

Knows HTTP as far as such requests need it; nothing of what stands on the shelves.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import NamedTuple, cast

from proxy.console.door import Door
from proxy.console.guard import GUARDS
from proxy.model import Seconds

PLAIN = re.compile(rb"GET (/[a-z]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t\x20-\x7e]*\r\n)+)\r\n")
"""A whole request that leaves no question open; what else HTTP allows is the application's."""

LONGEST = 4096
"""Bytes of a request that is looked at."""

QUESTIONABLE = frozenset(
    {b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"trailer", b"te"}
)
"""Fields that make more of a request than its head says."""

MOST_KNOWN = 64
"""Requests that are remembered: scrapers and browsers differ, each in one way."""

IDLE = Seconds(15.0)
"""A connection that says nothing for so long is ended, after twice as long at the latest."""


class Good(NamedTuple):
    """What stands on a shelf. The same `body` is taken to be the same good."""

    body: bytes
    content_type: str


Shelf = Callable[[str], Good]
"""From what a request accepts to what it gets."""


class Order(NamedTuple):
    """A request that has been read."""

    shelf: str
    accept: str


class Hatch:
    """Makes a protocol for each connection of the console, and holds what they share."""

    def __init__(
        self,
        shelves: Mapping[str, Shelf],
        door: Callable[[], Door],
        inside: Callable[[], asyncio.Protocol],
        wall: Callable[[], float],
    ) -> None:
        """Take the shelves by path; `inside` makes the application's protocol."""
        self._shelves = shelves
        self._door = door
        self._opened: Door | None = None
        """By whose rules what is known was let in."""
        self._known: dict[bytes, Order] = {}
        self._packed: dict[Order, tuple[bytes, bytes]] = {}
        """The body and the whole answer that was last handed out."""
        self._wall = wall
        self.inside = inside
        self.callers: set[Caller] = set()

    def __call__(self) -> "Caller":
        """Return the protocol of a new connection."""
        return Caller(self)

    def answer(self, request: bytes) -> bytes | None:
        """Return the whole answer; None where the application has to give it."""
        door = self._door()
        if door is not self._opened:
            self._known.clear()
            self._opened = door
        order = self._known.get(request)
        if order is None:
            order = self._read(request, door)
            if order is None:
                return None
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
                self._packed.clear()
            self._known[request] = order
        return self._pack(order)

    def close(self) -> None:
        """End what waits here."""
        for caller in list(self.callers):
            caller.leave()

    def _read(self, request: bytes, door: Door) -> Order | None:
        plain = PLAIN.fullmatch(request) if len(request) <= LONGEST else None
        if plain is None or (path := plain[1].decode()) not in self._shelves:
            return None
        lines = [line.partition(b":") for line in plain[2].splitlines()]
        fields = {name.lower(): value.strip() for name, _, value in lines}
        if len(fields) < len(lines) or not fields.keys().isdisjoint(QUESTIONABLE):
            return None
        if fields.get(b"connection", b"keep-alive").lower() != b"keep-alive":
            return None
        if door.refusal("GET", path, fields) is not None:
            return None
        return Order(path, fields.get(b"accept", b"").decode())

    def _pack(self, order: Order) -> bytes:
        good = self._shelves[order.shelf](order.accept)
        packed = self._packed.get(order)
        if packed is None or packed[0] is not good.body:
            packed = (good.body, _head(good, self._wall()) + good.body)
            self._packed[order] = packed
        return packed[1]


class Caller(asyncio.Protocol):
    """One connection, until it wants more than the hatch has."""

    def __init__(self, hatch: Hatch) -> None:
        self._hatch = hatch
        self._silent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait."""
        self._transport = cast("asyncio.Transport", transport)
        self._hatch.callers.add(self)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Hand out what is asked for, or lead inside."""
        self._silent = False
        answer = self._hatch.answer(data)
        if answer is None:
            self._lead_inside(data)
        else:
            self._transport.write(answer)

    def pause_writing(self) -> None:
        """Take no more from who takes nothing."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._transport.resume_reading()

    def connection_lost(self, _: Exception | None) -> None:
        """Forget it."""
        self._forget()

    def leave(self) -> None:
        """End the connection, and whatever has not gone out."""
        self._forget()
        self._transport.abort()

    def _watch(self) -> None:
        if self._silent:
            self.leave()
            return
        self._silent = True
        self._timer = asyncio.get_running_loop().call_later(IDLE, self._watch)

    def _forget(self) -> None:
        self._timer.cancel()
        self._hatch.callers.discard(self)

    def _lead_inside(self, data: bytes) -> None:
        """Let the application go on as if it had been there from the start."""
        self._forget()
        inside = self._hatch.inside()
        self._transport.set_protocol(inside)
        inside.connection_made(self._transport)
        inside.data_received(data)


def _head(good: Good, at: float) -> bytes:
    fields = {
        "Content-Type": good.content_type,
        "Content-Length": str(len(good.body)),
        "Date": formatdate(at, usegmt=True),
        **GUARDS,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode("ascii")
