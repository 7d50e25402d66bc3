"""What goes out and comes back: a run's incidents and counts, its messages, what providers say."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.model import Fleet, Instant, NotifyKind, StatusFeed
from proxy.report.archive import CountKey
from proxy.report.feeds.said import Says
from proxy.report.incident import Incident
from proxy.report.lines import Level
from proxy.report.moment import Moment
from proxy.report.outside import SAVE, Outside
from proxy.report.traffic import Side, Traffic, Unit
from tests.report.keeping import KEY, NOW, away, incident
from tests.report.records import fleet
from tests.report.telling import Ear, target
from tests.report.test_notify import eventually

CHAT = (Side.APPS, "chat")


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    made = Ear()
    runner = await made.listen()
    yield made
    await runner.cleanup()


def table(path: Path | None = None, ear: Ear | None = None, **changes: object) -> Fleet:
    made = replace(fleet("openai", "azure"), incidents_store=None if path is None else str(path))
    if ear is not None:
        made = replace(made, notify=(target(NotifyKind.WEBHOOK, ear.url),))
    return replace(made, **changes)  # type: ignore[arg-type]


def say(outside: Outside, told: Incident) -> None:
    outside.heard(told, told.updates[-1])


async def test_without_a_word_of_the_table_nothing_goes_out() -> None:
    before = len(asyncio.all_tasks())
    outside = away(table())
    outside.start()
    say(outside, incident())
    outside.save([incident()], Traffic(lambda: NOW.wall))
    assert not outside.due(Instant(NOW.now + SAVE))
    assert outside.says("openai") is None
    assert len(asyncio.all_tasks()) == before
    await outside.close()
    assert outside.dropped == 0


async def test_the_next_run_knows_what_this_one_saw(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    first, traffic = away(table(path)), Traffic(lambda: NOW.wall)
    first.start()
    traffic._count(CHAT, 0)
    say(first, incident())
    first.save([], traffic)
    await first.close()
    second = away(table(path))
    assert second.past.incidents == (incident(),)
    again = Traffic(lambda: NOW.wall)
    again.restore(second.past.counts)
    again._count(CHAT, 0)
    assert [again.slots(unit, NOW.wall, NOW.wall, [CHAT])[0].tally.good for unit in Unit] == [2] * 3
    await second.close()


async def test_it_saves_every_few_seconds(tmp_path: Path) -> None:
    outside = away(table(tmp_path / "i.db"))
    assert not outside.due(Instant(NOW.now + SAVE - 1))
    assert outside.due(Instant(NOW.now + SAVE))
    await outside.close()


async def test_people_hear_of_the_end_of_what_a_killed_run_told(tmp_path: Path, ear: Ear) -> None:
    path = tmp_path / "i.db"
    first = away(table(path, ear))
    first.start()
    say(first, incident(over=False))
    await eventually(lambda: len(ear.heard) == 1)
    await first.close()
    second = away(table(path, ear))
    second.start()
    await eventually(lambda: len(ear.heard) == 2)
    assert b"incident.ended" in ear.heard[1][1]
    await second.close()


async def test_a_new_table_tells_others_and_asks_others(tmp_path: Path, ear: Ear) -> None:
    said: list[tuple[Level, str, str]] = []
    outside = away(table(), log=lambda *line: said.append(line))
    outside.start()
    asked = table(tmp_path / "other.db", ear)
    backend = replace(
        asked.backends["openai"], status_feed=StatusFeed(url="http://127.0.0.1:1/feed")
    )
    outside.adopt(replace(asked, backends={"openai": backend}))
    words = outside.says("openai")
    assert words is not None
    assert words.says is Says.UNKNOWN
    say(outside, incident(over=False))
    await eventually(lambda: len(ear.heard) == 1)
    assert said == [(Level.WARNING, "restart_needed", "incidents.store")]
    await outside.close()


async def test_whom_it_could_not_tell_is_logged_and_counted(ear: Ear) -> None:
    said: list[tuple[Level, str, str]] = []
    ear.answers = [410]
    outside = away(table(ear=ear), log=lambda *line: said.append(line))
    outside.start()
    say(outside, incident(over=False))
    await eventually(lambda: bool(said))
    assert said == [(Level.WARNING, "notify", "notify[0] (webhook) was not told: it answered 410")]
    assert outside.dropped == 1
    await outside.close()


async def test_a_store_that_cannot_be_is_logged_and_counted(tmp_path: Path) -> None:
    said: list[tuple[Level, str, str]] = []
    outside = away(table(tmp_path / "no" / "i.db"), log=lambda *line: said.append(line))
    outside.start()
    say(outside, incident())
    await outside.close()
    assert outside.dropped == 1
    assert [event for _, event, _ in said] == ["store"]


def test_only_what_is_new_is_counted_again() -> None:
    moment = Moment(now=Instant(0.0), wall=NOW.wall)
    wall = [moment.wall]
    traffic = Traffic(lambda: wall[0])
    traffic._count(CHAT, 0)
    wall[0] += 2 * Unit.MINUTE
    traffic._count(CHAT, 2)
    everything = dict(traffic.counts(0.0))
    assert len(everything) == 4
    assert everything.keys() - dict(traffic.counts(wall[0])).keys() == {
        key for key in everything if key.unit == Unit.MINUTE and everything[key][0] == 1
    }


@pytest.mark.parametrize(("unit", "side"), [(61, "apps"), (60, "purple")])
def test_counts_that_nobody_knows_are_passed_over(unit: int, side: str) -> None:
    traffic = Traffic(lambda: NOW.wall)
    traffic.restore([(CountKey(unit, 1, side, "chat"), (1, 1, 1))])
    assert list(traffic.counts(0.0)) == []
    assert traffic.since == NOW.wall


def test_what_is_restored_tells_since_when_it_is_known() -> None:
    traffic = Traffic(lambda: NOW.wall)
    traffic.restore([(KEY, (1, 2, 3))])
    assert traffic.since == KEY.slot * KEY.unit
    assert list(traffic.counts(0.0)) == [(KEY, (1, 2, 3))]
