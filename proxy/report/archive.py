"""The file that outlives a run: incidents with their timelines, and counts of answers.

Knows SQL and one file; every value is a parameter, and no text of a request or an answer comes
here. Calls may wait and raise `sqlite3.Error`: who calls, and what to do then, stands in
`store.py`. Times in the file are seconds since the epoch: the monotonic clock ends with the
machine.
"""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from proxy.model import Cause, Instant, Scope, Seconds
from proxy.report.incident import Family, Impact, Incident, Place, Stage, Update
from proxy.report.moment import Moment

MOST_INCIDENTS = 500
"""Incidents that are kept: as many as the ledger remembers."""

MOST_PAGES = 16_384
"""Pages of 4 KiB, 64 MiB in all: twice what 500 incidents of 200 lines and 90 days of counts take.
A file that would grow further counts as a full disk."""

MOST_WAL = 4 * 1024 * 1024
"""Bytes to which the log beside the file is cut when it has been carried over."""

MIGRATIONS = (
    """
    CREATE TABLE incidents (
        id TEXT PRIMARY KEY, family TEXT NOT NULL, stage TEXT NOT NULL,
        opened REAL NOT NULL, noticed REAL NOT NULL, news REAL NOT NULL, resolved REAL,
        places TEXT NOT NULL, causes TEXT NOT NULL, absorbed TEXT NOT NULL,
        evidence TEXT NOT NULL, felt TEXT NOT NULL,
        whole INTEGER NOT NULL, rescued INTEGER NOT NULL, failed INTEGER NOT NULL,
        reopened INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE updates (
        incident TEXT NOT NULL REFERENCES incidents ON DELETE CASCADE, number INTEGER NOT NULL,
        at REAL NOT NULL, stage TEXT NOT NULL, text TEXT NOT NULL,
        PRIMARY KEY (incident, number)
    ) WITHOUT ROWID;
    CREATE TABLE counts (
        unit INTEGER NOT NULL, slot INTEGER NOT NULL, side TEXT NOT NULL, name TEXT NOT NULL,
        good INTEGER NOT NULL, rescued INTEGER NOT NULL, failed INTEGER NOT NULL,
        PRIMARY KEY (unit, slot, side, name)
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE incidents ADD COLUMN quiet_since REAL;",
)
"""What makes version n of the file's form out of version n - 1. A step that has been released is
never changed: the next form is another step."""

CUT_SHORT = "Faultline was stopped meanwhile: closed, though not proven to be over."


class NewerError(sqlite3.Error):
    """The file was written by a newer Faultline, and is better left alone."""


class CountKey(NamedTuple):
    """What was counted when."""

    unit: int
    """Seconds that a slot is long."""
    slot: int
    """Number of the slot since the epoch."""
    side: str
    name: str
    """Of a route or a backend."""


Tallied = tuple[int, int, int]
"""Answers that were good, rescued, failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An incident as it was at one moment."""

    incident: Incident
    """A copy that nobody changes."""
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a former run has left."""

    incidents: tuple[Incident, ...] = ()
    """The latest last; all of them over."""
    cut_short: tuple[Incident, ...] = ()
    """Those of them that were going on when that run ended."""
    counts: tuple[tuple[CountKey, Tallied], ...] = ()


class Archive:
    """The open file. Belongs to the thread that opened it."""

    def __init__(self, path: Path, *, patience: Seconds) -> None:
        """Open or make the file; `patience` is how long another's lock is waited for."""
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        self._db = sqlite3.connect(path, timeout=patience, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        try:
            self._set_up()
        except BaseException:
            self._db.close()
            raise

    def _set_up(self) -> None:
        version = self._version()
        if version > len(MIGRATIONS):
            raise NewerError(f"it was written by a newer Faultline (form {version})")
        self._db.execute("PRAGMA journal_mode = WAL")
        # A power cut may take the last seconds, but never the file.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute(f"PRAGMA max_page_count = {MOST_PAGES:d}")
        self._db.execute(f"PRAGMA journal_size_limit = {MOST_WAL:d}")
        for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
            self._db.executescript(
                f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT"
            )

    def _version(self) -> int:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        return int(version)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # --- written

    def write(self, incidents: Iterable[Kept], counts: Iterable[tuple[CountKey, Tallied]]) -> None:
        """Bring the file up to date, all or nothing."""
        with self._transaction():
            for kept in incidents:
                self._write_incident(kept)
            # The larger number holds: a run that could not read the past does not undo it.
            self._db.executemany(
                "INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " good = max(good, excluded.good), rescued = max(rescued, excluded.rescued),"
                " failed = max(failed, excluded.failed)",
                ((*key, *tallied) for key, tallied in counts),
            )

    def _write_incident(self, kept: Kept) -> None:
        each, epoch = kept.incident, kept.moment.epoch
        self._db.execute(
            "INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET stage = excluded.stage, opened = excluded.opened,"
            " news = excluded.news, resolved = excluded.resolved, places = excluded.places,"
            " causes = excluded.causes, absorbed = excluded.absorbed,"
            " evidence = excluded.evidence, felt = excluded.felt, whole = excluded.whole,"
            " rescued = excluded.rescued, failed = excluded.failed, reopened = excluded.reopened,"
            " quiet_since = excluded.quiet_since",
            (
                each.id,
                each.family,
                each.stage,
                epoch(each.opened),
                epoch(each.noticed),
                epoch(each.news),
                None if each.resolved is None else epoch(each.resolved),
                json.dumps([(p.scope, p.backend, p.model) for p in each.places]),
                json.dumps(each.causes),
                json.dumps(each.absorbed),
                each.evidence,
                each.felt,
                each.whole,
                each.rescued,
                each.failed,
                each.reopened,
                None if each.quiet_since is None else epoch(each.quiet_since),
            ),
        )
        self._db.executemany(
            "INSERT INTO updates VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                (each.id, number, epoch(update.at), update.stage, update.text)
                for number, update in enumerate(each.updates)
            ),
        )
        self._db.executemany("DELETE FROM incidents WHERE id = ?", ((i,) for i in each.absorbed))

    def rotate(self, since: float) -> None:
        """Forget what ended before `since` (seconds since the epoch), and what is too much."""
        with self._transaction():
            self._db.execute("DELETE FROM counts WHERE (slot + 1) * unit < ?", (since,))
            self._db.execute("DELETE FROM incidents WHERE news < ?", (since,))
            self._db.execute(
                "DELETE FROM incidents WHERE id NOT IN"
                " (SELECT id FROM incidents ORDER BY news DESC LIMIT ?)",
                (MOST_INCIDENTS,),
            )

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)

    # --- read

    def read(self, moment: Moment) -> Past:
        """Return all that is there; what was going on is closed."""
        incidents, cut_short = [], []
        for row in self._db.execute("SELECT * FROM incidents ORDER BY coalesce(resolved, news)"):
            incident = _incident(row, moment, self._updates(row["id"], moment))
            if incident.resolved is None:
                incident = _closed(incident)
                cut_short.append(incident)
            incidents.append(incident)
        counts = tuple(
            (
                CountKey(row["unit"], row["slot"], row["side"], row["name"]),
                (row["good"], row["rescued"], row["failed"]),
            )
            for row in self._db.execute("SELECT * FROM counts ORDER BY unit, slot")
        )
        return Past(incidents=tuple(incidents), cut_short=tuple(cut_short), counts=counts)

    def _updates(self, incident: str, moment: Moment) -> list[Update]:
        rows = self._db.execute(
            "SELECT at, stage, text FROM updates WHERE incident = ? ORDER BY number", (incident,)
        )
        return [
            Update(at=_instant(at, moment), stage=Stage(stage), text=text)
            for at, stage, text in rows
        ]


class _Transaction:
    """All or nothing, even where the disk is full while all is committed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def copy(incident: Incident, moment: Moment) -> Kept:
    """Return the incident as it is now, for another thread to write."""
    still = replace(
        incident,
        places=[*incident.places],
        causes=Counter(incident.causes),
        updates=[*incident.updates],
        absorbed=[*incident.absorbed],
        out=set(),
    )
    return Kept(incident=still, moment=moment)


def _incident(row: sqlite3.Row, moment: Moment, updates: list[Update]) -> Incident:
    causes: dict[str, int] = json.loads(row["causes"])
    return Incident(
        id=row["id"],
        family=Family(row["family"]),
        stage=Stage(row["stage"]),
        opened=_instant(row["opened"], moment),
        noticed=_instant(row["noticed"], moment),
        news=_instant(row["news"], moment),
        resolved=_maybe(row["resolved"], moment),
        quiet_since=_maybe(row["quiet_since"], moment),
        places=[Place(Scope(s), backend, model) for s, backend, model in json.loads(row["places"])],
        causes=Counter({Cause(cause): number for cause, number in causes.items()}),
        absorbed=json.loads(row["absorbed"]),
        evidence=row["evidence"],
        felt=Impact(row["felt"]),
        whole=row["whole"],
        rescued=row["rescued"],
        failed=row["failed"],
        reopened=row["reopened"],
        updates=updates,
    )


def _closed(incident: Incident) -> Incident:
    """End what was going on when the run before this one ended: trouble will open it again."""
    incident.resolved = incident.news
    incident.say(incident.news, CUT_SHORT, Stage.RESOLVED)
    return incident


def _maybe(epoch: float | None, moment: Moment) -> Instant | None:
    return None if epoch is None else _instant(epoch, moment)


def _instant(epoch: float, moment: Moment) -> Instant:
    return Instant(moment.now + epoch - moment.wall)
