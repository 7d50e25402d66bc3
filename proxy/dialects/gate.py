"""Gates: the pure objects that hold an answer's bytes and say *hold*, *ready* or *failed*.

While a gate holds, nothing has gone to the client, so that every failure can still be rerouted. A
gate knows the bytes of one answer and nothing of other backends.
"""

from enum import Enum

from proxy.dialects.watch import Watch, watch
from proxy.model import Api, Ask, Head, Operation, header

MOST_HELD = 8 * 1024 * 1024
"""Bytes of a unary answer that are held back for a reroute; a larger one is relayed as it comes."""


def is_good(status: int) -> bool:
    """Whether a status promises a good answer."""
    return 200 <= status < 300  # noqa: PLR2004 - RFC 9110, section 15.3


class State(Enum):
    """What a gate says."""

    HOLD = 0
    READY = 1
    FAILED = 2
    MOVING = 3
    """Hold, but the answer has begun: from here silence is a stall."""


READY, MOVING, OTHER = State.READY, State.MOVING, Operation.OTHER
"""Names for each answer to go by."""


class StreamGate:
    """Holds a stream until its first content; an error or a garbled event before is a failure.

    Nothing has been sent while the gate holds, so an error that came in the same read as the first
    content is still a failure and not a cut.
    """

    __slots__ = ("held", "watch")

    def __init__(self, watched: Watch) -> None:
        self.watch: Watch | None = watched
        self.held: list[bytes] = []

    def feed(self, data: bytes) -> State:
        """Take the next bytes."""
        watched = self.watch
        assert watched is not None
        self.held.append(watched.feed(data))
        if watched.failed is not None or watched.overflow:
            return State.FAILED
        if watched.content:
            return State.READY
        return State.FAILED if watched.garbled else State.HOLD


class WholeGate:
    """Holds an answer to its end, so that a cut body is a reroute; too large, it opens."""

    __slots__ = ("_most", "_size", "held", "watch")

    def __init__(self, most: int) -> None:
        self.watch: Watch | None = None
        self.held: list[bytes] = []
        self._most = most
        self._size = 0

    def feed(self, data: bytes) -> State:
        """Take the next bytes."""
        self.held.append(data)
        self._size += len(data)
        return READY if self._size > self._most else MOVING


Gate = StreamGate | WholeGate


def gate_for(ask: Ask, head: Head) -> Gate:
    """Choose the gate by what the head promises."""
    kind = header(head.headers, b"content-type") or b""
    good = is_good(head.status)
    if good and kind.lower().startswith(b"text/event-stream"):
        encoded = header(head.headers, b"content-encoding") not in {None, b"identity"}
        return StreamGate(watch(Api.OPAQUE if encoded else ask.api, ask.choices))
    if good and ask.operation is OTHER:
        return WholeGate(0)  # never rerouted: holding it back would only make it late
    return WholeGate(MOST_HELD)
