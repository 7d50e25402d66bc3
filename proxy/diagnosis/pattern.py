"""Linear patterns over plain text.

A pattern is lower-case text in which `*` stands for anything; `^` in front ties it to the start,
`$` behind to the end. It is matched by searching its pieces one after the other, so the cost is
linear in the text whatever the text is: there is nothing to backtrack. This module never learns
what the texts mean.
"""

import re
from dataclasses import dataclass

QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
"""Typographic marks that pages and messages use where the next one does not."""

CODED = re.compile(
    r"(?<![A-Za-z0-9_])(?:[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]+|[A-Z][A-Za-z0-9]*(?:Error|Exception))"
    r"(?![A-Za-z0-9_])"
)
"""A word that looks like a code. It begins at a word's start only, so each word is read once."""

NOT_ALNUM = re.compile(r"[^0-9a-z]+")

LONGEST_WORD = 80
"""Characters; error codes are shorter, and what is longer is prose or an id."""


def names(text: str) -> frozenset[str]:
    """Return the names that stand in a text, with white space between."""
    return frozenset(text.split())


def plain(text: str) -> str:
    """Return `text` in lower case, its quotes straightened, its white space single."""
    lowered = text.lower()
    if not lowered.isascii():
        lowered = lowered.translate(QUOTES)
    return " ".join(lowered.split())


def word(text: str) -> str:
    """Return a code or type without style: `RESOURCE_EXHAUSTED` is `resourceexhausted`."""
    return NOT_ALNUM.sub("", text.lower())


def coded_words(text: str) -> set[str]:
    """Return the words of a text that look like codes: `insufficient_quota`, `SomeError`."""
    return {word(code) for code in CODED.findall(text) if len(code) <= LONGEST_WORD}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; `text` is how it was written, which is safe to show."""

    text: str
    pieces: tuple[str, ...]
    from_start: bool
    to_end: bool

    def found_in(self, text: str) -> bool:
        """Tell whether the pattern is in a plain text. Linear: each piece is searched once."""
        at = 0
        pieces = self.pieces
        if self.from_start and not text.startswith(pieces[0]):
            return False
        for piece in pieces:
            at = text.find(piece, at)
            if at < 0:
                return False
            at += len(piece)
        return not self.to_end or (
            text.endswith(pieces[-1])
            and (len(pieces) > 1 or not self.from_start or at == len(text))
        )


def compile_pattern(text: str) -> Pattern:
    """Compile a pattern. Raises ValueError where it says nothing, or is not plain."""
    from_start, to_end = text.startswith("^"), text.endswith("$")
    core = text[from_start : len(text) - to_end]
    pieces = tuple(piece.strip() if "*" in core else piece for piece in core.split("*"))
    if not all(pieces):
        raise ValueError(f"{text!r} has an empty piece")
    if any(plain(piece) != piece.strip() for piece in pieces):
        raise ValueError(f"{text!r} is not plain: lower case, straight quotes, single spaces")
    return Pattern(text=text, pieces=pieces, from_start=from_start, to_end=to_end)
