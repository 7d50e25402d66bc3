"""What one listener hears of the exchanges that end: those that wait, and how many it missed.

Knows records and whom to wake; nothing of who listens, nor of what a line says. It joins the report
only while someone listens, so the path pays for it only then.
"""

from collections import deque
from collections.abc import Callable

from proxy.exchange import Events
from proxy.model import AttemptRecord, ExchangeRecord, HealthChange

MOST_WAITING = 1024
"""Records: at about 2 KiB each, 2 MiB for a listener that is stuck."""


class Tap(Events):
    """Keeps the records of exchanges until its listener takes them."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called on the path whenever something waits; it must return at once."""
        self._wake = wake
        self._waiting: deque[ExchangeRecord] = deque()
        self._missed = 0

    def ended(self, record: ExchangeRecord) -> None:
        """Keep a record, or count it as missed where too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            self._missed += 1
        else:
            self._waiting.append(record)
        self._wake()

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:
        """Hear of it in vain: its exchange will tell."""

    def health_changed(self, change: HealthChange) -> None:
        """Hear of it in vain: only exchanges are told."""

    def budget_refused(self, backend: str) -> None:
        """Hear of it in vain: only exchanges are told."""

    def turned_away(self, code: str) -> None:
        """Hear of it in vain: that was no exchange yet."""

    def take(self, most: int) -> list[ExchangeRecord]:
        """Return what waits, in its order, at most so many."""
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def missed(self) -> int:
        """Return how many came since the last asking while there was no room."""
        missed, self._missed = self._missed, 0
        return missed
