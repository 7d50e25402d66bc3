"""Once a second time passes for the ledger, refusals are told, and lines go to the journal."""

import time
from collections.abc import Callable
from dataclasses import replace

from proxy.exchange import Timer
from proxy.model import Instant
from proxy.report.archive import Past
from proxy.report.lines import Level, Value
from proxy.report.newsroom import TICK, Newsroom, Surroundings
from tests.report.keeping import away
from tests.report.records import BAD_ATTEMPT, EJECTED, fleet, row
from tests.report.troubled import resolved

TABLE = fleet("openai", "azure")


class Ticking:
    """A clock whose one timer a test rings."""

    def __init__(self) -> None:
        self.time = 5000.0
        self.due: tuple[Instant, Callable[[], None]] | None = None

    def now(self) -> Instant:
        return Instant(self.time)

    def call_at(self, when: Instant, callback: Callable[[], None]) -> Timer:
        self.due = (when, callback)
        return self

    def cancel(self) -> None:
        self.due = None

    def second(self) -> None:
        assert self.due is not None
        when, callback = self.due
        self.time = when
        callback()


class Desk:
    def __init__(self) -> None:
        self.clock = Ticking()
        self.lines: list[tuple[Level, str, dict[str, Value]]] = []
        self.outside = away(TABLE)
        self.outside.past = Past(incidents=(resolved(),))
        self.news = Newsroom(
            Surroundings(
                clock=self.clock,
                wall=time.time,
                fleet=lambda: TABLE,
                view=lambda: (row("openai"), row("azure")),
                console=lambda: "http://localhost:8081",
                new_id=lambda: "abc",
                log=self.log,
            ),
            self.outside,
        )

    def log(self, level: Level, event: str, **fields: Value) -> None:
        self.lines.append((level, event, fields))

    def break_down(self) -> None:
        bad = replace(BAD_ATTEMPT, ended=self.clock.now())
        self.news.ledger.attempt_ended("id", "chat", bad)
        self.news.ledger.health_changed(replace(EJECTED, at=self.clock.now()))


def test_it_ticks_once_a_second_until_it_is_closed() -> None:
    desk = Desk()
    desk.news.start()
    for _ in range(3):
        before = desk.clock.time
        desk.clock.second()
        assert desk.clock.time - before == TICK
    desk.news.close()
    desk.news.close()
    assert desk.clock.due is None


def test_each_line_of_an_incident_is_one_of_the_journal() -> None:
    desk = Desk()
    desk.news.start()
    desk.break_down()
    for _ in range(4):
        desk.clock.second()
    assert [(level, event, said["stage"]) for level, event, said in desk.lines] == [
        (Level.WARNING, "incident", "investigating"),
        (Level.WARNING, "incident", "investigating"),
        (Level.WARNING, "incident", "identified"),
    ]
    assert desk.lines[0][2] == {
        "incident": "abc",
        "stage": "investigating",
        "impact": "none",
        "title": "openai: the network edge cannot reach the provider",
        "text": "First failure, openai: the network edge cannot reach the provider "
        "(502 with Cloudflare's page).",
    }


def test_refusals_are_told_within_a_second() -> None:
    desk = Desk()
    desk.news.start()
    desk.break_down()
    (chat,) = TABLE.routes
    assert desk.news.notes(chat) == ""
    desk.clock.second()
    assert desk.news.notes(chat).endswith("http://localhost:8081/incidents/abc")


def test_a_backend_that_left_the_table_is_no_trouble_any_more() -> None:
    desk = Desk()
    desk.break_down()
    desk.news.adopt(fleet("azure"))
    assert desk.news.ledger.open[0].out == set()


def test_the_past_is_known_and_both_clocks_are_told() -> None:
    desk = Desk()
    assert [incident.id for incident in desk.news.ledger.past] == ["abc"]
    moment = desk.news.moment()
    assert moment.now == 5000.0
    assert abs(moment.wall - time.time()) < 5
