"""Timers: one for many instants (the limits of an attempt or a relay), one for waits on purpose.

Knows the clock and who is to hear it ring; never what a limit or a wait is for.
"""

from collections.abc import Callable

from proxy.exchange import Clock, Timer
from proxy.model import Instant, Seconds

POLL = Seconds(60.0)
"""The longest that an alarm sleeps without a look at its instant: no limit that is set later and
falls due within a long one before it costs a new timer."""


class Alarm:
    """One lazily re-armed timer: moving its instant costs an assignment, not a new timer."""

    __slots__ = ("_at", "_clock", "_guard", "_ring", "_timer", "due")

    def __init__(
        self, clock: Clock, ring: Callable[[], None], guard: Callable[[Callable[[], None]], None]
    ) -> None:
        """`ring` is called under the `guard`, whom a bug in it is told."""
        self._clock = clock
        self._ring = ring
        self._guard = guard
        self._timer: Timer | None = None
        self._at = self.due = Instant(0.0)
        """`due` is when it rings. To a later instant it may be moved by an assignment, once set."""

    def set(self, due: Instant) -> None:
        """Ring at `due`, and no more at what was set before."""
        self.due = due
        if self._timer is not None:
            if self._at <= due:
                return
            self._timer.cancel()
        self._arm()

    def stop(self) -> None:
        """Ring never more, and forget who would have heard it."""
        self._ring = _silence
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._at = min(self.due, Instant(self._clock.now() + POLL))
        self._timer = self._clock.call_at(self._at, self._fire)

    def _fire(self) -> None:
        self._guard(self._look)

    def _look(self) -> None:
        self._timer = None
        if self._clock.now() < self.due:
            self._arm()
        else:
            self._ring()


def _silence() -> None:
    """Ring an alarm that has been stopped."""


class Nap:
    """Waits on purpose: wakes its owner, and knows how long it has waited in all."""

    __slots__ = ("_clock", "_since", "_timer", "_wake", "waited")

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        self.waited = 0.0
        self._clock = clock
        self._wake = wake
        self._since: Instant | None = None
        self._timer: Timer | None = None

    def sleep(self, until: Instant, *, counts: bool) -> None:
        """Wake at `until`, and no more at what was set before; say whether it is waited for."""
        self.stop()
        self._since = self._clock.now() if counts else None
        self._timer = self._clock.call_at(until, self._ring)

    def stop(self) -> None:
        """Wake no more."""
        timer, self._timer = self._timer, None
        since, self._since = self._since, None
        if timer is not None:
            timer.cancel()
        if since is not None:
            self.waited += self._clock.now() - since

    def _ring(self) -> None:
        self.stop()
        self._wake()
