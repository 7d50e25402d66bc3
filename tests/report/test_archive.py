"""The file: what goes in comes out, whatever its text; forms follow each other; old things go."""

import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from proxy.model import Instant, Seconds
from proxy.report import archive as archive_module
from proxy.report.archive import (
    CUT_SHORT,
    MIGRATIONS,
    MOST_INCIDENTS,
    Archive,
    CountKey,
    NewerError,
    copy,
)
from proxy.report.incident import Incident, Stage
from tests.report.keeping import KEY, LATER, NOW, incident

OPEN: list[Archive] = []


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "incidents.db"
    while OPEN:
        OPEN.pop().close()


def opened(path: Path) -> Archive:
    OPEN.append(Archive(path, patience=Seconds(0.1)))
    return OPEN[-1]


def test_what_goes_in_comes_out(path: Path) -> None:
    before = incident()
    opened(path).write([copy(before, NOW)], [(KEY, (5, 2, 1))])
    (after,) = opened(path).read(NOW).incidents
    assert after == before
    assert opened(path).read(NOW).counts == ((KEY, (5, 2, 1)),)


def test_no_field_of_an_incident_is_forgotten(path: Path) -> None:
    opened(path)
    db = sqlite3.connect(path)
    columns = {name for _, name, *_ in db.execute("PRAGMA table_info(incidents)")} | {"updates"}
    db.close()
    # What is going on inside a run ends with it.
    inside = {"out", "explained"}
    assert {each.name for each in fields(Incident)} == columns | inside


def test_times_outlive_the_monotonic_clock(path: Path) -> None:
    before = incident()
    opened(path).write([copy(before, NOW)], [])
    (after,) = opened(path).read(LATER).incidents
    assert NOW.at(before.opened) == LATER.at(after.opened)
    assert [LATER.at(u.at) for u in after.updates] == [NOW.at(u.at) for u in before.updates]


def test_what_was_going_on_is_closed_at_its_last_news(path: Path) -> None:
    opened(path).write([copy(incident(over=False), NOW)], [])
    past = opened(path).read(NOW)
    (after,) = past.incidents
    assert past.cut_short == (after,)
    assert after.resolved == after.news
    assert after.stage is Stage.RESOLVED
    assert after.updates[-1].text == CUT_SHORT


def test_a_later_state_replaces_an_earlier_one_and_adds_its_lines(path: Path) -> None:
    file = opened(path)
    file.write([copy(incident(over=False), NOW)], [])
    file.write([copy(incident(), NOW)], [])
    assert file.read(NOW).incidents == (incident(),)


def test_a_copy_does_not_change_with_the_incident() -> None:
    changing = incident(over=False)
    kept = copy(changing, NOW)
    changing.say(Instant(999.0), "More.")
    changing.causes.clear()
    changing.places.clear()
    assert kept.incident == replace(incident(over=False), out=set())


def test_what_was_absorbed_is_no_incident_of_its_own(path: Path) -> None:
    file = opened(path)
    file.write([copy(incident("0badcafe"), NOW), copy(incident(), NOW)], [])
    assert [each.id for each in file.read(NOW).incidents] == [incident().id]


def test_counts_never_fall(path: Path) -> None:
    file = opened(path)
    file.write([], [(KEY, (5, 2, 1))])
    file.write([], [(KEY, (1, 3, 0))])
    assert file.read(NOW).counts == ((KEY, (5, 3, 1)),)


def test_a_batch_is_written_whole_or_not_at_all(path: Path) -> None:
    file = opened(path)
    with pytest.raises(sqlite3.IntegrityError):
        file.write([copy(incident(), NOW)], [(KEY, (5, 2, None))])  # type: ignore[list-item]
    assert file.read(NOW).incidents == ()
    file.write([copy(incident(), NOW)], [])


def test_what_is_too_old_goes(path: Path) -> None:
    file = opened(path)
    old = CountKey(60, int(NOW.wall // 60) - 100, "apps", "chat")
    new = CountKey(86400, int(NOW.wall // 86400), "apps", "chat")
    file.write(
        [copy(incident("old", at=100.0), NOW), copy(incident("new"), NOW)],
        [(old, (1, 0, 0)), (new, (2, 0, 0))],
    )
    file.rotate(NOW.wall - 300)
    past = file.read(NOW)
    assert [each.id for each in past.incidents] == ["new"]
    assert [key for key, _ in past.counts] == [new]
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT DISTINCT incident FROM updates").fetchall() == [("new",)]
    db.close()


def test_there_are_never_too_many(path: Path) -> None:
    file = opened(path)
    many = [copy(incident(f"{i:08x}", at=float(i)), NOW) for i in range(MOST_INCIDENTS + 3)]
    file.write(many, [])
    file.rotate(0.0)
    left = file.read(NOW).incidents
    assert len(left) == MOST_INCIDENTS
    assert left[0].id == f"{3:08x}"


def test_only_its_user_may_read_it(path: Path) -> None:
    opened(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_form_is_made_step_by_step(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(path).write([copy(incident(), NOW)], [])
    step = "ALTER TABLE counts ADD COLUMN note TEXT;"
    monkeypatch.setattr(archive_module, "MIGRATIONS", (*MIGRATIONS, step))
    assert opened(path).read(NOW).incidents == (incident(),)
    monkeypatch.setattr(archive_module, "MIGRATIONS", (*MIGRATIONS, step, "not SQL;"))
    with pytest.raises(sqlite3.OperationalError):
        opened(path)
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    db.close()


def test_a_file_of_the_first_form_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MIGRATIONS", MIGRATIONS[:1])
    opened(path)
    with sqlite3.connect(path) as db:
        db.execute(
            "INSERT INTO incidents VALUES ('a1', 'provider', 'resolved', 1.0, 2.0, 3.0, 3.0,"
            " '[]', '{}', '[]', '', 'none', 0, 0, 0, 0)"
        )
    db.close()
    monkeypatch.undo()
    (old,) = opened(path).read(NOW).incidents
    assert (old.id, old.quiet_since, old.ended) == ("a1", None, old.resolved)


def test_a_newer_files_form_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(NewerError, match="newer Faultline"):
        opened(path)
