"""Which drills run, and for how long."""

import pytest

from proxy.model import (
    GOOD,
    Api,
    Backend,
    Cause,
    Dialect,
    Drill,
    Instant,
    Outcome,
    Seconds,
    Verdict,
)
from proxy.wire.drill import MOST, Drills, Running, Turn, marked
from tests.exchange.stage import FakeClock, backend


class Hall:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.told: list[tuple[Turn, str, Drill]] = []
        self.drills = Drills(self.clock, self.tell)

    def tell(self, turn: Turn, running: Running) -> None:
        self.told.append((turn, running.backend, running.fault))

    def begin(self, name: str = "p", fault: Drill = Drill.RESET, length: float = 30.0) -> Running:
        return self.drills.begin(name, fault, Seconds(length), "app")


def test_a_drill_expires_by_itself() -> None:
    hall = Hall()
    running = hall.begin()
    assert (running.until - running.began, running.by) == (30.0, "app")
    assert (hall.drills.at("p"), hall.drills.at("q")) == (Drill.RESET, None)
    hall.clock.advance(29.9)
    assert list(hall.drills.running) == [running]
    hall.clock.advance(0.2)
    assert hall.drills.at("p") is None
    assert list(hall.drills.running) == []
    assert hall.told == [(Turn.BEGAN, "p", Drill.RESET), (Turn.EXPIRED, "p", Drill.RESET)]


def test_no_drill_is_longer_than_ten_minutes() -> None:
    hall = Hall()
    running = hall.begin(length=1e9)
    assert running.until - running.began == MOST == 600.0


def test_a_drill_can_be_ended_early_once() -> None:
    hall = Hall()
    hall.begin()
    assert hall.drills.end("p")
    assert not hall.drills.end("p")
    assert hall.told[1:] == [(Turn.ENDED, "p", Drill.RESET)]
    assert hall.clock.armed == 0


def test_another_drill_takes_the_place_of_the_first_and_its_time() -> None:
    hall = Hall()
    hall.begin()
    hall.clock.advance(20)
    hall.begin(fault=Drill.SILENCE)
    hall.clock.advance(20)
    assert hall.drills.at("p") is Drill.SILENCE
    assert [turn for turn, _, _ in hall.told] == [Turn.BEGAN, Turn.ENDED, Turn.BEGAN]


def test_a_drill_ends_with_its_backend_and_with_the_process() -> None:
    hall = Hall()
    hall.begin("p")
    hall.begin("q")
    hall.drills.adopt({"q"})
    assert [running.backend for running in hall.drills.running] == ["q"]
    hall.drills.close()
    assert list(hall.drills.running) == []
    assert hall.clock.armed == 0


BAD = Verdict(cause=Cause.TCP, evidence="reset")


def bad(outcome: Outcome, backend: Backend, now: Instant) -> Verdict:
    return BAD


def good(outcome: Outcome, backend: Backend, now: Instant) -> Verdict:
    return GOOD


@pytest.mark.parametrize(
    ("drill", "evidence"), [(None, "reset"), (Drill.RESET, "drill (reset): reset")]
)
def test_evidence_says_that_it_was_a_drill(drill: Drill | None, evidence: str) -> None:
    outcome = Outcome(dialect=Dialect.OPENAI, api=Api.CHAT, stream=False, drill=drill)
    assert marked(bad)(outcome, backend("p"), Instant(0.0)).evidence == evidence
    assert marked(good)(outcome, backend("p"), Instant(0.0)) is GOOD
    assert BAD.evidence == "reset"
