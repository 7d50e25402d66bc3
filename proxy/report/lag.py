"""How late the event loop is: a ticker that knows when it should have been called.

While the loop lags, what looks like a slow backend may be ourselves, so nobody is charged. Knows
a clock; never what runs in the loop.
"""

from proxy.exchange import Clock, Timer
from proxy.model import Instant, Seconds

TICK = Seconds(0.1)
"""Between two looks at the clock: so much less than it lasts is seen of a stall. An idle process
pays some 0.15 ms for each."""

LAGGING = Seconds(0.25)
"""From this lag on nothing is charged to a backend (design, "Numbers")."""

SPAN = Seconds(30.0)
"""`worst` looks back over one to two of these: longer than the usual scrape interval."""


class LagMeter:
    """Measures the lag of the loop that its clock belongs to."""

    def __init__(self, clock: Clock) -> None:
        """Take the loop's clock."""
        self._clock = clock
        self._timer: Timer | None = None
        self._due = clock.now()
        self._lagging = False
        self._spans = (Seconds(0.0), Seconds(0.0))
        self._span_began = self._due

    def start(self) -> None:
        """Begin to tick."""
        self._tick_at(self._clock.now())

    def close(self) -> None:
        """Stop ticking; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def current(self) -> Seconds:
        """How late the next tick is already."""
        return Seconds(max(0.0, self._clock.now() - self._due))

    @property
    def lagging(self) -> bool:
        """Whether the loop lags, the tick that is overdue just now included.

        uvloop runs timers in the order in which they were due and before it reads sockets: a
        deadline that fires late may do so before the tick that would tell.
        """
        return self._lagging or self.current > LAGGING

    @property
    def worst(self) -> Seconds:
        """The largest lag of the last half to whole minute."""
        return Seconds(max(*self._spans, self.current))

    def _tick_at(self, now: Instant) -> None:
        self._due = Instant(now + TICK)
        self._timer = self._clock.call_at(self._due, self._tick)

    def _tick(self) -> None:
        now = self._clock.now()
        lag = Seconds(now - self._due)
        if now - self._span_began >= SPAN:
            self._spans = (self._spans[1], Seconds(0.0))
            self._span_began = now
        self._spans = (self._spans[0], max(self._spans[1], lag))
        self._lagging = lag > LAGGING
        self._tick_at(now)
