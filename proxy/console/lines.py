"""The backends as the page shows them: state, why, since when, and what comes next.

Pure: from the view's rows and two times to values that the template lays out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from proxy.console.words import SIGNS, SUSPECT, Sign
from proxy.model import Backend, Instant, Scope
from proxy.policy.standing import Row, Word
from proxy.report.feeds.said import Said
from proxy.report.moment import Moment
from proxy.report.trouble import Streak
from proxy.report.words import CAUSES, span


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What comes next, and when: `what` in `left`."""

    what: str = ""
    left: str = ""
    at: float | None = None
    """Seconds since the epoch; a script may count down to it."""


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
    says: str
    """What the provider says of itself, where it is asked."""
    next: Next
    in_flight: int
    most: int | None


def line(
    backend: Backend | None,
    row: Row,
    moment: Moment,
    suspects: Mapping[str, Streak],
    said: Said | None = None,
) -> Line:
    """Return one row's line; what has begun to fail is said before it is out of rotation."""
    part = row.scope is not Scope.BACKEND
    out = row.since is not None and not row.verdict.good
    since, verdict, sign = row.since, row.verdict, SIGNS[row.state]
    if row.state is Word.SLOW_START:
        out, since = False, None  # it answers again: since when it was out explains nothing now
    streak = suspects.get(row.backend)
    if streak is not None and not part and row.state is Word.CLOSED:
        out, since, verdict, sign = True, streak.at, streak.verdict, SUSPECT
    return Line(
        name=_name(row),
        detail="" if backend is None or part else _detail(backend),
        part=part,
        sign=sign,
        since=None if since is None else moment.at(since),
        ago="" if since is None else span(moment.now - since),
        why=CAUSES[verdict.cause] if out else "",
        evidence=verdict.evidence if out else "",
        says="" if said is None or part else str(said),
        next=upcoming(row, moment),
        in_flight=row.in_flight,
        most=None if backend is None or part else backend.max_in_flight,
    )


def upcoming(row: Row, moment: Moment) -> Next:
    """Say what comes next for a row, and when."""
    at: Instant | None = row.until if row.until is not None and row.until > moment.now else None
    match row.state:
        case Word.EJECTED:
            return _next("probe", at, moment) if at else Next(what="probe with the next request")
        case Word.COOLING:
            return _next("back", at, moment) if at else Next(what="back now")
        case Word.PROBING:
            return Next(what="probe under way")
        case Word.SLOW_START:
            return Next(what="traffic grows by steps")
        case Word.CLOSED:
            return Next()


def _next(what: str, at: Instant, moment: Moment) -> Next:
    return Next(what=what, left=span(ceil(at - moment.now)), at=moment.epoch(at))


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
