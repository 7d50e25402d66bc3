"""The store while its file is locked, full, broken, forbidden, its process killed (G8, G9)."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.model import Instant, Seconds
from proxy.report import store as store_module
from proxy.report.archive import CountKey, Past
from proxy.report.moment import Moment
from proxy.report.store import MOST_WAITING, ROTATE
from tests.report.keeping import KEY, LIMIT, NOW, Kept, incident

ROOT = Path(__file__).parents[2]
AT_ONCE = 0.05
"""Seconds: far below anything that waits for a file, far above a few steps in memory."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "incidents.db"


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "PATIENCE", Seconds(0.05))
    monkeypatch.setattr(store_module, "LINGER", Seconds(0.01))
    monkeypatch.setattr(store_module, "FIRST_PAUSE", Seconds(0.02))


def past(path: Path) -> Past:
    return Kept(path).store.load()


def eventually(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it did not happen within 10 s"
        time.sleep(0.01)


def test_what_is_kept_is_there_for_the_next_run(path: Path) -> None:
    kept = Kept(path)
    assert kept.store.load() == Past()
    kept.store.start()
    kept.store.keep(incident(over=False))
    kept.store.keep(incident())
    kept.store.count([(KEY, (1, 0, 0))])
    kept.store.count([(KEY, (2, 0, 0))])
    assert kept.store.close(LIMIT)
    assert past(path) == Past(incidents=(incident(),), counts=((KEY, (2, 0, 0)),))
    assert (kept.told, kept.store.dropped) == ([], 0)


def test_a_store_that_is_closed_while_its_writer_turns_to_write_ends(path: Path) -> None:
    store = Kept(path).store
    cleared = store._wake.clear

    def clear() -> None:
        """Be closed between the writer's wait and this."""
        store._closing.set()
        store._wake.set()
        cleared()

    store._wake.clear = clear  # type: ignore[method-assign]
    store.start()
    store.keep(incident())
    store._thread.join(LIMIT)
    assert not store._thread.is_alive()
    assert past(path) == Past(incidents=(incident(),))


def test_what_was_going_on_stays_closed_in_the_file(path: Path) -> None:
    first = Kept(path)
    first.store.start()
    first.store.keep(incident(over=False))
    assert first.store.close(LIMIT)
    second = Kept(path)
    assert len(second.store.load().cut_short) == 1
    second.store.start()
    assert second.store.close(LIMIT)
    third = past(path)
    assert len(third.incidents) == 1
    assert third.cut_short == ()


def test_a_store_that_never_ran_is_closed(path: Path) -> None:
    assert Kept(path).store.close(LIMIT)


def test_a_lock_is_sat_out_and_nothing_is_lost(path: Path) -> None:
    kept = Kept(path)
    kept.store.load()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    kept.store.start()
    began = time.monotonic()
    kept.store.keep(incident())
    kept.store.count([(KEY, (1, 0, 0))])
    assert time.monotonic() - began < AT_ONCE
    eventually(lambda: bool(kept.told))
    assert kept.told == [f"{path} cannot be used now: database is locked"]
    other.execute("ROLLBACK")
    other.close()
    eventually(lambda: kept.told[1:] == ["it can be written again"])
    assert kept.store.close(LIMIT)
    assert past(path).incidents == (incident(),)
    assert kept.store.dropped == 0


def test_a_lock_at_the_start_delays_it_by_no_more_than_the_patience(path: Path) -> None:
    past(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    kept = Kept(path)
    began = time.monotonic()
    assert kept.store.load() == Past()
    assert time.monotonic() - began < 1
    assert kept.told == [f"{path} cannot be used now: database is locked"]
    other.close()


def test_what_waits_too_long_is_dropped_and_counted_but_incidents_go_last(path: Path) -> None:
    kept = Kept(path)
    kept.store.keep(incident())
    for slot in range(MOST_WAITING + 9):
        kept.store.count([(KEY._replace(slot=KEY.slot + slot), (1, 0, 0))])
    assert kept.store.dropped == 10
    kept.store.start()
    assert kept.store.close(LIMIT)
    left = past(path)
    assert len(left.incidents) == 1
    assert [key.slot - KEY.slot for key, _ in left.counts] == list(range(10, MOST_WAITING + 9))


@pytest.mark.parametrize("garbage", [b"this is no database" * 500, b"\0" * 5000])
def test_a_corrupt_file_is_moved_aside(path: Path, garbage: bytes) -> None:
    path.write_bytes(garbage)
    kept = Kept(path)
    assert kept.store.load() == Past()
    aside = Path(f"{path}.corrupt-{NOW.wall:.0f}")
    assert aside.read_bytes() == garbage
    assert kept.told[-1] == f"moved aside as {aside}; a new one is begun"
    kept.store.start()
    kept.store.keep(incident())
    assert kept.store.close(LIMIT)
    assert past(path).incidents == (incident(),)


def test_pages_that_are_corrupt_are_found_by_whoever_reads_them(path: Path) -> None:
    kept = Kept(path)
    kept.store.start()
    for number in range(50):
        kept.store.keep(incident(f"{number:08x}"))
    assert kept.store.close(LIMIT)
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)
    again = Kept(path)
    assert again.store.load() == Past()
    assert "moved aside" in again.told[-1]
    assert past(path) == Past()


def test_a_file_with_words_that_nobody_knows_is_moved_aside(path: Path) -> None:
    kept = Kept(path)
    kept.store.start()
    kept.store.keep(incident())
    assert kept.store.close(LIMIT)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE incidents SET stage = 'purple'")
    db.close()
    again = Kept(path)
    assert again.store.load() == Past()
    assert "moved aside" in again.told[-1]


def test_a_newer_file_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    kept = Kept(path)
    assert kept.store.load() == Past()
    kept.store.start()
    kept.store.keep(incident())
    assert kept.store.close(LIMIT)
    assert kept.store.dropped == 1
    assert len(kept.told) == 1
    assert "newer Faultline" in kept.told[0]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("place", ["nowhere/incidents.db", "."])
def test_a_path_that_leads_nowhere_harms_nobody(tmp_path: Path, place: str) -> None:
    kept = Kept(tmp_path / place)
    assert kept.store.load() == Past()
    kept.store.start()
    kept.store.keep(incident())
    assert kept.store.close(LIMIT)
    assert (len(kept.told), kept.store.dropped) == (1, 1)


@pytest.mark.parametrize(("age", "left"), [(0.0, 2), (ROTATE - 1, 2), (ROTATE, 1)])
def test_what_is_old_is_forgotten_every_hour(path: Path, age: float, left: int) -> None:
    kept = Kept(path, Moment(now=Instant(NOW.now + age), wall=NOW.wall + age))
    kept.store._rotated = NOW.now
    kept.store.start()
    kept.store.count([(CountKey(60, 1, "apps", "chat"), (1, 0, 0)), (KEY, (1, 0, 0))])
    assert kept.store.close(LIMIT)
    assert len(past(path).counts) == left


def test_the_loop_and_the_writer_never_lose_what_the_other_does(path: Path) -> None:
    kept = Kept(path)
    kept.store.start()

    def count(name: str) -> None:
        for number in range(300):
            kept.store.count([(CountKey(60, number, "apps", name), (number, 0, 0))])

    threads = [threading.Thread(target=count, args=(str(n),)) for n in range(4)]
    kept.store._rotated = NOW.now
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept.store.close(LIMIT)
    assert len(past(path).counts) == 1200


# --- other processes

WRITER = textwrap.dedent("""
    import itertools, pathlib, sys, time
    from proxy.report import store
    from proxy.report.archive import CountKey
    from tests.report.keeping import LIMIT, Kept, incident

    store.LINGER, store.FIRST_PAUSE = 0.001, 0.01
    kept = Kept(pathlib.Path(sys.argv[1]))
""")


ENDLESS = """
kept.store.load()
kept.store.start()
for n in itertools.count():
    kept.store.keep(incident(f"{n % 40:08x}"))
    kept.store.count([(CountKey(60, 30_000_000 + n % 500, "apps", "chat"), (n, n, n))])
    if n == 300:
        print("going", flush=True)
    time.sleep(0.0005)
"""

FULL = """
kept.store.load()
kept.store.start()
import resource
old = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, old[1]))
slowest = 0.0
for n in range(600):
    began = time.perf_counter()
    kept.store.keep(incident(f"{n:08x}"))
    slowest = max(slowest, time.perf_counter() - began)
    time.sleep(0.001)
deadline = time.monotonic() + 10
while not kept.told and time.monotonic() < deadline:
    time.sleep(0.01)
full = list(kept.told)
resource.setrlimit(resource.RLIMIT_FSIZE, old)
while len(kept.told) == len(full) and time.monotonic() < deadline:
    time.sleep(0.01)
kept.store.close(LIMIT)
print(slowest < 0.5, kept.store.dropped, len(full), full[0].partition(": ")[2], kept.told[-1])
"""

FORBIDDEN = """
import os
if os.geteuid() == 0:  # nothing is forbidden to it
    os.seteuid(65534)
kept = Kept(pathlib.Path(sys.argv[1]) / "locked" / "incidents.db")
kept.store.load()
kept.store.start()
kept.store.keep(incident())
kept.store.close(LIMIT)
print(kept.store.dropped, *kept.told)
"""


def process(code: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER + code, str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.mark.parametrize("moment", range(3))
def test_g8_killed_in_the_middle_it_is_whole(path: Path, moment: int) -> None:
    with process(ENDLESS, path) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "going\n"
        time.sleep(moment * 0.017)  # not for luck: any moment must do
        running.send_signal(signal.SIGKILL)
    kept = Kept(path)
    left = kept.store.load()
    assert left.incidents
    assert left.counts
    assert kept.told == []
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_g9_a_full_disk_is_sat_out_and_told_once(path: Path) -> None:
    with process(FULL, path) as running:
        out, _ = running.communicate(timeout=40)
    at_once, dropped, told, *said = out.split()
    assert (at_once, dropped, told) == ("True", "0", "1"), out
    assert " ".join(said).endswith("it can be written again"), out
    assert len(past(path).incidents) == 600


def test_g9_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    with process(FORBIDDEN, tmp_path) as running:
        out, _ = running.communicate(timeout=40)
    assert out.startswith("1 "), out
    assert "cannot be used now: Permission denied" in out
    assert list(folder.iterdir()) == []
