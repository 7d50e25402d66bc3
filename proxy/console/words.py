"""States as the page shows them: a word, a shape, a tone.

Every state has its sign (a test sees to it).
"""

from typing import NamedTuple

from proxy.policy.standing import Word


class Sign(NamedTuple):
    """A state as it is shown: a word and a shape, so that colour only helps."""

    word: str
    shape: str
    """The id of a symbol in the template."""
    tone: str
    """`good`, `mid` or `bad`: the class that colours it."""


SIGNS: dict[Word, Sign] = {
    Word.CLOSED: Sign("in rotation", "disc", "good"),
    Word.SLOW_START: Sign("returning", "half", "mid"),
    Word.PROBING: Sign("on trial", "diamond", "mid"),
    Word.COOLING: Sign("cooling down", "pause", "mid"),
    Word.EJECTED: Sign("out of rotation", "cross", "bad"),
}


HEADLINES: dict[str, Sign] = {
    "good": Sign("Well", "disc", "good"),
    "mid": Sign("Degraded", "diamond", "mid"),
    "bad": Sign("Down", "cross", "bad"),
}
"""The state of the whole, by its tone."""
