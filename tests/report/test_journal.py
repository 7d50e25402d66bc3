"""The journal's queue and thread, on real pipes."""

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from proxy.model import Change, Instant, Seconds
from proxy.report.journal import BATCH, MOST_WAITING, Journal
from proxy.report.lines import Level
from tests.report.records import BAD_ATTEMPT, EJECTED, REFUSED, RESCUED, WHOLE

LIMIT = Seconds(10.0)


class Reader:
    """Reads a pipe to its end, from when it is told to."""

    def __init__(self) -> None:
        self.fd, self.write_fd = os.pipe()
        self.data = b""
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while data := os.read(self.fd, 65536):
            self.data += data

    def lines(self) -> list[dict[str, Any]]:
        os.close(self.write_fd)
        self._thread.join(10)
        os.close(self.fd)
        return [json.loads(line) for line in self.data.decode().splitlines()]


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def journal(reader: Reader) -> Iterator[Journal]:
    journal = Journal(reader.write_fd, now=lambda: Instant(time.monotonic()), wall=time.time)
    yield journal
    assert journal.close(LIMIT)


def test_each_exchange_becomes_a_line(reader: Reader, journal: Journal) -> None:
    journal.ended(replace(WHOLE, id="told before the start"))
    journal.start()
    reader.start()
    for number in range(500):
        journal.ended(replace(WHOLE, id=str(number)))
    assert journal.close(LIMIT)
    lines = reader.lines()
    assert [line["id"] for line in lines] == ["told before the start", *map(str, range(500))]
    assert journal.dropped == 0


def test_lines_that_come_while_it_writes_wait_for_a_batch(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []

    def write(lines: bytes) -> bool:
        writes.append(lines.count(b"\n"))
        journal.ended(WHOLE)
        return True

    monkeypatch.setattr(journal._sink, "write", write)
    for _ in range(BATCH + 3):
        journal.ended(WHOLE)
    journal._drain()
    assert writes == [BATCH, 4]
    journal._drain()
    assert writes == [BATCH, 4, 1]


def test_a_journal_that_is_closed_while_it_empties_its_queue_ends(journal: Journal) -> None:
    cleared = journal._wake.clear
    closed: list[bool] = []

    def clear() -> None:
        """Be closed between the writer's wait and this."""
        if not closed:
            journal._closing.set()
            journal._wake.set()
        closed.append(True)
        cleared()

    journal._wake.clear = clear  # type: ignore[method-assign]
    journal.start()
    journal.ended(WHOLE)
    journal._thread.join(LIMIT)
    assert not journal._thread.is_alive()


def test_what_was_told_is_written_even_without_a_start(reader: Reader, journal: Journal) -> None:
    reader.start()
    journal.log(Level.ERROR, "start_failed")
    assert journal.close(LIMIT)
    assert journal.close(LIMIT)
    assert [line["event"] for line in reader.lines()] == ["start_failed"]


def test_the_time_is_the_wall_clock_at_the_event(reader: Reader) -> None:
    journal = Journal(reader.write_fd, now=lambda: Instant(101.5), wall=lambda: 1_700_000_000.0)
    journal.start()
    reader.start()
    journal.ended(WHOLE)
    journal.health_changed(EJECTED)
    assert journal.close(LIMIT)
    times = [line["time"] for line in reader.lines()]
    assert times == ["2023-11-14T22:13:20Z", "2023-11-14T22:13:19Z"]


def test_a_stuck_pipe_stops_nobody_and_what_is_lost_is_told(
    reader: Reader, journal: Journal
) -> None:
    journal.start()
    told = 2 * MOST_WAITING
    for number in range(told):
        journal.ended(replace(WHOLE, id=str(number)))
    assert journal.dropped > 0
    assert not journal.close(Seconds(0.05))
    reader.start()
    assert journal.close(LIMIT)
    lines = reader.lines()
    written = [line for line in lines if line["event"] == "exchange"]
    assert len(written) + journal.dropped == told
    numbers = [int(line["id"]) for line in written]
    assert numbers == sorted(set(numbers))
    assert [(line["event"], line["count"]) for line in lines[len(written) :]] == [
        ("lines_dropped", journal.dropped)
    ]


def test_a_reader_that_is_gone_stops_nobody(reader: Reader, journal: Journal) -> None:
    os.close(reader.fd)
    journal.start()
    for _ in range(100):
        journal.ended(WHOLE)
    assert journal.close(LIMIT)
    assert journal.dropped == 100


def test_what_happens_often_is_counted_into_one_line(reader: Reader, journal: Journal) -> None:
    for _ in range(100):
        journal.turned_away("host_not_allowed")
        journal.budget_refused("openai")
    journal.turned_away("unauthorized")
    journal.start()
    reader.start()
    assert journal.close(LIMIT)
    lines = [{k: v for k, v in line.items() if k != "time"} for line in reader.lines()]
    assert lines == [
        {"level": "warning", "event": "turned_away", "code": "host_not_allowed", "count": 100},
        {"level": "warning", "event": "budget_refused", "backend": "openai", "count": 100},
        {"level": "warning", "event": "turned_away", "code": "unauthorized", "count": 1},
    ]


TOLD_AT = {
    "debug": [
        "attempt",
        "recovered",
        "ejected",
        "exchange",
        "exchange",
        "reloaded",
        "failed",
        "turned_away",
    ],
    "info": ["recovered", "ejected", "exchange", "exchange", "reloaded", "failed", "turned_away"],
    "warning": ["ejected", "exchange", "failed", "turned_away"],
    "error": ["failed"],
}


@pytest.mark.parametrize(("level", "events"), TOLD_AT.items())
def test_the_level_decides_what_is_told(
    reader: Reader, journal: Journal, level: str, events: list[str]
) -> None:
    journal.configure(level=level, form="json")
    journal.attempt_ended("req-1", "chat", BAD_ATTEMPT)
    journal.health_changed(replace(EJECTED, change=Change.RECOVERED))
    journal.health_changed(EJECTED)
    journal.ended(RESCUED)
    journal.ended(REFUSED)
    journal.log(Level.INFO, "reloaded")
    journal.log(Level.ERROR, "failed", path="x" * 3000, line=3)
    journal.turned_away("unauthorized")
    journal.start()
    reader.start()
    assert journal.close(LIMIT)
    lines = reader.lines()
    assert [line["event"] for line in lines] == events
    failed = next(line for line in lines if line["event"] == "failed")
    assert (len(failed["path"]), failed["line"]) == (1024, 3)


def test_text_is_for_people(reader: Reader, journal: Journal) -> None:
    journal.configure(level="info", form="text")
    journal.start()
    journal.ended(WHOLE)
    assert journal.close(LIMIT)
    assert b"INFO    chat: gpt-5 -> azure/my-deployment 200 whole" in os.read(reader.fd, 4096)


def test_many_threads_may_tell(reader: Reader, journal: Journal) -> None:
    journal.start()
    reader.start()

    def tell(name: str) -> None:
        for number in range(200):
            journal.log(Level.INFO, "step", thread=name, number=number)

    threads = [threading.Thread(target=tell, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert journal.close(LIMIT)
    lines = reader.lines()
    assert len(lines) == 800
    for name in "0123":
        assert [line["number"] for line in lines if line["thread"] == name] == list(range(200))
