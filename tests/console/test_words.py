"""Every state has its sign."""

from proxy.console.words import HEADLINES, SIGNS
from proxy.policy.standing import Word


def test_every_state_has_a_word_and_a_shape_of_its_own() -> None:
    assert set(SIGNS) == set(Word)
    assert len({sign.word for sign in SIGNS.values()}) == len(Word)
    assert len({sign.shape for sign in SIGNS.values()}) == len(Word)
    assert {sign.tone for sign in SIGNS.values()} == set(HEADLINES)
