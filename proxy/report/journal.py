"""The journal: one line per exchange, per change of health, per step of the process.

Knows a queue, a thread and a descriptor. The path only appends a record to the queue; the thread
turns records into lines and writes them in batches. When nobody reads the pipe, the queue fills
up and lines are dropped and counted: nothing here ever waits on the path. What a line says stands
in `lines.py` and `text.py`.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from proxy.exchange import Events
from proxy.model import AttemptRecord, ExchangeRecord, HealthChange, Instant, Seconds
from proxy.report.lines import (
    Entry,
    Level,
    Value,
    attempt_entry,
    change_entry,
    clip,
    json_lines,
    level_of,
)
from proxy.report.sink import Sink
from proxy.report.text import text_lines

MOST_WAITING = 4096
"""Records that may wait for the writer: at about 2 KiB each, 8 MiB while a pipe is stuck."""

BATCH = 64
"""Lines in one write: few enough that the writer holds the interpreter for 0.3 ms at most."""

BREATH = 0.002
"""Seconds between two writes: without, a loop that shares a core with the writer waits for all.
Each of these waits costs as much as a dozen lines."""

LINGER = 0.05
"""Seconds that the writer waits after a first record, so that a batch can gather."""

FORMS: dict[str, Callable[[Sequence[ExchangeRecord | Entry], float], bytes]] = {
    "json": json_lines,
    "text": text_lines,
}
"""The words of `log.format`."""

_DEBUG, _INFO = Level.DEBUG, Level.INFO
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every record asks."""


class Tally(NamedTuple):
    """Something that may happen very often: the writer counts equal ones into one line."""

    event: str
    field: str
    value: str


Item = ExchangeRecord | Entry | Tally


class Journal(Events):
    """Writes the journal to a descriptor, from a thread of its own."""

    def __init__(self, fd: int, *, now: Callable[[], Instant], wall: Callable[[], float]) -> None:
        self._sink = Sink(fd)
        self._now = now
        self._wall = wall
        self._queue: deque[Item] = deque()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._overflowed = 0
        self._unwritten = 0
        self._told = 0
        self.configure(level="info", form="json")

    def configure(self, *, level: str, form: str) -> None:
        """Take the table's `log.level` and `log.format`; lines that wait already follow too."""
        self._level = Level[level.upper()]
        self._form = FORMS[form]

    def start(self) -> None:
        """Start the writer; what was told before is not lost."""
        self._thread.start()

    def close(self, limit: Seconds) -> bool:
        """Write what waits and end the writer; False when that took longer than `limit`."""
        self._closing.set()
        self._wake.set()
        if self._thread.ident is None:  # told of much and never started: a start that failed
            self.start()
        self._thread.join(limit)
        return not self._thread.is_alive()

    @property
    def dropped(self) -> int:
        """Lines lost so far: the queue was full, or the descriptor took no more."""
        return self._overflowed + self._unwritten

    # --- told on the path: a comparison and an append

    def ended(self, record: ExchangeRecord) -> None:
        """Queue an exchange's line."""
        if self._level <= _INFO or level_of(record) >= self._level:
            self._put(record)

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:
        """Queue an attempt's own line when debugging: its exchange may go on for minutes."""
        if self._level <= _DEBUG:
            self._put(attempt_entry(exchange_id, route, record))

    def health_changed(self, change: HealthChange) -> None:
        """Queue an ejection, a cooldown, a probe or a recovery."""
        self._enter(change_entry(change))

    def budget_refused(self, backend: str) -> None:
        """Count a retry that could not be paid."""
        self._count("budget_refused", "backend", backend)

    def turned_away(self, code: str) -> None:
        """Count a request that was refused at the door."""
        self._count("turned_away", "code", code)

    def log(self, level: Level, event: str, **fields: Value) -> None:
        """Queue a step of the process; strings are clipped, and must hold no secret."""
        said = {name: clip(v) if isinstance(v, str) else v for name, v in fields.items()}
        self._enter(Entry(at=self._now(), level=level, event=event, fields=said))

    def _enter(self, entry: Entry) -> None:
        if entry.level >= self._level:
            self._put(entry)

    def _count(self, event: str, field: str, value: str) -> None:
        if self._level <= Level.WARNING:
            self._put(Tally(event, field, value))

    def _put(self, item: Item) -> None:
        if len(self._queue) >= MOST_WAITING:
            self._overflowed += 1
            return
        self._queue.append(item)
        if not self._wake.is_set():
            self._wake.set()

    # --- the writer's thread

    def _run(self) -> None:
        last = False
        while not last:
            self._wake.wait()
            self._closing.wait(LINGER)
            self._wake.clear()  # before the queue is emptied: what comes later wakes again
            last = self._closing.is_set()
            self._drain()

    def _drain(self) -> None:
        tallies: Counter[Tally] = Counter()
        while len(self._queue) >= BATCH:
            self._write(self._take(tallies))
            self._closing.wait(BREATH)
        self._write(self._take(tallies))  # what comes later gathers to a batch of its own
        self._write([self._tallied(*entry) for entry in tallies.items()])
        self._tell_dropped()

    def _take(self, tallies: Counter[Tally]) -> list[ExchangeRecord | Entry]:
        taken: list[ExchangeRecord | Entry] = []
        for _ in range(min(BATCH, len(self._queue))):
            item = self._queue.popleft()
            if isinstance(item, Tally):
                tallies[item] += 1
            else:
                taken.append(item)
        return taken

    def _write(self, items: list[ExchangeRecord | Entry]) -> None:
        if items and not self._sink.write(self._lines(items)):
            self._unwritten += len(items)

    def _lines(self, items: list[ExchangeRecord | Entry]) -> bytes:
        return self._form(items, self._wall() - self._now())

    def _tallied(self, tally: Tally, count: int) -> Entry:
        fields: dict[str, Value] = {tally.field: clip(tally.value), "count": count}
        return Entry(at=self._now(), level=Level.WARNING, event=tally.event, fields=fields)

    def _tell_dropped(self) -> None:
        dropped = self.dropped
        if dropped > self._told:
            lost = Tally(
                "lines_dropped", "reason", "nobody took them: a stuck reader, or a full disk"
            )
            if self._sink.write(self._lines([self._tallied(lost, dropped - self._told)])):
                self._told = dropped
