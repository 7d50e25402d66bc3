"""What became of answers, slot by slot."""

from dataclasses import replace

import pytest

from proxy.model import Cause, Drill, Result, Verdict
from proxy.report.archive import CountKey
from proxy.report.traffic import Side, Slot, Tally, Traffic, Unit
from tests.report.records import (
    BAD_ATTEMPT,
    EJECTED,
    GOOD_ATTEMPT,
    REFUSED,
    RESCUED,
    WHOLE,
    exchange,
)

NOON = 1_700_049_600.0
"""12:00 UTC, to the second."""

CHAT = (Side.APPS, "chat")
OPENAI = (Side.BACKEND, "openai")


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def traffic(clock: Clock) -> Traffic:
    return Traffic(clock)


def test_apps_are_counted_by_what_they_got(traffic: Traffic) -> None:
    for record in (WHOLE, WHOLE, RESCUED, REFUSED, exchange(result=Result.CUT)):
        traffic.ended(record)
    assert traffic.total(60, [CHAT]) == Tally(good=2, rescued=1, failed=2)
    assert traffic.total(60, [(Side.APPS, "other")]) == Tally()


@pytest.mark.parametrize(
    "record",
    [
        exchange(result=Result.CLIENT_ERROR),
        exchange(result=Result.CANCELLED),
        exchange(result=Result.REFUSED, route=""),
    ],
)
def test_what_is_the_clients_own_does_not_count(traffic: Traffic, record: object) -> None:
    traffic.ended(record)  # type: ignore[arg-type]
    assert traffic.total(60, [CHAT, (Side.APPS, "")]) == Tally()


@pytest.mark.parametrize(
    ("cause", "counted"),
    [
        (Cause.NONE, Tally(good=1)),
        (Cause.BAD_REQUEST, Tally(good=1)),
        (Cause.CONTEXT_LENGTH, Tally(good=1)),
        (Cause.CONTENT_POLICY, Tally(good=1)),
        (Cause.CDN_EDGE, Tally(failed=1)),
        (Cause.AUTH, Tally(failed=1)),
        (Cause.RATE_LIMIT, Tally(failed=1)),
        (Cause.MODEL_NOT_FOUND, Tally(failed=1)),
        (Cause.LOCAL_NETWORK, Tally()),
        (Cause.CLIENT_CANCEL, Tally()),
    ],
)
def test_backends_are_counted_by_what_they_did(
    traffic: Traffic, cause: Cause, counted: Tally
) -> None:
    traffic.attempt_ended("id", "chat", replace(BAD_ATTEMPT, verdict=Verdict(cause=cause)))
    assert traffic.total(60, [OPENAI]) == counted


def test_other_news_count_nothing(traffic: Traffic) -> None:
    traffic.health_changed(EJECTED)
    traffic.budget_refused("openai")
    traffic.turned_away("unauthorized")
    assert traffic.slots(Unit.MINUTE, NOON, NOON, [CHAT, OPENAI]) == [Slot(NOON, Tally())]


def test_slots_are_those_of_the_clock(traffic: Traffic, clock: Clock) -> None:
    clock.time = NOON + 59.9
    traffic.ended(WHOLE)
    clock.time = NOON + 60
    traffic.ended(REFUSED)
    clock.time = NOON + 180
    minutes = traffic.slots(Unit.MINUTE, NOON, NOON + 120, [CHAT])
    assert minutes == [
        Slot(NOON, Tally(good=1)),
        Slot(NOON + 60, Tally(failed=1)),
        Slot(NOON + 120, Tally()),
    ]
    assert traffic.slots(Unit.HOUR, NOON, NOON, [CHAT]) == [Slot(NOON, Tally(good=1, failed=1))]


def test_the_last_minutes_are_those_that_are_asked_for(traffic: Traffic, clock: Clock) -> None:
    traffic.ended(REFUSED)
    clock.time = NOON + 14 * 60
    traffic.ended(WHOLE)
    assert traffic.total(900, [CHAT]) == Tally(good=1, failed=1)
    clock.time = NOON + 15 * 60
    assert traffic.total(900, [CHAT]) == Tally(good=1)


def test_a_clock_that_is_set_back_loses_nothing(traffic: Traffic, clock: Clock) -> None:
    traffic.ended(WHOLE)
    clock.time = NOON - 600
    traffic.ended(WHOLE)
    assert traffic.slots(Unit.MINUTE, NOON, NOON, [CHAT])[0].tally == Tally(good=2)


def test_no_more_is_kept_than_is_shown(traffic: Traffic, clock: Clock) -> None:
    for day in range(100):
        clock.time = NOON + day * 86400
        traffic.ended(WHOLE)
    assert len(traffic._slots[Unit.DAY]) == 90
    assert len(traffic._slots[Unit.HOUR]) == 10
    assert len(traffic._slots[Unit.MINUTE]) == 1


@pytest.mark.parametrize(
    ("age", "unit"),
    [
        (0, Unit.MINUTE),
        (89 * 60, Unit.MINUTE),
        (90 * 60, Unit.HOUR),
        (89 * 3600, Unit.HOUR),
        (90 * 3600, Unit.DAY),
        (400 * 86400, Unit.DAY),
    ],
)
def test_time_is_cut_as_finely_as_all_that_is_known_allows(
    traffic: Traffic, clock: Clock, age: float, unit: Unit
) -> None:
    clock.time = NOON + age
    found, slots = traffic.latest(90, [CHAT])
    assert (found, len(slots)) == (unit, 90)
    assert slots[-1].start <= clock.time < slots[-1].start + unit


def test_shares() -> None:
    assert Tally().share == 1.0
    assert Tally(good=1, rescued=1, failed=2).share == 0.5
    assert Tally(good=1, rescued=1, failed=2).total == 4


def test_good_attempts_of_all_backends_are_kept_apart(traffic: Traffic) -> None:
    traffic.attempt_ended("id", "chat", GOOD_ATTEMPT)
    assert traffic.total(60, [(Side.BACKEND, "azure")]) == Tally(good=1)
    assert traffic.total(60, [OPENAI]) == Tally()


def test_a_drill_is_not_the_backends_own_doing(traffic: Traffic) -> None:
    traffic.attempt_ended("1", "chat", replace(BAD_ATTEMPT, drill=Drill.RESET))
    traffic.attempt_ended("1", "chat", replace(GOOD_ATTEMPT, backend="openai", drill=Drill.SLOW))
    assert traffic.total(60, [OPENAI]) == Tally()


def test_a_static_answer_is_none(traffic: Traffic) -> None:
    traffic.ended(exchange(result=Result.STATIC))
    assert traffic.total(60, [CHAT]) == Tally(failed=1)


def test_counting_goes_on_from_what_is_restored(traffic: Traffic, clock: Clock) -> None:
    traffic.ended(WHOLE)
    key = CountKey(Unit.MINUTE, int(clock() // Unit.MINUTE), Side.APPS, WHOLE.route)
    traffic.restore([(key, (7, 0, 0))])
    traffic.ended(WHOLE)
    assert traffic.total(60.0, [(Side.APPS, WHOLE.route)]) == Tally(good=8)
