"""The life of one request; and, in this file, all that the room needs from outside.

`exchange` awaits only what is declared here. `wire/` is an `Upstream`, `edge/` hands in a
`Downstream`, `app.py` brings the `Clock`, `report/` listens as `Events`; tests bring scripted
ones. Everything on the hot path is a plain call: a chunk walks from the backend's socket to the
client's in one stack of synchronous functions, no task, queue or future between. A consequence:
what is called here must return quickly and must not raise.
"""

from collections.abc import Callable
from typing import Protocol

from proxy.model import (
    Ask,
    AttemptRecord,
    Backend,
    Body,
    Drill,
    Ending,
    ExchangeRecord,
    Fleet,
    Head,
    Headers,
    HealthChange,
    Instant,
    Outcome,
    Phase,
    Seconds,
    Verdict,
    noun,
)


@noun
class Order:
    """What the wire has to send for one attempt; it adds Host, framing and nothing else."""

    backend: Backend
    method: bytes
    target: bytes
    """Path and query, as they stand in the request line."""
    headers: Headers
    """Rebuilt for this backend, its credential among them."""
    body: Body
    connect: Seconds
    """Limit for resolving and connecting."""
    tls: Seconds
    fresh: bool = False
    """Demand a connection that has not served before."""
    drill: Drill | None = None
    """What is played instead of, or on top of, a sound answer."""


class Receiver(Protocol):
    """Hears of one attempt, synchronously and in order: phases, head, data, and one ending."""

    def on_phase(self, phase: Phase) -> None:
        """Take note that `phase` begins (RESOLVE, CONNECT, TLS, WRITE, HEAD).

        WRITE is told again with each piece of a body that does not lie in memory.
        """

    def on_head(self, head: Head) -> None:
        """Take the final head; interim (1xx) answers are never told."""

    def on_data(self, data: bytes) -> None:
        """Take the next bytes of the body, never empty: all that one read has brought."""

    def on_end(self, ending: Ending) -> None:
        """Take the end, told exactly once, unless the call was cancelled before."""


class Call(Protocol):
    """A handle on an attempt in flight."""

    def pause(self) -> None:
        """Stop reading from the backend; told again it does nothing."""

    def resume(self) -> None:
        """Go on reading."""

    def cancel(self) -> None:
        """End it at once and close its connection; the receiver hears nothing more. Idempotent."""

    def finish(self) -> None:
        """Stop listening: the answer is whole, only its framing may be missing.

        The connection goes back to the pool if its answer ends within 2 s, else it is closed.
        The receiver hears nothing more.
        """


class Upstream(Protocol):
    """Sends attempts to backends."""

    def start(self, order: Order, receiver: Receiver) -> Call:
        """Begin an attempt; never raises.

        A failure is told through `on_end`, and never from inside this call.
        """


class Downstream(Protocol):
    """The client's side of one exchange."""

    @property
    def gone(self) -> bool:
        """Whether the client has left."""

    def begin(self, status: int, headers: Headers, data: bytes, *, last: bool) -> None:
        """Commit: write the head and the held bytes, in one write where that is possible.

        `last` says that nothing follows. Content-Length is honoured where it stands in
        `headers` or where `last` makes it known; else the body is chunked.
        """

    def write(self, data: bytes) -> bool:
        """Pass bytes on at once; False when the client is slow: then wait for `on_room`."""

    def end(self) -> None:
        """Finish a body that is whole."""

    def abort(self, data: bytes = b"") -> None:
        """Write `data` (an error event) and end the connection so that it shows as cut."""

    def on_room(self, callback: Callable[[], None] | None) -> None:
        """Have `callback` called each time the client has read again after `write` gave False."""


@noun
class Request:
    """One request, as the room is handed it."""

    ask: Ask
    body: Body
    downstream: Downstream
    fleet: Fleet
    """The routing table by which it is served, whatever is loaded meanwhile."""
    id: str


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Forget it; idempotent."""


class Clock(Protocol):
    """The only time that the room knows."""

    def now(self) -> Instant:
        """Return the monotonic time."""

    def call_at(self, when: Instant, callback: Callable[[], None]) -> Timer:
        """Call `callback` at `when` or soon after."""


class Judge(Protocol):
    """Says what an outcome means."""

    def __call__(self, outcome: Outcome, backend: Backend, now: Instant) -> Verdict:
        """Return the verdict; never raises."""


class Events(Protocol):
    """Is told what happens; never raises, never waits."""

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:
        """Hear of an attempt that is over, before its exchange is."""

    def health_changed(self, change: HealthChange) -> None:
        """Hear of an ejection, a cooldown, a probe, a recovery."""

    def budget_refused(self, backend: str) -> None:
        """Hear that the retry budget of a backend could not pay."""

    def turned_away(self, code: str) -> None:
        """Hear of a request that was refused at the door, before it became an exchange."""

    def ended(self, record: ExchangeRecord) -> None:
        """Hear the whole story of an exchange."""
