"""What became of answers, minute by minute, hour by hour and day by day.

Counts two things apart: what the apps got through Faultline, for each route, and what each backend
did by itself. Knows the wall clock's minutes and the table's names, so it stays small; nothing of
incidents, nor how it is drawn.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum, StrEnum
from typing import NamedTuple

from proxy.exchange import Events
from proxy.model import AttemptRecord, Cause, ExchangeRecord, HealthChange, Result
from proxy.report.archive import CountKey, Tallied
from proxy.report.incident import FAMILIES, Family


class Unit(IntEnum):
    """How finely time is cut; seconds. Days are those of UTC."""

    MINUTE = 60
    HOUR = 3600
    DAY = 86400


KEPT = {Unit.MINUTE: 1440, Unit.HOUR: 240, Unit.DAY: 90}
"""Slots that are kept: a day of minutes, ten days of hours, ninety days."""


class Side(StrEnum):
    """Whose view: the apps' through Faultline, or the backends' own record."""

    APPS = "apps"
    BACKEND = "backend"


Key = tuple[Side, str]
"""A side, and the name of a route or a backend."""


class Tally(NamedTuple):
    """Answers: good at once, rescued by Faultline, failed."""

    good: int = 0
    rescued: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.good + self.rescued + self.failed

    @property
    def share(self) -> float:
        """The part that was whole; of nothing all is."""
        return 1 - self.failed / self.total if self.total else 1.0


class Slot(NamedTuple):
    """One minute, hour or day."""

    start: float
    """Seconds since the epoch."""
    tally: Tally


GOOD, RESCUED, FAILED = range(3)

Counts = dict[Key, list[int]]

ANSWERED = frozenset({Cause.NONE, Cause.BAD_REQUEST, Cause.CONTENT_POLICY, Cause.CONTEXT_LENGTH})
"""Causes with which a backend has answered well: none, or the question was bad."""

APPS_SAW = {Result.REFUSED: FAILED, Result.CUT: FAILED, Result.STATIC: FAILED}
"""Client errors and clients that left say nothing of Faultline."""

_APPS, _BACKEND, _WHOLE = Side.APPS, Side.BACKEND, Result.WHOLE
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every record is counted."""


class Traffic(Events):
    """Counts what it is told of; whoever draws it asks for slots."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self.since = wall()
        """From when on it knows."""
        self._slots: dict[Unit, dict[int, Counts]] = {unit: {} for unit in Unit}
        self._now: tuple[Counts, ...] = ()
        self._counting: dict[Key, tuple[list[int], ...]] = {}
        """The counts of each key in the slots of this moment, found once a minute."""
        self._turns = 0.0
        """When the current minute is over."""

    # --- told on the path

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:  # noqa: ARG002 - the protocol's
        """Count what a backend did; our own network's failures and drills are not its own."""
        if record.drill is not None:
            return
        cause = record.verdict.cause
        if cause in ANSWERED:
            self._count((_BACKEND, record.backend), GOOD)
        elif FAMILIES.get(cause, Family.OURS) is not Family.OURS:
            self._count((_BACKEND, record.backend), FAILED)

    def ended(self, record: ExchangeRecord) -> None:
        """Count what an app got. Without a route nobody was asked, so nothing failed."""
        if not record.route:
            return
        if record.result is _WHOLE:
            self._count((_APPS, record.route), RESCUED if record.rescued else GOOD)
        elif record.result in APPS_SAW:
            self._count((_APPS, record.route), APPS_SAW[record.result])

    def health_changed(self, change: HealthChange) -> None:
        """Hear of it in vain: only answers count."""

    def budget_refused(self, backend: str) -> None:
        """Hear of it in vain: the exchange's end will tell."""

    def turned_away(self, code: str) -> None:
        """Hear of it in vain: it is the client's own fault."""

    def _count(self, key: Key, what: int) -> None:
        now = self._wall()
        if now >= self._turns:
            self._turn(now)
        for counts in self._counting.get(key) or self._begin(key):
            counts[what] += 1

    def _begin(self, key: Key) -> tuple[list[int], ...]:
        found = tuple(counts.setdefault(key, [0, 0, 0]) for counts in self._now)
        self._counting[key] = found
        return found

    def _turn(self, now: float) -> None:
        """Open the slots of this moment and forget those that are too old."""
        current = []
        for unit, slots in self._slots.items():
            index = int(now // unit)
            current.append(slots.setdefault(index, {}))
            for old in [i for i in slots if i <= index - KEPT[unit]]:
                del slots[old]
        self._now = tuple(current)
        self._counting.clear()
        self._turns = (now // Unit.MINUTE + 1) * Unit.MINUTE

    # --- kept from run to run

    def counts(self, since: float) -> Iterator[tuple[CountKey, Tallied]]:
        """Yield what there is of the slots that have ended after `since`, or go on."""
        for unit, slots in self._slots.items():
            for index, counts in slots.items():
                if (index + 1) * unit > since:
                    for (side, name), (good, rescued, failed) in counts.items():
                        yield CountKey(unit, index, side, name), (good, rescued, failed)

    def restore(self, kept: Iterable[tuple[CountKey, Tallied]]) -> None:
        """Go on from what a former run has counted."""
        for key, tallied in kept:
            try:
                slots, side = self._slots[Unit(key.unit)], Side(key.side)
            except ValueError:  # of another version, perhaps
                continue
            slots.setdefault(key.slot, {})[side, key.name] = [*tallied]
            self.since = min(self.since, float(key.slot * key.unit))
        self._counting.clear()

    # --- asked by those who show it

    def slots(self, unit: Unit, first: float, last: float, keys: Iterable[Key]) -> list[Slot]:
        """Return every slot between two times of the wall clock, both included, summed up."""
        wanted, known = tuple(keys), self._slots[unit]
        return [
            Slot(float(index * unit), _sum(known.get(index, {}), wanted))
            for index in range(int(first // unit), int(last // unit) + 1)
        ]

    def total(self, seconds: float, keys: Iterable[Key]) -> Tally:
        """Return what became of the answers of the last `seconds`, by whole minutes."""
        now = self._wall()
        slots = self.slots(Unit.MINUTE, now - seconds + Unit.MINUTE, now, keys)
        return Tally(*map(sum, zip(*(slot.tally for slot in slots), strict=True)))

    def latest(self, number: int, keys: Iterable[Key]) -> tuple[Unit, list[Slot]]:
        """Return the last `number` slots, as finely as all that is known fits in."""
        now = self._wall()
        unit = next((u for u in Unit if now - self.since < u * number), Unit.DAY)
        return unit, self.slots(unit, now - unit * (number - 1), now, keys)


def _sum(counts: Counts, keys: Sequence[Key]) -> Tally:
    found = [counts[key] for key in keys if key in counts]
    return Tally(*map(sum, zip(*found, strict=True))) if found else Tally()
