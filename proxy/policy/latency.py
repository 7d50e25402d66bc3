"""How long a backend takes until its first content: for `least`, and for a learned hedge.

Knows seconds and instants; never who was slow, or what is done about it.
"""

from collections import deque
from math import exp

from proxy.model import Instant, Seconds

DECAY = Seconds(10.0)
"""How long a slow answer weighs: Finagle's peak EWMA decays over this time, too."""

FAILURE = Seconds(5.0)
"""A failure counts at least as an answer this slow, so that failing fast attracts no traffic."""

MOST = Seconds(600.0)
"""No answer counts as slower than an SDK waits (600 s in those of OpenAI and Anthropic)."""

KEPT = 128
"""Samples that the percentile looks at."""

ENOUGH = 20
"""Samples without which there is no percentile (design, "Numbers")."""


class Latency:
    """A peak-sensitive average, and the last samples."""

    __slots__ = ("_at", "_samples", "average")

    def __init__(self) -> None:
        self.average = 0.0
        """Seconds: jumps up to a slow sample at once, comes down over `DECAY`."""
        self._at = Instant(0.0)
        self._samples: deque[float] = deque(maxlen=KEPT)

    def answered(self, after: Seconds, now: Instant) -> None:
        """Take a sample."""
        self._samples.append(after)
        self._weigh(after, now)

    def failed(self, after: Seconds, now: Instant) -> None:
        """Count a failure as a slow answer; it is no sample."""
        self._weigh(max(after, FAILURE, min(self.average * 2, MOST)), now)

    def percentile(self, part: float) -> Seconds | None:
        """Return how long the slowest answers take; None while there are too few samples."""
        if len(self._samples) < ENOUGH:
            return None
        ordered = sorted(self._samples)
        return Seconds(ordered[min(int(part * len(ordered)), len(ordered) - 1)])

    def _weigh(self, value: float, now: Instant) -> None:
        """Move the average: up at once, down by and by."""
        if value >= self.average:
            self.average = value
        else:
            kept = exp((self._at - now) / DECAY)
            self.average = value + (self.average - value) * kept
        self._at = now
