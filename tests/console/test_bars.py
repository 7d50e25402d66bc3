"""Bars: what they show, and that nothing small is lost."""

import re

import pytest

from proxy.console.bars import (
    HEIGHT,
    LEAST,
    PAPER,
    STUB,
    WIDE,
    Drawing,
    chart,
    counted,
    label,
    strip,
    total,
)
from proxy.report.traffic import Slot, Tally, Unit

NOON = 1_700_049_600.0


def slots(*tallies: Tally) -> list[Slot]:
    return [Slot(NOON + 60 * number, tally) for number, tally in enumerate(tallies)]


def heights(drawing: Drawing) -> dict[str, list[int]]:
    return {
        kind: [int(found) for found in re.findall(r"v(\d+)h", path)] for kind, path in drawing.paths
    }


def test_every_bar_of_a_strip_is_as_long_and_cut_into_its_parts() -> None:
    drawn = strip("x", "", Unit.MINUTE, slots(Tally(1), Tally(50, 25, 25), Tally()))
    assert heights(drawn.drawing) == {
        "unknown": [STUB],
        "good": [HEIGHT, HEIGHT // 2],
        "rescued": [HEIGHT // 4],
        "failed": [HEIGHT // 4],
    }
    assert (drawn.drawing.width, drawn.drawing.height) == (WIDE, HEIGHT)


def test_the_bars_of_a_chart_are_as_high_as_there_were_answers() -> None:
    drawn = chart(Unit.MINUTE, slots(Tally(100), Tally(25), Tally(0, 0, 50)))
    assert heights(drawn) == {"good": [PAPER, PAPER // 4], "failed": [PAPER // 2]}


@pytest.mark.parametrize("tally", [Tally(100_000, 0, 1), Tally(100_000, 1, 0)])
def test_one_of_many_is_seen(tally: Tally) -> None:
    drawn = heights(strip("x", "", Unit.MINUTE, slots(tally)).drawing)
    assert drawn.pop("good") == [HEIGHT - LEAST]
    assert list(drawn.values()) == [[LEAST]]


@pytest.mark.parametrize(
    "tally", [Tally(0, 1, 1), Tally(0, 1, 1000), Tally(0, 1000, 1), Tally(1, 1000, 1000)]
)
def test_parts_fill_their_bar_and_no_more(tally: Tally) -> None:
    drawn = heights(strip("x", "", Unit.MINUTE, slots(tally)).drawing)
    assert sum(sum(parts) for parts in drawn.values()) == HEIGHT


def test_a_very_low_bar_of_a_chart_is_seen() -> None:
    drawn = chart(Unit.MINUTE, slots(Tally(10_000), Tally(0, 0, 1)))
    assert heights(drawn)["failed"] == [LEAST]


def test_bars_of_which_something_is_to_say_say_it() -> None:
    drawn = strip("x", "", Unit.MINUTE, slots(Tally(5), Tally(1, 2, 3)))
    assert [(spot.x, spot.width, spot.said) for spot in drawn.drawing.spots] == [
        (450, 360, "12:01: 6 answers, 2 rescued, 3 failed")
    ]


def test_a_strip_says_all_of_it_in_words() -> None:
    drawn = strip("north", "by itself", Unit.MINUTE, slots(Tally(5), Tally(1, 2, 3)))
    assert drawn.said == "north, 2 minutes: 11 answers, 2 rescued, 3 failed"
    assert (drawn.share, drawn.tone) == ("72.7 %", "bad")
    silent = strip("north", "by itself", Unit.MINUTE, slots(Tally()))
    assert (silent.share, silent.tone) == ("", "none")
    assert silent.said == "north, 1 minutes: no answers"


def test_an_empty_chart_is_drawn_too() -> None:
    assert heights(chart(Unit.MINUTE, slots(Tally(), Tally()))) == {"unknown": [STUB, STUB]}


def test_sums_and_labels() -> None:
    assert total(slots(Tally(1, 2, 3), Tally(1, 1, 1))) == Tally(2, 3, 4)
    assert counted(Tally(2)) == "2 answers, 0 failed"
    assert counted(Tally(1)) == "1 answer, 0 failed"
    assert [label(NOON, unit) for unit in Unit] == ["12:00", "15 Nov 12:00", "15 Nov"]
