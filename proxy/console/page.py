"""What the status page says: the table and the standing of its backends, put into words.

Pure: from a `Fleet`, the view's rows and two times to values that the template only lays out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from proxy.console.words import SIGNS, Sign
from proxy.model import Backend, Fleet, Instant, Match, Route, Scope, Target
from proxy.policy.standing import Row, Word
from proxy.report.words import CAUSES, listed, span

SERVING = frozenset({Word.CLOSED, Word.SLOW_START})
WORSE = (Word.CLOSED, Word.SLOW_START, Word.PROBING, Word.COOLING, Word.EJECTED)
"""From good to bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now, on both clocks."""

    now: Instant
    wall: float
    """Seconds since the epoch."""

    def at(self, instant: Instant) -> datetime:
        """Return the wall-clock time of an instant."""
        return datetime.fromtimestamp(self.wall + instant - self.now, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table: a backend, or a key or a model of it that is out."""

    name: str
    detail: str
    part: bool
    """Whether it is a key or a model."""
    sign: Sign
    since: datetime | None
    ago: str
    why: str
    evidence: str
    next: str
    in_flight: int
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One target of a route."""

    name: str
    sign: Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One route: what it takes, and its tiers in their order."""

    name: str
    takes: str
    tiers: tuple[tuple[Stop, ...], ...]
    serves: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page."""

    sentence: str
    tone: str
    at: datetime
    lines: tuple[Line, ...]
    lanes: tuple[Lane, ...]
    in_flight: int


class Standings:
    """Looks up how things stand in the rows of one view."""

    def __init__(self, view: Sequence[Row]) -> None:
        self._backends: dict[str, Word] = {}
        self._models: dict[tuple[str, str], Word] = {}
        for row in view:
            if row.scope is Scope.MODEL:
                self._models[row.backend, row.model or ""] = row.state
            else:
                # Without its key a backend is of no use either.
                self._backends[row.backend] = _worse(self.word(row.backend), row.state)

    def word(self, backend: str) -> Word:
        """Return the state of a backend, its key included."""
        return self._backends.get(backend, Word.CLOSED)

    def target(self, target: Target) -> Word:
        """Return the state of a target: of its backend, and of its model where that is known."""
        name = target.backend.name
        model = self._models.get((name, target.served_model(None) or ""), Word.CLOSED)
        return _worse(self.word(name), model)


def page(fleet: Fleet, view: Sequence[Row], moment: Moment) -> Page:
    """Return what the page says at this moment."""
    standings = Standings(view)
    lanes = tuple(_lane(route, standings) for route in fleet.routes)
    sentence, tone = _headline(fleet, view, standings, lanes)
    return Page(
        sentence=sentence,
        tone=tone,
        at=datetime.fromtimestamp(moment.wall, UTC),
        lines=tuple(_line(fleet.backends.get(row.backend), row, moment) for row in view),
        lanes=lanes,
        in_flight=sum(row.in_flight for row in view if row.scope is Scope.BACKEND),
    )


def _headline(
    fleet: Fleet, view: Sequence[Row], standings: Standings, lanes: Sequence[Lane]
) -> tuple[str, str]:
    """Return the one sentence that matters, and its tone."""
    unserved = [lane.name for lane in lanes if not lane.serves]
    out = [name for name in fleet.backends if standings.word(name) not in SERVING]
    models = [row for row in view if row.scope is Scope.MODEL and row.state not in SERVING]
    if unserved:
        return f"Nothing serves {listed(unserved)}: every backend there is out.", "bad"
    if out:
        verb = "is" if len(out) == 1 else "are"
        return f"{listed(out)} {verb} out. Every route is still served.", "mid"
    if models:
        without = listed([f"{row.backend} without {row.model}" for row in models])
        return f"All backends are in rotation, {without}.", "mid"
    if len(fleet.backends) == 1:
        return f"{next(iter(fleet.backends))} is in rotation.", "good"
    return f"All {len(fleet.backends)} backends are in rotation.", "good"


def _line(backend: Backend | None, row: Row, moment: Moment) -> Line:
    out = row.since is not None and not row.verdict.good
    return Line(
        name=_name(row),
        detail="" if backend is None or _is_part(row) else _detail(backend),
        part=_is_part(row),
        sign=SIGNS[row.state],
        since=None if row.since is None else moment.at(row.since),
        ago="" if row.since is None else span(moment.now - row.since),
        why=CAUSES[row.verdict.cause] if out else "",
        evidence=row.verdict.evidence if out else "",
        next=_next(row, moment.now),
        in_flight=row.in_flight,
        most=None if backend is None or _is_part(row) else backend.max_in_flight,
    )


def _is_part(row: Row) -> bool:
    return row.scope is not Scope.BACKEND


def _name(row: Row) -> str:
    match row.scope:
        case Scope.MODEL:
            return row.model or ""
        case Scope.KEY:
            return "its key"
        case Scope.BACKEND | Scope.REQUEST:
            return row.backend


def _detail(backend: Backend) -> str:
    where = backend.url.authority
    return where if backend.provider == backend.name else f"{backend.provider}, {where}"


def _next(row: Row, now: Instant) -> str:
    left = None if row.until is None or row.until <= now else span(ceil(row.until - now))
    match row.state:
        case Word.EJECTED:
            return "probe with the next request" if left is None else f"probe in {left}"
        case Word.COOLING:
            return "back now" if left is None else f"back in {left}"
        case Word.PROBING:
            return "probe under way"
        case Word.SLOW_START:
            return "traffic grows by steps"
        case Word.CLOSED:
            return ""


def _lane(route: Route, standings: Standings) -> Lane:
    words = [[standings.target(target) for target in tier] for tier in route.tiers]
    return Lane(
        name=route.name,
        takes=takes(route.match),
        tiers=tuple(
            tuple(
                Stop(name=str(target), sign=SIGNS[word])
                for target, word in zip(tier, states, strict=True)
            )
            for tier, states in zip(route.tiers, words, strict=True)
        ),
        serves=any(word in SERVING for states in words for word in states),
    )


def takes(match: Match) -> str:
    """Say which asks a route takes."""
    named = {
        "model": match.model,
        "dialect": match.dialect,
        "operation": match.operation,
        "path": match.path,
    }
    said = [f"{name} {value}" for name, value in named.items() if value is not None]
    said += [f"header {name.decode()}" for name, _ in match.headers]
    return ", ".join(said) or "everything"


def _worse(one: Word, other: Word) -> Word:
    return max(one, other, key=WORSE.index)
