"""Seams: where another answer goes on with the text that the client already has.

One small object for each way of going on. It takes the new answer's text piece by piece, compares,
and gives back what goes on; until it is *joined* nothing does, and a seam that has *failed* never
gives anything. So two texts are never glued: a seam is verified to the character, or there is none.
It knows texts only, no events.
"""

from enum import Enum
from typing import Protocol

ANCHOR = 48
"""Characters of the shown text's end that an anchored answer begins with."""
_LEAST_ANCHOR = 8
"""Characters without white space that an anchor must have: less would prove nothing."""
_ALIKE = 4
"""Characters in which an answer that leaves the shown text may have been like its beginning: with
more it did not go on but started over, and said something else."""


class State(Enum):
    """How far a seam is."""

    OPEN = 0
    JOINED = 1
    FAILED = 2


class Seam(Protocol):
    """Compares a new answer with the shown text."""

    state: State
    """How far it is."""
    unsaid: str
    """The part of the shown text that the new answer has not said itself."""

    def take(self, text: str) -> str:
        """Take the next text, while open; return what goes on."""

    def end(self) -> None:
        """Hear that the new answer's text is over, while open."""


class Align:
    """The same answer again: equal to the last character, then the rest goes on."""

    def __init__(self, shown: str) -> None:
        self.state = State.OPEN
        self.unsaid = ""
        self.common = 0
        """Characters in which it is equal so far."""
        self._shown = shown

    def take(self, text: str) -> str:
        """Take the next text; the first character that differs fails it."""
        expected = self._shown[self.common : self.common + len(text)]
        if not text.startswith(expected):
            self.state = State.FAILED
            self.common += _common(text, expected)
            return ""
        self.common += len(expected)
        rest = text[len(expected) :]
        if rest:
            self.state = State.JOINED
        return rest

    def end(self) -> None:
        """Hear that the text is over: it must have been all of the shown one."""
        self.state = State.JOINED if self.common == len(self._shown) else State.FAILED


class Prefill:
    """The shown text was the beginning of the model's own turn: what comes goes on behind it.

    The white space at its end was not given (APIs refuse it): the answer must begin with it. An
    answer that starts over with the shown text is aligned; one that starts over and then says
    something else has failed, as has one of which it cannot be told.
    """

    def __init__(self, shown: str) -> None:
        self.state = State.OPEN
        self.unsaid = shown
        self._again: Align | None = Align(shown)
        self._tail = shown[len(shown.rstrip()) :]
        self._held = ""

    def take(self, text: str) -> str:
        """Take the next text."""
        again = self._again
        if again is not None:
            rest = again.take(text)
            if again.state is State.JOINED:
                self.unsaid = ""
                self.state = State.JOINED
                return rest
        self._held += text
        if again is not None and again.state is State.OPEN:
            return ""
        if again is not None and again.common >= _ALIKE:
            self.state = State.FAILED
            return ""
        self._again = None
        return self._behind_tail()

    def end(self) -> None:
        """Hear that the text is over: nothing was left to say, or all of it was said again."""
        again = self._again
        if again is not None and self._held:
            again.end()
            self.state, self.unsaid = again.state, ""
        else:
            self.state = State.JOINED if self._held == self._tail else State.FAILED

    def _behind_tail(self) -> str:
        if self._held.startswith(self._tail):
            rest = self._held[len(self._tail) :]
            if rest:
                self.state = State.JOINED
            return rest
        if not self._tail.startswith(self._held):
            self.state = State.FAILED
        return ""


class Anchor:
    """The answer begins with the end of the shown text, white space apart, and goes on from it."""

    def __init__(self, shown: str) -> None:
        self.state = State.OPEN
        self.unsaid = shown[:-ANCHOR]
        self._needle = "".join(shown[-ANCHOR:].split())
        self._tail = shown[len(shown.rstrip()) :]
        self._matched = 0
        self._gap = ""

    def take(self, text: str) -> str:
        """Take the next text."""
        for at, character in enumerate(text):
            if self._matched == len(self._needle):
                if not character.isspace():
                    return self._join(text[at:])
                self._gap += character
            elif not character.isspace():
                if character != self._needle[self._matched]:
                    self.state = State.FAILED
                    return ""
                self._matched += 1
        return ""

    def end(self) -> None:
        """Hear that the text is over: the anchor must have been said."""
        said = self._matched == len(self._needle)
        self.state = State.JOINED if said else State.FAILED

    def _join(self, rest: str) -> str:
        """Return the text behind the anchor; its own white space stands once."""
        gap, tail = self._gap, self._tail
        if tail and not gap:
            self.state = State.FAILED  # the client has a gap where this answer has none
            return ""
        self.state = State.JOINED
        return (gap[len(tail) :] if gap.startswith(tail) else "") + rest


def can_prefill(shown: str) -> bool:
    """Say whether a turn can begin with the shown text."""
    return bool(shown.strip())


def can_anchor(shown: str) -> bool:
    """Say whether the end of the shown text is a place that cannot be mistaken for another."""
    anchor = shown[-ANCHOR:]
    solid = "".join(anchor.split())
    return len(solid) >= _LEAST_ANCHOR and "".join(shown.split()).find(solid) == len(
        "".join(shown[:-ANCHOR].split())
    )


def _common(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
