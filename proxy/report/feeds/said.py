"""The words for what a provider says of itself. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from proxy.model import Seconds
from proxy.report.words import span

STALE = Seconds(900.0)
"""What was heard longer ago says nothing of now."""

MOST_DETAIL = 160
"""Characters of a provider's headline that are shown."""


class Says(StrEnum):
    """How well a provider says it is, in Statuspage's grades."""

    OPERATIONAL = "operational"
    MAINTENANCE = "maintenance"
    DEGRADED = "degraded"
    PARTIAL = "partial outage"
    MAJOR = "major outage"
    UNKNOWN = "unknown"


GRAVITY = (Says.OPERATIONAL, Says.MAINTENANCE, Says.DEGRADED, Says.PARTIAL, Says.MAJOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one copy of a feed says."""

    says: Says
    detail: str = ""
    """The provider's own headline, or why it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a provider says, and how old that is."""

    says: Says
    detail: str
    age: Seconds | None
    """Since it was read; None where it never could be."""

    def __str__(self) -> str:
        """Say it in a few words: `operational (2 min ago)`."""
        detail = f": {self.detail}" if self.detail else ""
        ago = f" ({span(self.age)} ago)" if self.age is not None else ""
        return f"{self.says}{detail}{ago}"


def worst(readings: Iterable[Reading]) -> Reading:
    """Return the gravest; of nothing nothing is known."""
    known = [each for each in readings if each.says is not Says.UNKNOWN]
    if not known:
        return unknown("it names no state that is known")
    return max(known, key=lambda each: GRAVITY.index(each.says))


def unknown(why: str) -> Reading:
    """Return that nobody can tell."""
    return Reading(says=Says.UNKNOWN, detail=why)


def clip(text: str) -> str:
    """Return a headline on one line, printable and short."""
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
    return line if len(line) <= MOST_DETAIL else f"{line[: MOST_DETAIL - 1]}…"


def means(component: str, *names: str) -> bool:
    """Say whether one of the names is of the component that is meant; without one all are."""
    wanted = component.casefold()
    return not wanted or any(wanted in name.casefold() for name in names)
