"""What crossed between a client and Faultline on one connection, read by a strict parser.

h11 is not what Faultline is built on, so it can prove it wrong. Knows bytes and their framing;
never what they mean.
"""

from dataclasses import dataclass, field
from enum import Enum

import h11

MOST_HEAD = 64 * 1024


class End(Enum):
    """How a call ended, as its client saw it."""

    COMPLETE = "complete"
    """The answer's framing came to its end."""
    CUT = "cut"
    """The connection was lost before that."""
    LEFT = "left"
    """The client went away itself."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One request and what came back. Times are of the loop's clock, in seconds."""

    number: int
    began: float
    """When the first byte of the request went."""
    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    statuses: list[int] = field(default_factory=list)
    """Of every final head that came; more than one is a violation."""
    interim: list[int] = field(default_factory=list)
    """The 1xx answers before it."""
    fields: dict[str, str] = field(default_factory=dict)
    """Of the answer; names in lower case."""
    answer: bytearray = field(default_factory=bytearray)
    """The answer's body without its framing."""
    trouble: str = ""
    """What the parser objected to, but for an answer that ended early."""
    head_at: float | None = None
    first_at: float | None = None
    """When the first byte of the answer's body came."""
    ended: float | None = None
    end: End | None = None

    @property
    def status(self) -> int:
        """Return the answer's status; 0 where none came."""
        return self.statuses[0] if self.statuses else 0

    @property
    def complete(self) -> bool:
        """Whether the client saw a proper end of a good answer."""
        return self.end is End.COMPLETE and 200 <= self.status < 300

    @property
    def took(self) -> float:
        """Return how long it lasted."""
        assert self.ended is not None
        return self.ended - self.began

    @property
    def streamed(self) -> bool:
        """Whether a stream of events came."""
        return self.fields.get("content-type", "").startswith("text/event-stream")

    @property
    def backend(self) -> str:
        """Return which backend answered; empty for Faultline itself."""
        return self.fields.get("x-faultline-backend", "")

    @property
    def id(self) -> str:
        """Return Faultline's id for it; empty where no head came."""
        return self.fields.get("x-faultline-request-id", "")

    @property
    def path(self) -> str:
        """Return the target without its query."""
        return self.target.partition("?")[0]


class Crossing:
    """Reads both directions of one connection; `calls` receives each call as it begins."""

    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls
        self._up = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD)
        self._down = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
        self._asked = False
        self.call: Call | None = None
        """The call that is under way, or the last one."""

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return self.call is not None and self.call.end is None

    def up(self, data: bytes, now: float) -> None:
        """Take bytes from the client."""
        if not self.busy:
            self.call = Call(number=len(self._calls), began=now)
            self._calls.append(self.call)
        call = self.call
        assert call is not None
        self._up.receive_data(data)
        while isinstance(event := self._up.next_event(), h11.Event):
            match event:
                case h11.Request():
                    call.method = event.method.decode()
                    call.target = event.target.decode()
                    call.headers = _fields(event.headers)
                    head = h11.Request(method=event.method, target="/", headers=[("host", "h")])
                    self._down.send(head)
                    self._down.send(h11.EndOfMessage())
                case h11.Data():
                    call.body += event.data
                case h11.EndOfMessage():
                    self._asked = True
                    break
                case _:
                    pass

    def down(self, data: bytes, now: float) -> None:
        """Take bytes from Faultline."""
        call = self.call
        if call is None or call.end is not None:
            if call is not None:
                call.trouble = call.trouble or f"{len(data)} bytes after the end: {data[:80]!r}"
            return
        self._down.receive_data(data)
        self._take(call, now)

    def lost(self, now: float) -> None:
        """Hear that Faultline has closed the connection."""
        call = self.call
        if call is None or call.end is not None:
            return
        if self._down.their_state != h11.SEND_RESPONSE:
            self._down.receive_data(b"")
            self._take(call, now)
        if call.end is None:
            self._end(call, End.CUT, now)

    def left(self, now: float) -> None:
        """Hear that the client has closed the connection."""
        if self.call is not None and self.call.end is None:
            self._end(self.call, End.LEFT, now)

    def _take(self, call: Call, now: float) -> None:
        try:
            while call.end is None and isinstance(event := self._down.next_event(), h11.Event):
                self._note(call, event, now)
        except h11.RemoteProtocolError as error:
            if self._down.trailing_data[1]:  # the bytes ended: cut, and so it shows
                self._end(call, End.CUT, now)
            else:
                call.trouble = str(error)
        if call.end is End.COMPLETE:
            self._next(call)

    def _note(self, call: Call, event: h11.Event, now: float) -> None:
        match event:
            case h11.Response():
                call.statuses.append(event.status_code)
                call.fields = _fields(event.headers)
                call.head_at = now
            case h11.InformationalResponse():
                call.interim.append(event.status_code)
            case h11.Data():
                call.first_at = now if call.first_at is None else call.first_at
                call.answer += event.data
            case h11.EndOfMessage():
                self._end(call, End.COMPLETE, now)
            case _:
                call.trouble = f"unexpected: {event}"

    def _end(self, call: Call, end: End, now: float) -> None:
        call.end = end
        call.ended = now

    def _next(self, call: Call) -> None:
        """Make ready for the next call on this connection, if there may be one."""
        if surplus := self._down.trailing_data[0]:
            call.trouble = call.trouble or f"bytes after the end: {surplus[:80]!r}"
        if not self._asked or self._down.our_state is not h11.DONE:
            return
        self._up.send(h11.Response(status_code=204, headers=[]))
        self._up.send(h11.EndOfMessage())
        if self._up.our_state is h11.DONE and self._down.their_state is h11.DONE:
            self._up.start_next_cycle()
            self._down.start_next_cycle()
            self._asked = False


def _fields(headers: h11._headers.Headers | list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode("latin-1") for name, value in headers}
