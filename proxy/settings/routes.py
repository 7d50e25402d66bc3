"""From the routes of the table to those of the model: targets, match, limits.

Knows the backends that were built, and the names of those that could not be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from proxy.model import (
    Backend,
    Balance,
    Dialect,
    Hedge,
    Limits,
    Match,
    Replay,
    Route,
    Rung,
    Seconds,
    Target,
)
from proxy.settings.findings import Findings
from proxy.settings.limits import Layer, build_limits
from proxy.settings.nodes import Path
from proxy.settings.problem import Code, quote
from proxy.settings.shapes import Draft
from proxy.settings.table import Manner, MatchEntry, RouteEntry, StaticEntry, TargetEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A route, and where it and its targets stand in the table."""

    route: Route
    path: Path
    targets: tuple[tuple[Path, Target], ...]
    whole: bool
    """Whether all of its targets could be built."""


def build_routes(
    draft: Draft, built: Mapping[str, Backend], findings: Findings
) -> tuple[Placed, ...]:
    """Build all routes as far as they go; tell what is wrong with them."""
    placed = []
    for place, entry in zip(draft.places, draft.table.routes, strict=True):
        path: Path = ("routes", place)
        entries, static = _apart(entry, path, findings)
        tiers = [_tier(tier, (*path, "tiers", i), built) for i, tier in enumerate(entries)]
        targets = tuple(target for tier in tiers for target in tier)
        dialect = _dialect(entry.match, targets, findings)
        route = Route(
            name=entry.name,
            match=_match(entry.match, dialect),
            tiers=tuple(tuple(target for _, target in tier) for tier in tiers),
            static=static,
            **_manner(entry, draft.table.defaults, path, findings),
        )
        whole = len(targets) == sum(map(len, entries))
        placed.append(Placed(route=route, path=path, targets=targets, whole=whole))
    return tuple(placed)


def _apart(
    entry: RouteEntry, path: Path, findings: Findings
) -> tuple[list[list[TargetEntry]], str | None]:
    """Part the tiers of backends from the text that may come last; tell of one anywhere else."""
    *_, last = entry.tiers
    text = None
    for i, tier in enumerate(entry.tiers):
        for j, target in enumerate(tier):
            if isinstance(target, StaticEntry):
                text = target.static.text
                if tier is not last or len(tier) > 1 or len(entry.tiers) == 1:
                    reason = "a static answer is what is left when every backend has failed"
                    mend = "make it the only target of the last tier, behind a tier of backends"
                    findings.error((*path, "tiers", i, j), Code.CONTRADICTION, reason, mend)
    backends = [[t for t in tier if isinstance(t, TargetEntry)] for tier in entry.tiers]
    return [tier for tier in backends if tier], text


def _tier(
    tier: list[TargetEntry], path: Path, built: Mapping[str, Backend]
) -> list[tuple[Path, Target]]:
    """Return those targets of a tier whose backend is well, and where they stand."""
    found = [((*path, j), _target(entry, built)) for j, entry in enumerate(tier)]
    return [(place, target) for place, target in found if target is not None]


def _target(entry: TargetEntry, built: Mapping[str, Backend]) -> Target | None:
    backend = built.get(entry.backend)
    if backend is None:
        return None
    return Target(
        backend=backend,
        model=entry.model,
        context_window=entry.context_window,
        prefill=entry.prefill,
    )


def _dialect(
    match: MatchEntry, targets: tuple[tuple[Path, Target], ...], findings: Findings
) -> Dialect | None:
    """Return the one dialect of a route; tell of targets that speak another."""
    if not targets:
        return match.dialect
    first = targets[0][1].backend
    dialect = match.dialect or first.dialect
    other = "this route matches" if match.dialect else f"{quote(first.name)} speaks"
    for path, target in targets:
        speaks = target.backend.dialect
        if speaks is not dialect:
            reason = f"{quote(target.backend.name)} speaks {speaks}, but {other} {dialect}"
            mend = "a route speaks one dialect until Faultline can translate: make it two routes"
            findings.error((*path, "backend"), Code.MIXED_DIALECTS, reason, mend)
    return dialect


def _match(entry: MatchEntry, dialect: Dialect | None) -> Match:
    return Match(
        model=entry.model,
        dialect=dialect,
        operation=entry.operation,
        path=entry.path,
        headers=tuple((name.encode(), value) for name, value in sorted(entry.header.items())),
    )


class _Manner(TypedDict):
    """What a route takes from itself or from the table's defaults."""

    stream: Limits
    unary: Limits
    balance: Balance
    sticky: bool
    attempts: int
    patience: Seconds
    replay: Replay
    hedge: Hedge | None
    resume: tuple[Rung, ...]


def _manner(entry: RouteEntry, defaults: Manner, path: Path, findings: Findings) -> _Manner:
    own = Manner.model_fields.keys() & entry.model_fields_set
    manner = defaults.model_copy(update={key: getattr(entry, key) for key in own})
    layers = (
        Layer(entry=entry.limits, path=(*path, "limits")),
        Layer(entry=defaults.limits, path=("defaults", "limits")),
    )
    limits = build_limits(*layers, findings)
    return _Manner(
        stream=limits["stream"],
        unary=limits["unary"],
        balance=manner.balance,
        sticky=manner.sticky == "auto",
        attempts=manner.attempts,
        patience=manner.patience,
        replay=manner.replay,
        hedge=Hedge(after=manner.hedge.after) if manner.hedge else None,
        resume=tuple(manner.resume),
    )
