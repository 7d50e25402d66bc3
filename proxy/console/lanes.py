"""The routes as the page shows them: what each takes, and its tiers in their order.

Pure: from the table and the standings to values that the template lays out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.console.standings import Standings
from proxy.console.words import SIGNS, Sign
from proxy.model import Match, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One target of a route."""

    name: str
    sign: Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One route."""

    name: str
    takes: str
    tiers: tuple[tuple[Stop, ...], ...]
    serves: bool
    static: bool
    """Whether a text of the table's own answers where no target does."""


def lanes(routes: Sequence[Route], standings: Standings) -> tuple[Lane, ...]:
    """Return a lane for each route."""
    return tuple(_lane(route, standings) for route in routes)


def _lane(route: Route, standings: Standings) -> Lane:
    return Lane(
        name=route.name,
        takes=takes(route.match),
        tiers=tuple(
            tuple(Stop(name=str(target), sign=SIGNS[standings.target(target)]) for target in tier)
            for tier in route.tiers
        ),
        serves=standings.serves(route),
        static=route.static is not None,
    )


def takes(match: Match) -> str:
    """Say which asks a route takes."""
    named = {
        "model": match.model,
        "dialect": match.dialect,
        "operation": match.operation,
        "path": match.path,
    }
    said = [f"{name} {value}" for name, value in named.items() if value is not None]
    said += [f"header {name.decode()}" for name, _ in match.headers]
    return ", ".join(said) or "everything"
