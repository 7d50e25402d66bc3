"""Keeps incidents and counts of answers in a file, from a thread of its own.

Told on the event loop, where it takes microseconds and never fails; all that can wait or break
happens on the writer's thread. What cannot be written waits, the newest state of each thing once,
and is written when the file can be again: after a lock or a full disk nothing is missing. A file
that is no database any more is moved aside, and a new one begun. What is in the file stands in
`archive.py`.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from proxy.model import Seconds
from proxy.report.archive import Archive, CountKey, Kept, NewerError, Past, Tallied, copy
from proxy.report.incident import Incident
from proxy.report.moment import Moment

MOST_WAITING = 8192
"""Things that may wait for the file, at about 300 bytes each; all slots of fifty names for a day
are more, and by then someone has been told."""

LINGER = Seconds(0.2)
"""How long the writer waits after something new, so that a batch can gather."""

PATIENCE = Seconds(1.0)
"""How long another's lock on the file is waited for: at the start everything waits for that."""

FIRST_PAUSE, MOST_PAUSE = Seconds(0.5), Seconds(30.0)
"""Between two tries at a file that cannot be written; it doubles."""

ROTATE = Seconds(3600.0)
"""How often what is too old is forgotten."""

CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
PRIMARY = 0xFF
"""The part of an extended error code that says what kind of error it is."""

BESIDE = ("", "-wal", "-shm")
"""The endings of the files that make one database."""

Tell = Callable[[str], None]
"""Hears, on any thread, what a person should know of the file."""


class Store:
    """The writer, and what waits for it."""

    def __init__(
        self,
        path: Path,
        *,
        keep: Seconds,
        moment: Callable[[], Moment],
        tell: Tell,
    ) -> None:
        self._path = path
        self._keep = keep
        self._moment = moment
        self._tell = tell
        self._lock = threading.Lock()
        """Held for the few dictionary steps that both threads take, never while waiting."""
        self._incidents: dict[str, Kept] = {}
        self._counts: dict[CountKey, Tallied] = {}
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._archive: Archive | None = None
        self._rotated = float("-inf")
        self._trouble = ""
        self.dropped = 0
        """Things that were lost because too many waited, or the file could not be had at all."""

    # --- at the start, before there is traffic

    def load(self) -> Past:
        """Return what a former run has left; nothing where the file cannot be read."""
        try:
            archive = self._open()
        except (sqlite3.Error, OSError) as error:
            self._say(error)
            return Past()
        try:
            past = archive.read(self._moment())
        except (sqlite3.Error, ValueError, KeyError) as error:
            past = Past()
            self._mend(error)
        finally:
            archive.close()
        for incident in past.cut_short:
            self.keep(incident)
        return past

    def start(self) -> None:
        """Start the writer."""
        self._thread.start()

    # --- told on the event loop

    def keep(self, incident: Incident) -> None:
        """Note an incident as it is now."""
        kept = copy(incident, self._moment())
        with self._lock:
            self._incidents.pop(incident.id, None)  # what is newer comes later
            self._incidents[incident.id] = kept
            self._bound()
        self._wake.set()

    def count(self, counts: Iterable[tuple[CountKey, Tallied]]) -> None:
        """Note how many answers there are in some slots by now."""
        with self._lock:
            self._counts.update(counts)
            self._bound()
        self._wake.set()

    def close(self, limit: Seconds) -> bool:
        """Write what waits and end the writer; False when that took longer than `limit`."""
        self._closing.set()
        self._wake.set()
        if self._thread.ident is None:
            return True
        self._thread.join(limit)
        return not self._thread.is_alive()

    def _bound(self) -> None:
        """Drop the oldest of what is too much; incidents are few and go last."""
        excess = len(self._incidents) + len(self._counts) - MOST_WAITING
        for key in [*islice(self._counts, max(0, excess))]:
            del self._counts[key]
        for name in [*islice(self._incidents, max(0, len(self._incidents) - MOST_WAITING))]:
            del self._incidents[name]
        self.dropped += max(0, excess)

    # --- the writer's thread

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            self._wake.wait()
            self._closing.wait(LINGER)
            self._wake.clear()  # before what waits is taken: what comes later wakes again
            last = self._closing.is_set()
            if self._write():
                pause = FIRST_PAUSE
            elif not last:
                self._closing.wait(pause)
                pause = Seconds(min(2 * pause, MOST_PAUSE))
                self._wake.set()
            if last:
                self._end()
                return

    def _end(self) -> None:
        self.dropped += len(self._incidents) + len(self._counts)
        if self._archive is not None:
            self._archive.close()

    def _write(self) -> bool:
        """Write what waits; False when it has to wait longer."""
        with self._lock:
            incidents, self._incidents = self._incidents, {}
            counts, self._counts = self._counts, {}
        try:
            if self._archive is None:
                self._archive = self._open()
            self._archive.write(incidents.values(), counts.items())
            self._rotate(self._archive)
        except (sqlite3.Error, OSError) as error:
            with self._lock:
                self._incidents = incidents | self._incidents
                self._counts = counts | self._counts
                self._bound()
            self._mend(error)
            return False
        if self._trouble:
            self._trouble = ""
            self._tell("it can be written again")
        return True

    def _rotate(self, archive: Archive) -> None:
        moment = self._moment()
        if moment.now - self._rotated >= ROTATE:
            archive.rotate(moment.wall - self._keep)
            self._rotated = moment.now

    def _mend(self, error: Exception) -> None:
        """Tell what is wrong, and move a file aside that is no database any more."""
        self._say(error)
        if not _is_corrupt(error):
            return
        if self._archive is not None:
            self._archive.close()
            self._archive = None
        aside = f"{self._path}.corrupt-{self._moment().wall:.0f}"
        try:
            for ending in BESIDE:
                file = Path(f"{self._path}{ending}")
                if file.exists():
                    file.replace(f"{aside}{ending}")
        except OSError as refused:
            self._say(refused)
        else:
            self._tell(f"moved aside as {aside}; a new one is begun")

    def _open(self) -> Archive:
        try:
            return Archive(self._path, patience=PATIENCE)
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                raise
            self._mend(error)
            return Archive(self._path, patience=PATIENCE)

    def _say(self, error: Exception) -> None:
        """Tell of a trouble once, however often it comes."""
        said = error.strerror or "unknown" if isinstance(error, OSError) else str(error)
        if said != self._trouble:
            self._trouble = said
            self._tell(f"{self._path} cannot be used now: {said}")


def _is_corrupt(error: Exception) -> bool:
    """Whether the file is no database, or what is in it is nothing that Faultline wrote."""
    if isinstance(error, NewerError | OSError):
        return False
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & PRIMARY in CORRUPT
    return True
