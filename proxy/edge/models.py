"""Which models there are: the names that the routing table knows.

An app that asks for the list gets what it may ask for. No backend is asked, and a pattern
(`gpt-5*`) is no name.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from proxy.model import Dialect, Fleet, Route


def model_names(fleet: Fleet, dialect: Dialect) -> tuple[str, ...]:
    """Return the names that a client of this dialect may ask for, in the order of the table."""
    routes = (route for route in fleet.routes if _speaks(route, dialect))
    return tuple(dict.fromkeys(name for route in routes for name in _names(route)))


def _speaks(route: Route, dialect: Dialect) -> bool:
    """Whether a route serves a dialect: its match says so, or its targets, which speak one."""
    return (route.match.dialect or route.tiers[0][0].backend.dialect) is dialect


def _names(route: Route) -> Iterator[str]:
    """Give the model of an exact match; of a pattern the names of its targets that fit it."""
    pattern = "*" if route.match.model is None else route.match.model
    if not any(wild in pattern for wild in "*?"):
        yield pattern
    glob = pattern.replace("[", "[[]")
    for tier in route.tiers:
        for target in tier:
            known = [*target.backend.models, *([] if target.model is None else [target.model])]
            yield from (name for name in known if fnmatchcase(name, glob))
