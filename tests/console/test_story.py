"""Incidents as the page shows them."""

import time

import pytest

from proxy.console.story import MOST_PAST, card, days, story
from proxy.model import Instant, Seconds
from proxy.policy.standing import Word
from proxy.report.estimate import Estimate, Unknown
from proxy.report.traffic import Unit
from tests.console.looking import Scene
from tests.report.records import row

ESTIMATE = Estimate(
    low=Seconds(60), median=Seconds(600), high=Seconds(1200), confidence=0.8, basis="history"
)


@pytest.fixture
def scene() -> Scene:
    return Scene(estimate=ESTIMATE)


def test_a_card_says_what_since_when_for_whom_and_until_when(scene: Scene) -> None:
    until = Instant(time.monotonic() + 9)
    scene.rows = (row("openai", Word.EJECTED, until=until), row("azure"))
    incident = scene.break_down()
    shown = card(scene.look(), incident)
    assert shown.title == "openai: the network edge cannot reach the provider"
    assert (shown.stage.word, shown.over, shown.ended) == ("identified", False, None)
    assert shown.lasted == "3 s"
    assert (shown.impact.word, shown.toll) == (
        "minor",
        "4 rescued, 1 failed, of 5 requests",
    )
    assert shown.forecast == "Likely over in 1 min to 20 min (80 % confidence)"
    assert shown.basis == "history"
    assert (shown.next.what, shown.next.left) == ("probe", "9 s")
    assert shown.last.text == "Apps feel it: 4 rescued, 1 failed, of 5 requests."


def test_nobody_can_always_tell(scene: Scene) -> None:
    scene.estimate = Unknown(basis="too early")
    shown = card(scene.look(), scene.break_down())
    assert shown.forecast == "Its end cannot be told yet"
    assert shown.basis == "too early"


def test_a_card_of_the_past_has_an_end_and_no_forecast(scene: Scene) -> None:
    scene.break_down()
    scene.recover()
    (day,) = days(scene.look())
    (shown,) = day.cards
    assert shown.over
    assert shown.ended is not None
    assert shown.last.text.startswith(f"Over after {shown.lasted}: ")  # closed 100 s later
    assert (shown.forecast, shown.basis, shown.next.what) == ("", "", "")
    assert shown.stage.word == "resolved"
    assert day.date == shown.began.date()


def test_days_hold_the_latest_first_and_not_all(scene: Scene) -> None:
    for age in range(3):
        scene.break_down()
        scene.recover()
        over = scene.ledger.past[-1]
        over.opened = Instant(over.opened - 86400 * age)
        over.places = []  # what comes next is another one
    shown = days(scene.look())
    assert [day.date for day in shown] == sorted((day.date for day in shown), reverse=True)
    assert len(shown) == 3
    (first, *_) = scene.ledger.past
    scene.ledger.past.extend([first] * 2 * MOST_PAST)
    assert sum(len(day.cards) for day in days(scene.look())) == MOST_PAST


def test_a_story_holds_evidence_causes_and_the_whole_timeline(scene: Scene) -> None:
    incident = scene.break_down()
    told = story(scene.look(), incident)
    assert told.cause == "the network edge cannot reach the provider"
    assert (told.confidence, told.extent) == ("high", "openai")
    assert told.evidence == "502 with Cloudflare's page"
    assert told.causes == (("cdn_edge_to_origin", "the network edge cannot reach the provider", 5),)
    assert [moved.text for moved in told.updates] == [u.text for u in incident.updates[::-1]]


def test_the_chart_shows_answers_of_the_routes_concerned(scene: Scene) -> None:
    scene.serve(4)
    told = story(scene.look(), scene.break_down()).chart
    assert told.unit == "minute"
    assert told.most == 9
    assert told.said == "Answers per minute on the routes concerned: 9 answers, 4 rescued, 1 failed"
    assert 0 <= told.began <= told.ended <= told.drawing.width
    (slot,) = [slot for _, slot in told.slots]
    assert (slot.tally.good, slot.tally.rescued, slot.tally.failed) == (4, 4, 1)


@pytest.mark.parametrize(("age", "unit"), [(60, "minute"), (3 * 3600, "hour"), (10 * 86400, "day")])
def test_a_long_incident_is_charted_coarsely(scene: Scene, age: float, unit: str) -> None:
    incident = scene.break_down()
    incident.opened = Instant(incident.opened - age)
    told = story(scene.look(), incident).chart
    assert told.unit == unit
    assert told.drawing.width <= 1200
    assert Unit[unit.upper()]
