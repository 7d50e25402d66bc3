"""Linear patterns over plain text."""

import pytest

from proxy.diagnosis.pattern import coded_words, compile_pattern, names, plain, word


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("rate limit", "the rate limit was hit", True),
        ("rate limit", "the rate  limit", False),
        ("model * not found", "model 'x' not found", True),
        ("model*not found", "modelnot found", True),
        ("model * not found", "not found: model", False),
        ("a*b*c", "a b c", True),
        ("a*b*c", "a c b", False),
        ("^error code: 1", "error code: 1015", True),
        ("^error code: 1", "an error code: 1015", False),
        ("cloudflare$", "502 bad gateway cloudflare", True),
        ("cloudflare$", "cloudflare says no", False),
        ("^error$", "error", True),
        ("^error$", "error error", False),
        ("^a*b$", "a and b", True),
        ("^a*b$", "a and b c", False),
        ("aa*aa$", "aaa", False),
    ],
)
def test_what_a_pattern_finds(pattern: str, text: str, found: bool) -> None:
    assert compile_pattern(pattern).found_in(text) is found


@pytest.mark.parametrize("text", ["", "*", "^", "a**b", "Rate", "two  spaces", "it\u2019s"])
def test_a_pattern_that_is_not_plain_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"piece|plain"):
        compile_pattern(text)


def test_plain_text() -> None:
    assert plain("  It\u2019s\n\t \u201cOver\u201d\u00a0 ") == 'it\'s "over"'


def test_words_have_no_style() -> None:
    assert word("RESOURCE_EXHAUSTED") == word("ResourceExhausted") == "resourceexhausted"
    assert names("a b\n c") == {"a", "b", "c"}


def test_words_that_look_like_codes() -> None:
    text = (
        "litellm.RateLimitError: {'type': 'insufficient_quota'} in My_Long or Errors, x" + "_" * 99
    )
    assert coded_words(text) == {"ratelimiterror", "insufficientquota", "mylong"}
