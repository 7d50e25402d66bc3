"""Whether the data of a table has the shape of one, and as much of it as has.

A person sees all errors at once: what has the right shape is checked further although another part
has not. Knows neither providers nor whether a table makes sense.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from proxy.settings.complaints import EXAMPLES, tell
from proxy.settings.environment import Data
from proxy.settings.findings import Findings
from proxy.settings.nodes import Path
from proxy.settings.problem import Code, suggest
from proxy.settings.table import Table

_ESSENTIAL = ("provider", "dialect", "url", "key", "name", "match", "tiers", "[key]")
"""Keys that a backend or a route means nothing without; the last is pydantic's, for its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """As much of a table as has the right shape."""

    table: Table
    places: tuple[int, ...]
    """Where each route of `table` stands in the file's own list."""


def shape(data: dict[str, Data], findings: Findings) -> Draft:
    """Return what has the right shape, and tell of all that has not."""
    _refuse_nothing(data, findings)
    _refuse_unknown_names(data, findings)
    try:
        table = Table.model_validate(data)
    except ValidationError as error:
        complaints = error.errors(include_url=False, include_input=False)
        for complaint in complaints:
            if findings.full:
                break
            tell(complaint, findings)
        return _salvage(data, {complaint["loc"][:3] for complaint in complaints})
    return Draft(table=table, places=tuple(range(len(table.routes))))


def _refuse_nothing(data: dict[str, Data], findings: Findings) -> None:
    for key, nothing in (("backends", {}), ("routes", [])):
        if data.get(key) == nothing:
            mend = f"add one: `{EXAMPLES[key]}`"
            findings.error((key,), Code.NOTHING_TO_DO, f"the table has no {key}", mend)


def _refuse_unknown_names(data: dict[str, Data], findings: Findings) -> None:
    """Tell of targets whose backend is not in the table, whatever else is wrong with it."""
    backends = data.get("backends")
    known = frozenset(backends if isinstance(backends, dict) else ())
    for path, name in _named_backends(data.get("routes", [])):
        if name not in known:
            reason = f"there is no backend {findings.called(path, name)}"
            findings.error(path, Code.UNKNOWN_BACKEND, reason, suggest(name, known, "known"))


def _named_backends(routes: Data) -> Iterator[tuple[Path, str]]:
    for r, route in enumerate(_items(routes)):
        tiers = route.get("tiers", []) if isinstance(route, dict) else []
        for i, tier in enumerate(_items(tiers)):
            for j, target in enumerate(_items(tier)):
                name = target.get("backend") if isinstance(target, dict) else target
                if isinstance(name, str) and (name := name.partition("/")[0]):
                    yield ("routes", r, "tiers", i, j, "backend"), name


def _items(data: Data) -> list[Data]:
    return data if isinstance(data, list) else [data]


def _salvage(data: dict[str, Data], bad: set[Path]) -> Draft:
    """Leave out what has the wrong shape: a section, a backend, a route, or one key of these."""
    sections = {path[0] for path in bad if path[0] not in {"backends", "routes"} or len(path) == 1}
    kept = {key: value for key, value in data.items() if key not in sections} | {"version": 1}
    backends, routes = kept.get("backends"), kept.get("routes")
    backends = backends if isinstance(backends, dict) else {}
    routes = routes if isinstance(routes, list) else []
    places = tuple(i for i in range(len(routes)) if not _spoiled(("routes", i), bad))
    kept["backends"] = {
        key: _without(entry, ("backends", key), bad)
        for key, entry in backends.items()
        if not _spoiled(("backends", key), bad)
    }
    kept["routes"] = [_without(routes[i], ("routes", i), bad) for i in places]
    return Draft(table=Table.model_validate(kept), places=places)


def _spoiled(path: Path, bad: set[Path]) -> bool:
    """Say whether a backend or a route is lost: itself, or a key that it cannot be without."""
    return path in bad or any((*path, key) in bad for key in _ESSENTIAL)


def _without(entry: Data, path: Path, bad: set[Path]) -> Data:
    assert isinstance(entry, dict)
    return {key: value for key, value in entry.items() if (*path, key) not in bad}
