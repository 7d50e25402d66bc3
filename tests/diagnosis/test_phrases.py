"""Which of many patterns are in a text."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.diagnosis.pattern import compile_pattern, plain
from proxy.diagnosis.phrases import Phrases

WRITTEN = ["rate limit", "rate", "^error$", "model * not found", "余额", "(tpm)", "too many", "now"]
PHRASES = Phrases(compile_pattern(text) for text in WRITTEN)


def test_all_that_is_said_is_found() -> None:
    said = PHRASES.said_in("rate limit reached (tpm): too many; the model x was not found, now")
    assert said == {"rate limit", "rate", "(tpm)", "too many", "model * not found", "now"}


def test_nothing_is_said_in_nothing() -> None:
    assert PHRASES.said_in("") == frozenset()


def test_a_pattern_begins_where_a_word_begins() -> None:
    assert PHRASES.said_in("separate limits") == frozenset()
    assert PHRASES.said_in("rates") == {"rate"}


def test_text_without_latin_words() -> None:
    assert PHRASES.said_in("您的余额不足") == {"余额"}


@given(st.lists(st.sampled_from(["rate", "limit", "model", "x", "not", "found", "now", "(tpm)"])))
def test_it_says_what_the_patterns_say(words: list[str]) -> None:
    text = plain(" ".join(words))
    alone = {written for written in WRITTEN if compile_pattern(written).found_in(text)}
    assert PHRASES.said_in(text) == alone
