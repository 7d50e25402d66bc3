"""The words: short, printable, and unknown where nothing is known."""

import pytest

from proxy.model import Seconds
from proxy.report.feeds.said import GRAVITY, Reading, Said, Says, clip, means, unknown, worst


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Said(says=Says.OPERATIONAL, detail="", age=Seconds(120.0)), "operational (2 min ago)"),
        (
            Said(says=Says.MAJOR, detail="All is down", age=Seconds(5.0)),
            "major outage: All is down (5 s ago)",
        ),
        (Said(says=Says.UNKNOWN, detail="not read yet", age=None), "unknown: not read yet"),
    ],
)
def test_it_is_said_in_a_few_words(said: Said, words: str) -> None:
    assert str(said) == words


def test_the_gravest_holds_and_what_is_unknown_weighs_nothing() -> None:
    assert set(GRAVITY) == set(Says) - {Says.UNKNOWN}
    readings = [Reading(says=says) for says in Says]
    assert worst(readings).says is Says.MAJOR
    assert worst([unknown("x"), Reading(says=Says.OPERATIONAL)]).says is Says.OPERATIONAL
    assert worst([]).says is worst([unknown("x")]).says is Says.UNKNOWN


def test_a_headline_is_short_and_harmless() -> None:
    assert clip(" a\n b\x1b[31m\u202e ") == "a b\ufffd[31m\ufffd"
    assert len(clip("x" * 1000)) == 160


def test_a_part_of_a_name_is_enough() -> None:
    assert means("claude api", "Claude API (api.anthropic.com)")
    assert not means("Claude API", "claude.ai", "")
    assert means("", "anything")
