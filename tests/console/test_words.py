"""Every state and cause has its words, and lengths of time are short."""

import pytest

from proxy.console.words import CAUSES, HEADLINES, SIGNS, span
from proxy.model import Cause
from proxy.policy.standing import Word


def test_every_cause_can_be_said() -> None:
    assert set(CAUSES) == set(Cause)
    assert all(CAUSES[cause] for cause in Cause if cause is not Cause.NONE)


def test_every_state_has_a_word_and_a_shape_of_its_own() -> None:
    assert set(SIGNS) == set(Word)
    assert len({sign.word for sign in SIGNS.values()}) == len(Word)
    assert len({sign.shape for sign in SIGNS.values()}) == len(Word)
    assert {sign.tone for sign in SIGNS.values()} == set(HEADLINES)


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
