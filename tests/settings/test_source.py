"""Excerpts: short, printable, without secrets, and the caret where it belongs."""

import pytest

from proxy.settings.source import HIDDEN, WIDEST, Mark, Source, censor, may_show, span


def shown(line: str, piece: str) -> tuple[str, str]:
    """The excerpt of a line, and what the caret marks in it."""
    start = line.index(piece)
    excerpt = Source("t.yaml", line).excerpt(span(1, start, start + len(piece)))
    return excerpt.text, excerpt.text[excerpt.caret : excerpt.caret + excerpt.length]


def test_a_short_line_is_shown_as_it_is() -> None:
    assert shown("listen: localhost:8080", "localhost") == ("listen: localhost:8080", "localhost")


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_lines_end_where_libyaml_ends_them(break_: str) -> None:
    source = Source("t.yaml", f"a: 1{break_}b: 2")
    assert source.line(2) == "b: 2"
    assert source.line(3) == ""
    assert source.at(4 + len(break_)) == span(2, 0, 1)


def test_a_word_ends_at_a_space_a_comma_or_a_bracket() -> None:
    source = Source("t.yaml", "a: {b: *mini, c}")
    assert source.word(1, 8) == span(1, 7, 12)
    assert source.word(1, 14) == span(1, 13, 14)


@pytest.mark.parametrize("piece", ["begin", "middle", "end"])
def test_a_long_line_is_shortened_around_the_place(piece: str) -> None:
    line = "begin" + "x" * 300 + "middle" + "y" * 300 + "end"
    text, marked = shown(line, piece)
    assert marked == piece
    assert len(text) <= WIDEST + 2


def test_a_piece_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    source = Source("t.yaml", "a: |\n  text")
    excerpt = source.excerpt(Mark(line=1, column=4, end_line=2, end_column=7))
    assert excerpt.text[excerpt.caret :] == "|"


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    text, marked = shown("a: \x1b[2J x", "x")
    assert "\x1b" not in text
    assert marked == "x"
    assert shown("\ta: x", "x") == ("→a: x", "x")


@pytest.mark.parametrize(
    "line",
    [
        "key: sk-live-1234, x: place",
        'key: "sk-live-1234", x: place',
        '{"key": "sk-live-1234", "x": place}',
        "api_key:   sk-live-1234, place",
        "token: sk-live-1234} place",
        "password: sk-live-1234, place",
        "url: https://sk-live-1234@host place",
        "url: https://user:sk-live-1234@host place",
        'authorization: "Bearer sk-live-1234", place',
        "key: ${NAME:-sk-live-1234}, place",
    ],
)
def test_what_looks_like_a_secret_is_struck_out(line: str) -> None:
    text, marked = shown(line, "place")
    assert "live" not in text
    assert HIDDEN in text
    assert marked == "place"
    assert "live" not in censor(line)


@pytest.mark.parametrize(
    "line",
    [
        "key: ${NAME}",
        'key: "${NAME}"',
        "key: none",
        "key: client",
        "key: {file: /run/x}",
        "keys: x",
    ],
)
def test_what_gives_nothing_away_is_shown(line: str) -> None:
    assert censor(line) == line


def test_a_place_can_be_hidden_and_still_be_pointed_at() -> None:
    source = Source("t.yaml", "key:\n  sk-1\n  sk-2 # x")
    source.hide(Mark(line=2, column=3, end_line=3, end_column=7))
    assert source.excerpt(span(2, 2, 6)).text == "  ***"
    assert source.excerpt(span(2, 2, 6)).length == len(HIDDEN)
    assert source.excerpt(span(3, 7, 8)).text == "*** # x"


def test_hidden_pieces_may_overlap() -> None:
    source = Source("t.yaml", "key: sk-live-1234")
    source.hide(span(1, 5, 17))
    source.hide(span(1, 7, 12))
    assert source.excerpt(span(1, 0, 3)).text == "key: ***"


def test_only_a_bare_reference_or_a_word_may_stand_for_a_secret_openly() -> None:
    assert may_show("${NAME}")
    assert may_show("${NAME:-none}")
    assert may_show("none")
    assert not may_show("${NAME:-sk-1}")
    assert not may_show("x${NAME}")
