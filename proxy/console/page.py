"""What the status page says: all of it, put together at one moment.

Pure: from a look at the sources to values that the template only lays out.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from proxy.console.bars import Strip, label, strip
from proxy.console.headline import Headline, apps, headline
from proxy.console.lanes import Lane, lanes
from proxy.console.lines import Line, line
from proxy.console.sources import Look
from proxy.console.standings import Standings
from proxy.console.story import Card, Day, days, incidents
from proxy.console.words import UNITS
from proxy.model import Scope
from proxy.report.traffic import Side, Slot, Unit
from proxy.wire.drill import Running

BARS, FEW_BARS = 90, 30
"""Of a strip; the fewer as long as no more would be filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the apps got, beside what each backend did by itself."""

    unit: str
    number: int
    apps: Strip
    backends: tuple[Strip, ...]
    rows: tuple[tuple[str, tuple[Slot, ...]], ...]
    """Each slot in which something was asked: its label, then apps and backends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A drill that runs: what goes wrong there goes wrong on purpose."""

    backend: str
    fault: str
    by: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page."""

    headline: Headline
    at: datetime
    drills: tuple[Practice, ...]
    open: tuple[Card, ...]
    lines: tuple[Line, ...]
    lanes: tuple[Lane, ...]
    record: Record
    days: tuple[Day, ...]
    in_flight: int


def page(look: Look) -> Page:
    """Return what the page says at this moment."""
    standings = Standings(look.rows)
    suspects = look.ledger.suspects(look.moment.now)
    return Page(
        headline=headline(look, standings),
        at=datetime.fromtimestamp(look.moment.wall, UTC),
        drills=tuple(_practice(look, running) for running in look.drills),
        open=incidents(look, reversed(look.ledger.open)),
        lines=tuple(
            line(
                look.fleet.backends.get(row.backend),
                row,
                look.moment,
                suspects,
                look.says(row.backend),
            )
            for row in look.rows
        ),
        lanes=lanes(look.fleet.routes, standings),
        record=_record(look),
        days=days(look),
        in_flight=sum(row.in_flight for row in look.rows if row.scope is Scope.BACKEND),
    )


def _practice(look: Look, running: Running) -> Practice:
    return Practice(
        backend=running.backend,
        fault=running.fault,
        by=running.by,
        until=look.moment.at(running.until),
    )


def _record(look: Look) -> Record:
    known = (look.moment.wall - look.traffic.since) / Unit.MINUTE
    number = BARS if known > FEW_BARS else FEW_BARS
    unit, slots = look.traffic.latest(number, apps(look))
    served = strip("Your apps", "through Faultline", unit, slots)
    backends = tuple(
        _backend(look, name, backend.provider, number)
        for name, backend in look.fleet.backends.items()
    )
    strips = (served, *backends)
    rows = zip(*(each.slots for each in strips), strict=True)
    return Record(
        unit=UNITS[unit],
        number=number,
        apps=served,
        backends=backends,
        rows=tuple(
            (label(row[0].start, unit), row)
            for row in rows
            if any(slot.tally.total for slot in row)
        ),
    )


def _backend(look: Look, name: str, provider: str, number: int) -> Strip:
    unit, slots = look.traffic.latest(number, [(Side.BACKEND, name)])
    detail = "by itself" if provider == name else f"{provider}, by itself"
    return strip(name, detail, unit, slots)
