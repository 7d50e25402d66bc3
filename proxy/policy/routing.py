"""Which route takes an ask: first match wins.

Knows the table and the ask; never health, never time. A table is compiled once; the ask of a hot
path then meets a few comparisons.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from proxy.model import Ask, Dialect, Fleet, Match, Operation, Replay, Route, Target, header

_OTHER = Operation.OTHER
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every ask is matched."""


def find_route(fleet: Fleet, ask: Ask) -> Route | None:
    """Return the route that takes `ask`, or None.

    What no route knows and what is bound to one account (an unknown path, a stateful call) goes to
    the first backend of its dialect that a route names, in one attempt; the route made for that
    has no name. A route takes an unknown path only if it says so, by `operation` or by `path`.
    """
    return _table(fleet).find(ask)


def mismatches(fleet: Fleet, ask: Ask) -> Iterator[tuple[Route, str]]:
    """Yield the routes as they are asked, each with what does not fit (empty: it takes `ask`)."""
    for rule, route in _table(fleet).rules:
        what = rule.mismatch(ask)
        yield route, what
        if not what:
            return


class Table:
    """The routes of one fleet, compiled."""

    __slots__ = ("_direct", "fleet", "rules")

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.rules = tuple((_compiled(route.match), route) for route in fleet.routes)
        self._direct = {dialect: _direct(fleet, dialect) for dialect in Dialect}

    def find(self, ask: Ask) -> Route | None:
        """Return the route that takes `ask`, or None."""
        for rule, route in self.rules:
            if not rule.mismatch(ask):
                return route
        if ask.operation in {Operation.OTHER, Operation.STATEFUL}:
            return self._direct[ask.dialect]
        return None


class _Memory:
    """The table compiled last: a fleet is swapped whole, and rarely."""

    table: Table | None = None


def _table(fleet: Fleet) -> Table:
    table = _Memory.table
    if table is None or table.fleet is not fleet:
        table = _Memory.table = Table(fleet)
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """A match, ready to be asked."""

    match: Match
    model: re.Pattern[str] | None
    path: re.Pattern[str] | None
    headers: tuple[tuple[bytes, bytes], ...]

    def mismatch(self, ask: Ask) -> str:
        """Return the key of the match that does not fit, empty where all do."""
        match = self.match
        if match.dialect is not None and match.dialect is not ask.dialect:
            return "dialect"
        if match.operation is not None:
            if match.operation is not ask.operation:
                return "operation"
        elif ask.operation is _OTHER and match.path is None:
            return "path"
        if self.model is not None and (ask.model is None or not self.model.fullmatch(ask.model)):
            return "model"
        if self.path is not None and not self.path.fullmatch(ask.path):
            return "path"
        return self._missing(ask) if self.headers else ""

    def _missing(self, ask: Ask) -> str:
        for name, value in self.headers:
            if header(ask.headers, name) != value:
                return f"header {name.decode()}"
        return ""


def _compiled(match: Match) -> _Rule:
    return _Rule(
        match=match,
        model=None if match.model is None else _glob(match.model),
        path=None if match.path is None else _glob(match.path),
        headers=tuple((name, value.encode()) for name, value in match.headers),
    )


def _glob(pattern: str) -> re.Pattern[str]:
    """Compile `*` and `?`, without backtracking: the text to match comes from a client."""
    first, *rest = (re.escape(part).replace(r"\?", ".") for part in pattern.split("*"))
    if not rest:
        return re.compile(first, re.DOTALL)
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(f"{first}{middle}.*{rest[-1]}", re.DOTALL)


def _direct(fleet: Fleet, dialect: Dialect) -> Route | None:
    for route in fleet.routes:
        for tier in route.tiers:
            for target in tier:
                if target.backend.dialect is dialect:
                    return Route(
                        name="",
                        match=Match(),
                        tiers=((Target(backend=target.backend),),),
                        stream=route.stream,
                        unary=route.unary,
                        attempts=1,
                        replay=Replay.UNSENT,
                    )
    return None
