"""Slips of YAML's syntax: each is found at its place, and the mend says what to write."""

import pytest

from proxy.settings.problem import Code
from tests.settings.tables import codes, place, refused

SLIPS = [
    # text, what the problem points at, code, words of the reason, words of the mend
    ("a: {k: ${X}}", "${X}", "FL113", "needs quotes here", 'write it in quotes: `"${X}"`'),
    ("a: [${X}]", "${X}", "FL113", "needs quotes here", '`"${X}"`'),
    ("a: {k: ${X:-b}, c: d}", "${X:-b}", "FL113", "needs quotes here", '`"${X:-...}"`'),
    ("a: ${X:-b: c}", "${X:-b: c}", "FL113", "brace or colon", '`"${X:-...}"`'),
    ("a:\n\tb: 1", "\t", "FL104", "a tab", "indent with spaces"),
    ("\ta: 1", "\t", "FL104", "a tab", "indent with spaces"),
    ("a: *\n", "*", "FL107", "an alias of YAML, not a glob", 'in quotes: `"*"`'),
    ("a: {model: *}", "*", "FL107", "an alias of YAML, not a glob", '`"*-mini"`'),
    ("a: &\n", "&", "FL107", "an anchor of YAML", "in quotes"),
    ("listen: [::1]:8080", "[::1]:8080", "FL103", "needs quotes", 'write `"[::1]:8080"`'),
    ("a: {b: [::1]:8080}", "[::1]:8080", "FL103", "needs quotes", 'write `"[::1]:8080"`'),
    ("a: @x", "@", "FL103", "cannot begin a value", "in quotes"),
    ("a: %20", "%", "FL103", "cannot begin a value", "a percentage is written `20%`"),
    ("a: ]", "]", "FL103", "`]` cannot begin a value", "in quotes"),
    ("a: > x", ">", "FL103", "a block of text", "in quotes"),
    ("a: |x", "|", "FL103", "a block of text", "in quotes"),
    ("a: 'x\nb: 1", "'", "FL103", "this quote is never closed", "close it"),
    ('a: "x', '"', "FL103", "this quote is never closed", "close it"),
    ("a: {b: 1\nc: 2", "{", "FL103", "is not closed where its content ends, on line 2", "`}`"),
    ("a: [1, 2\nc: 2", "[", "FL103", "is not closed where its content ends, on line 2", "`]`"),
    ("a: {b: 1 c: 2}", ": 2", "FL103", "a `,` or the closing `}` is missing", "needs quotes"),
    ("a: b: c", ": c", "FL103", "this colon would begin a mapping", "in quotes"),
    ("a: 1\n  b: 2", ": 2", "FL103", "this colon would begin a mapping", "indented too far"),
    ("a:\n  b: 1\n c: 2", "c", "FL103", "does not fit the mapping that began on line 1", "indent"),
    ("- a\nb: c", "b", "FL103", "goes on here without a `-`", "begin the line with `- `"),
    ("a: 1\nword\nb: 3", "word", "FL103", "`word` is neither", "a colon and a space"),
    ('a: "\\q"', "\\", "FL103", "a backslash begins an escape", "single quotes"),
    ("a: - b", "-", "FL103", "cannot begin here", "on a line of its own"),
    ("{a: 1}}", "}}", "FL103", "the table has ended here", "a bracket too many"),
    ('a: "${X}"x', "x", "FL103", "something follows the closing quote", "the whole value"),
    ("a: 'it's'", "s'", "FL103", "something follows the closing quote", "written twice"),
    (
        "[[",
        "",
        "FL103",
        "the table ends where a value should stand",
        "is a `[`, a `{` or a quote above left open?",
    ),
    ("a: ?", "?", "FL103", "this is not YAML: mapping keys are not allowed", ""),
]


@pytest.mark.parametrize(("text", "needle", "code", "reason", "mend"), SLIPS)
def test_a_slip_is_explained_at_its_place(
    text: str, needle: str, code: str, reason: str, mend: str
) -> None:
    problem = refused(text)
    assert problem.code == Code(code)
    assert reason in problem.reason
    assert mend in problem.mend
    if needle == "}}":
        assert (problem.line, problem.column) == (1, 7)
    elif needle:
        assert (problem.line, problem.column) == place(text, needle)


def test_a_secret_on_the_line_of_a_slip_is_not_shown() -> None:
    problem = refused("backends: {openai: {key: sk-live-1234, x: a: b}}")
    assert "live" not in f"{problem}"
    problem = refused("a: 1\nkey: sk-live-1234\ntoken sk-live-1234\nb: 1")
    assert "live" not in problem.source


def test_a_key_without_quotes_is_shown_whole() -> None:
    problem = refused("backends: {x: {provider: openai, key: ${KEY}}}")
    assert problem.source == "backends: {x: {provider: openai, key: ${KEY}}}"
    assert problem.source[problem.caret :].startswith("${KEY}")


def test_a_line_that_is_no_key_is_quoted_without_its_secret() -> None:
    problem = refused("a: 1\nhttps://sk-live-1234@host\nb: 1")
    assert "live" not in f"{problem}"


def test_what_was_found_before_a_slip_is_told_too() -> None:
    assert codes("a: on\na: 1\nb: {") == [Code.AMBIGUOUS_WORD, Code.DUPLICATE_KEY, Code.SYNTAX]
