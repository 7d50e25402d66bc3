"""States as the page shows them: a word, a shape, a tone.

Every state, stage and impact has its sign (a test sees to it).
"""

from typing import NamedTuple

from proxy.policy.standing import Word
from proxy.report.incident import Impact, Stage
from proxy.report.traffic import Tally, Unit


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

SUSPECT = Sign("failing", "diamond", "mid")
"""In rotation still, but it has failed since it last answered."""

HEADLINES: dict[str, Sign] = {
    "good": Sign("Well", "disc", "good"),
    "mid": Sign("Degraded", "diamond", "mid"),
    "bad": Sign("Down", "cross", "bad"),
}
"""The state of the whole, by its tone."""

STAGES: dict[Stage, Sign] = {
    Stage.INVESTIGATING: Sign("investigating", "diamond", "bad"),
    Stage.IDENTIFIED: Sign("identified", "diamond", "mid"),
    Stage.MONITORING: Sign("monitoring", "half", "mid"),
    Stage.RESOLVED: Sign("resolved", "disc", "good"),
}

IMPACTS: dict[Impact, Sign] = {
    Impact.NONE: Sign("none", "disc", "good"),
    Impact.MINOR: Sign("minor", "half", "mid"),
    Impact.MAJOR: Sign("major", "diamond", "bad"),
    Impact.CRITICAL: Sign("critical", "cross", "bad"),
}
"""What the apps felt."""

UNITS: dict[Unit, str] = {Unit.MINUTE: "minute", Unit.HOUR: "hour", Unit.DAY: "day"}


def percent(tally: Tally) -> str:
    """Say which part was whole; never more than it was: 99.96 % is not 100 %."""
    if tally.failed == 0:
        return "100 %"
    return f"{int(tally.share * 1000) / 10:.1f} %"


def tone_of(tally: Tally) -> str:
    """Return the tone of a part that was whole."""
    return "good" if tally.failed == 0 else "mid" if tally.share >= SOME else "bad"


SOME = 0.95
"""From this part of whole answers on, an app that retries hardly notices."""
