"""Every cause has its words; lengths of time and lists are short."""

import pytest

from proxy.model import Cause
from proxy.report.words import CAUSES, counted, listed, span


def test_every_cause_can_be_said() -> None:
    assert set(CAUSES) == set(Cause)
    assert all(CAUSES[cause] for cause in Cause if cause is not Cause.NONE)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (59.6, "1 min"),
        (200, "3 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (86400, "1 d"),
        (86400 + 59 * 60, "1 d"),
        (90000, "1 d 1 h"),
        (1_000_000, "11 d 13 h"),
    ],
)
def test_a_length_of_time_has_at_most_two_units(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("names", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_a_list_is_said_as_one_says_it(names: list[str], said: str) -> None:
    assert listed(names) == said


def test_a_number_of_things_is_said_as_one_says_it() -> None:
    assert [counted(n, "request") for n in (0, 1, 2)] == ["0 requests", "1 request", "2 requests"]
