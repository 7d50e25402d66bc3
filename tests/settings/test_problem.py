"""How problems are named, quoted and put into words."""

import re

from proxy.settings.problem import (
    Code,
    Problem,
    SettingsError,
    Severity,
    closest,
    either,
    headline,
    quote,
    suggest,
)

PROBLEM = Problem(
    code=Code.UNKNOWN_KEY,
    severity=Severity.ERROR,
    file="t.yaml",
    line=3,
    column=5,
    where="routes.chat.limits.hed",
    reason="`hed` is not a key of `limits`",
)


def test_codes_are_stable_and_numbered() -> None:
    assert all(re.fullmatch(r"FL[1-4]\d\d", code) for code in Code)
    assert Code("FL200") is Code.UNKNOWN_KEY


def test_a_headline_is_what_compilers_say() -> None:
    said = headline(PROBLEM)
    assert said == (
        "t.yaml:3:5: error FL200: `hed` is not a key of `limits` (routes.chat.limits.hed)"
    )


def test_a_headline_without_a_place_names_the_file() -> None:
    problem = Problem(
        code=Code.UNREADABLE, severity=Severity.ERROR, file="t.yaml", reason="it cannot be read"
    )
    assert headline(problem) == "t.yaml: error FL100: it cannot be read"


def test_an_error_says_all_its_problems() -> None:
    error = SettingsError([PROBLEM, PROBLEM])
    assert error.problems == (PROBLEM, PROBLEM)
    assert str(error).count("FL200") == 2


def test_a_quote_is_short_and_printable() -> None:
    assert quote("x") == "`x`"
    assert quote("a\x1b[2Jb\nc") == "`a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c`"
    assert quote("x" * 100, 5) == "`xxxxx…`"


def test_words_are_listed_as_people_do() -> None:
    assert either(["a"]) == "`a`"
    assert either(["a", "b", "c"]) == "`a`, `b` or `c`"


def test_the_closest_name_is_guessed_whatever_its_case() -> None:
    assert closest("first_contnt", ["first_content", "head"]) == "first_content"
    assert closest("OpenAI", ["openai"]) == "openai"
    assert closest("zebra", ["openai"]) is None


def test_without_a_guess_the_known_names_are_listed() -> None:
    assert suggest("zebra", ["b", "a"], "known") == "known: a, b"
    assert suggest("hed", ["head"], "known") == "did you mean `head`?"
    assert suggest("zebra", [], "known") == ""
    many = suggest("zebra", [f"name{i:02}" for i in range(20)], "known")
    assert many.endswith("name11 and 8 more")
