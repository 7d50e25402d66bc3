"""What is known of outages that are over: the published ones, or those of a file like it.

Knows a file's form, one outage a line. What follows from it for an outage that goes on stands in
`estimate.py`.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path

from proxy.model import Cause, Seconds

PUBLISHED = "outages.csv"
SOURCE = "status pages up to February 2024, collected by Chu et al., ICPE 2025"
"""Where the published ones come from; it is named wherever an estimate rests on them."""

COLUMNS = ("provider", "started_at", "minutes")
"""What a file must have; `cause` may be there too, and any other column is passed over."""


class HistoryError(ValueError):
    """A file that is no history; the text says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """One outage, from its start to its end."""

    provider: str
    started: datetime
    lasted: Seconds
    cause: Cause | None = None
    """None: not known, as of all published ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Outages, and where they are known from."""

    outages: tuple[Outage, ...]
    source: str


def published() -> History:
    """Return the history that comes with Faultline."""
    file = resources.files("proxy.report") / "data" / PUBLISHED
    return History(outages=_read(file.read_text(encoding="utf-8").splitlines()), source=SOURCE)


def read_history(path: Path) -> History:
    """Return the history of a file. Raises HistoryError, and OSError where there is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:  # spreadsheets write a mark
            return History(outages=_read(lines), source=path.name)
    except (HistoryError, UnicodeDecodeError, csv.Error) as error:
        raise HistoryError(f"{path}: {error}") from None


def apart(history: History, known: History) -> History:
    """Return a history without what is known already: nothing counts twice."""
    there = {(each.provider, each.started) for each in known.outages}
    new = (each for each in history.outages if (each.provider, each.started) not in there)
    return History(outages=tuple(new), source=history.source)


def spans(history: History, provider: str, cause: Cause | None) -> tuple[Seconds, ...]:
    """Return how long each outage of this provider and cause lasted.

    One without a cause counts for any; a question without one asks for all.
    """
    return tuple(
        each.lasted
        for each in history.outages
        if each.provider == provider and (cause is None or each.cause in {None, cause})
    )


def _read(lines: Iterable[str]) -> tuple[Outage, ...]:
    rows = csv.DictReader(lines)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise HistoryError(f"the first line has no column {', '.join(missing)}")
    return tuple(_outage(row, rows.line_num) for row in rows)


def _outage(row: dict[str, str | None], line: int) -> Outage:
    missing = [name for name in COLUMNS if not row[name]]
    if missing:
        raise HistoryError(f"line {line} has no {', '.join(missing)}")
    texts = {name: text or "" for name, text in row.items()}
    try:
        started = datetime.fromisoformat(texts["started_at"])
        lasted = Seconds(float(texts["minutes"]) * 60)
        cause = Cause(texts["cause"]) if texts.get("cause") else None
    except ValueError as error:
        raise HistoryError(f"line {line}: {error}") from None
    if not 0 < lasted < float("inf") or started.tzinfo is None:
        raise HistoryError(
            f"line {line}: an outage has a start with its time zone and lasts a while"
        )
    return Outage(provider=texts["provider"].lower(), started=started, lasted=lasted, cause=cause)
