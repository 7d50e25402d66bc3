"""Now, on both clocks: what turns the path's instants into times that people can read.

Knows arithmetic only; it is handed both times.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from proxy.model import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment, as the monotonic and as the wall clock say it."""

    now: Instant
    wall: float
    """Seconds since the epoch."""

    def epoch(self, instant: Instant) -> float:
        """Return when an instant was or will be, in seconds since the epoch."""
        return self.wall + instant - self.now

    def at(self, instant: Instant) -> datetime:
        """Return the wall-clock time of an instant, in UTC."""
        return datetime.fromtimestamp(self.epoch(instant), UTC)
