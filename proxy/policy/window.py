"""Counts over a sliding span of time, in a small ring of buckets.

Knows numbers and instants only; never what is counted, or why. Adding costs the same however
much is counted, and a quiet hour costs one turn of the ring.
"""

from proxy.model import Instant, Seconds

BUCKETS = 10
"""How finely a span is cut: a count leaves between 1 and 1.1 spans after it came."""


class Window:
    """How often each of a few things has happened in the last `span`.

    One bucket more than the span needs is kept, so that never less than a whole span is counted:
    a limit that holds for the sums holds for every span of that length.
    """

    __slots__ = ("_cells", "_columns", "_ends", "_row", "_width", "sums")

    def __init__(self, span: Seconds, columns: int) -> None:
        self._width = span / BUCKETS
        self._columns = columns
        self._cells = [0] * ((BUCKETS + 1) * columns)
        self._ends = self._width
        """When the newest bucket is closed; the first add of a late clock moves it up."""
        self._row = 0
        self.sums = [0] * columns
        """One sum for each column; true as of the last `add` or `turn`."""

    def add(self, column: int, now: Instant) -> None:
        """Count one more in `column`."""
        if now >= self._ends:
            self.turn(now)
        self._cells[self._row + column] += 1
        self.sums[column] += 1

    def turn(self, now: Instant) -> None:
        """Forget what is older than the span."""
        if now < self._ends:
            return
        passed = int((now - self._ends) // self._width) + 1
        for _ in range(min(passed, BUCKETS + 1)):
            self._row = (self._row + self._columns) % len(self._cells)
            for column in range(self._columns):
                self.sums[column] -= self._cells[self._row + column]
                self._cells[self._row + column] = 0
        self._ends += passed * self._width

    def clear(self) -> None:
        """Forget everything."""
        self._cells = [0] * len(self._cells)
        self.sums = [0] * self._columns
