"""Incidents as the page shows them: cards, days, and the whole story of one.

Pure: from the ledger at one moment to values that the template lays out. The sentences are those of
`report/tale.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from proxy.console.bars import Drawing, chart, counted, label, total
from proxy.console.lines import Next, upcoming
from proxy.console.sources import Look
from proxy.console.words import IMPACTS, STAGES, UNITS, Sign
from proxy.policy.standing import Row
from proxy.report import tale
from proxy.report.estimate import Estimate, Unknown
from proxy.report.incident import Incident, Update
from proxy.report.note import concerns
from proxy.report.outlook import forecast
from proxy.report.traffic import Side, Slot, Unit
from proxy.report.words import CAUSES, span

MOST_BARS = 120
"""Of a chart: a longer incident is shown by hours, or days."""

MARGIN, FEWEST_BARS = 2, 20
"""Slots before and after, so that a chart shows what was normal; and the fewest of a chart."""

MOST_PAST = 50
"""Past incidents on the page; the feeds have no more either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One line of a timeline."""

    at: datetime
    sign: Sign
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An incident in short."""

    id: str
    title: str
    stage: Sign
    over: bool
    began: datetime
    ended: datetime | None
    lasted: str
    impact: Sign
    toll: str
    forecast: str
    """When it will be over; empty where it is, or seems so."""
    basis: str
    next: Next
    last: Moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The incidents that began on one day."""

    date: date
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What became of answers, before, during and after."""

    drawing: Drawing
    said: str
    unit: str
    first: str
    last: str
    most: int
    began: float
    """Where on the drawing it began, and where it ended."""
    ended: float
    slots: tuple[tuple[str, Slot], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that is known of one incident."""

    card: Card
    cause: str
    confidence: str
    evidence: str
    extent: str
    causes: tuple[tuple[str, str, int], ...]
    """Each cause's code, its words, and how many failures said so."""
    updates: tuple[Moved, ...]
    """The latest first."""
    chart: Chart


def card(look: Look, incident: Incident) -> Card:
    """Return an incident in short."""
    ended = incident.ended
    estimate = look.outlook(incident)
    return Card(
        id=incident.id,
        title=tale.title(incident, look.fleet),
        stage=STAGES[incident.stage],
        over=ended is not None,
        began=look.moment.at(incident.opened),
        ended=None if ended is None else look.moment.at(ended),
        lasted=span((look.moment.now if ended is None else ended) - incident.opened),
        impact=IMPACTS[incident.impact],
        toll=tale.toll(incident),
        forecast=_forecast(estimate),
        basis="" if estimate is None else estimate.basis,
        next=_next(look, incident),
        last=_move(look, incident.updates[-1]),
    )


def days(look: Look) -> tuple[Day, ...]:
    """Return the past incidents by the day on which they began, the latest first."""
    cards = [card(look, incident) for incident in list(look.ledger.past)[-MOST_PAST:]]
    cards.sort(key=lambda each: each.began, reverse=True)
    by_day = groupby(cards, key=lambda each: each.began.date())
    return tuple(Day(date=day, cards=tuple(group)) for day, group in by_day)


def story(look: Look, incident: Incident) -> Story:
    """Return all that is known of an incident."""
    return Story(
        card=card(look, incident),
        cause=CAUSES[incident.cause],
        confidence=tale.confidence(incident),
        evidence=incident.evidence,
        extent=tale.extent(incident, look.fleet),
        causes=tuple((c, CAUSES[c], number) for c, number in incident.causes.most_common()),
        updates=tuple(_move(look, update) for update in reversed(incident.updates)),
        chart=_chart(look, incident),
    )


def _forecast(estimate: Estimate | Unknown | None) -> str:
    if estimate is None:
        return ""
    said = forecast(estimate)
    return said[0].upper() + said[1:]


def _move(look: Look, update: Update) -> Moved:
    return Moved(at=look.moment.at(update.at), sign=STAGES[update.stage], text=update.text)


def _next(look: Look, incident: Incident) -> Next:
    """Return the soonest probe or return at a backend concerned."""
    out = {place.backend for place in incident.out}
    rows = [row for row in look.rows if row.backend in out and upcoming(row, look.moment).what]
    return upcoming(min(rows, key=_due), look.moment) if rows else Next()


def _due(row: Row) -> float:
    return row.until or 0.0


def _chart(look: Look, incident: Incident) -> Chart:
    began = look.moment.epoch(incident.opened)
    ended = look.moment.epoch(incident.ended or look.moment.now)
    unit = next((u for u in Unit if ended - began < u * (MOST_BARS - 2 * MARGIN)), Unit.DAY)
    last = min(ended + MARGIN * unit, look.moment.wall)
    keys = [(Side.APPS, r.name) for r in look.fleet.routes if concerns(incident, r)]
    first = min(began - MARGIN * unit, last - (FEWEST_BARS - 1) * unit)
    slots = look.traffic.slots(unit, first, last, keys)[-MOST_BARS:]
    drawing = chart(unit, slots)
    zero, scale = slots[0].start, drawing.width / (len(slots) * unit)
    return Chart(
        drawing=drawing,
        said=f"Answers per {UNITS[unit]} on the routes concerned: {counted(total(slots))}",
        unit=UNITS[unit],
        first=label(slots[0].start, unit),
        last=label(slots[-1].start + unit, unit),
        most=max(slot.tally.total for slot in slots),
        began=max(0.0, round((began - zero) * scale, 1)),
        ended=round((ended - zero) * scale, 1),
        slots=tuple((label(slot.start, unit), slot) for slot in slots if slot.tally.total),
    )


def incidents(look: Look, them: Iterable[Incident]) -> tuple[Card, ...]:
    """Return cards, in the same order."""
    return tuple(card(look, incident) for incident in them)
