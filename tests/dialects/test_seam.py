"""Seams, by tables: a text goes on behind the last character, or nothing does."""

import pytest

from proxy.dialects.seam import (
    ANCHOR,
    Align,
    Anchor,
    Prefill,
    Seam,
    State,
    can_anchor,
    can_prefill,
)

SHOWN = "A bridge holds because every stone leans on the next one. "


def play(seam: Seam, *texts: str, end: bool = True) -> tuple[State, str]:
    said = ""
    for text in texts:
        if seam.state is State.JOINED:
            said += text
        elif seam.state is State.OPEN:
            said += seam.take(text)
    if end and seam.state is State.OPEN:
        seam.end()
    return seam.state, said


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_align_goes_on_behind_the_last_character(size: int) -> None:
    text = SHOWN + "So it stands."
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    seam = Align(SHOWN)
    assert play(seam, *pieces) == (State.JOINED, "So it stands.")
    assert seam.unsaid == ""


@pytest.mark.parametrize("at", [0, 1, 30, len(SHOWN) - 1])
def test_align_fails_at_the_first_character_that_differs(at: int) -> None:
    seam = Align(SHOWN)
    text = f"{SHOWN[:at]}#{SHOWN[at + 1 :]} and on"
    assert play(seam, text[:5], text[5:]) == (State.FAILED, "")
    assert seam.common == at


def test_align_needs_all_of_the_text() -> None:
    assert play(Align(SHOWN), SHOWN[:-1]) == (State.FAILED, "")
    assert play(Align(SHOWN), SHOWN) == (State.JOINED, "")
    assert play(Align(SHOWN), SHOWN, end=False) == (State.OPEN, "")


@pytest.mark.parametrize(
    ("shown", "texts", "expected"),
    [
        ("One two", [" three"], (State.JOINED, " three")),
        ("One two ", [" three"], (State.JOINED, "three")),
        ("One two\n\n", ["\n", "\nthree"], (State.JOINED, "three")),
        ("One two\n", [" three"], (State.FAILED, "")),
        ("One two ", ["three"], (State.FAILED, "")),
        ("One two", [], (State.JOINED, "")),
        ("One two ", [], (State.FAILED, "")),
        ("One two ", [" "], (State.JOINED, "")),
        ("One two", ["One", " two", " three"], (State.JOINED, " three")),
        ("One two", ["One two"], (State.JOINED, "")),
        ("One two", ["One"], (State.FAILED, "")),
        ("One two", ["One t", "en"], (State.FAILED, "")),
        ("One two", ["On", "ly"], (State.JOINED, "Only")),
        ("One two", ["One-off"], (State.JOINED, "One-off")),
        ("One two", ["One \n"], (State.FAILED, "")),
    ],
)
def test_prefill(shown: str, texts: list[str], expected: tuple[State, str]) -> None:
    assert play(Prefill(shown), *texts) == expected


def test_prefill_fails_as_soon_as_it_can_be_told() -> None:
    assert play(Prefill("One two "), "three", end=False) == (State.FAILED, "")


def test_prefill_knows_what_was_not_said_again() -> None:
    went_on, again = Prefill("One two"), Prefill("One two")
    play(went_on, " three")
    play(again, "One two three")
    assert (went_on.unsaid, again.unsaid) == ("One two", "")


LONG = "x" * 10 + " the quick brown fox jumps over the lazy dog and on"


@pytest.mark.parametrize(
    ("tail", "answer", "expected"),
    [
        ("", "{anchor} it runs", (State.JOINED, " it runs")),
        ("", "\n  {anchor}, and", (State.JOINED, ", and")),
        (" ", "{anchor} it runs", (State.JOINED, "it runs")),
        (" ", "{anchor}\nit runs", (State.JOINED, "it runs")),
        ("\n", "{anchor}\n\nIt runs", (State.JOINED, "\nIt runs")),
        (" ", "{anchor}it runs", (State.FAILED, "")),
        ("", "Sure: {anchor} it runs", (State.FAILED, "")),
        ("", "{anchor}", (State.JOINED, "")),
        ("", "jumps", (State.FAILED, "")),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_anchor(tail: str, answer: str, expected: tuple[State, str], size: int) -> None:
    shown = LONG + tail
    text = answer.format(anchor=shown[-ANCHOR:].strip())
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    seam = Anchor(shown)
    assert play(seam, *pieces) == expected
    assert seam.unsaid == shown[:-ANCHOR]


def test_an_anchor_is_48_characters() -> None:
    assert ANCHOR == 48


def test_white_space_inside_of_an_anchor_does_not_matter() -> None:
    text = LONG[-ANCHOR:].replace(" ", "\n  ")
    assert play(Anchor(LONG), text + " it") == (State.JOINED, " it")


@pytest.mark.parametrize(
    ("shown", "possible"),
    [
        (LONG, True),
        ("12345678", True),
        ("1234567", False),
        ("word " + "-" * 60, False),
        ("la " * 40, False),
        (LONG + LONG, False),
        ("start" + " " * 50, False),
    ],
)
def test_an_anchor_cannot_be_mistaken_for_another_place(shown: str, possible: bool) -> None:
    assert can_anchor(shown) is possible


def test_a_turn_cannot_begin_with_white_space_only() -> None:
    assert can_prefill("a ")
    assert not can_prefill(" \n")
