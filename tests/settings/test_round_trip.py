"""Random valid values, printed as a table and loaded again, are the same values."""

import json
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model import Fleet
from tests.settings.tables import fleet

Data = dict[str, object]

_NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
_CHARACTERS = st.characters(max_codepoint=0x2FFF, exclude_categories=["C", "Z"])
_TEXTS = st.text(_CHARACTERS, min_size=1, max_size=40).filter(lambda text: "$" not in text)
"""Without `$`: references are filled in, and a bare one is refused."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What a table says, as numbers and names."""

    weights: dict[str, int]
    models: dict[str, str]
    route: str
    targets: list[tuple[str, str | None]]
    head: float
    attempts: int
    extra: float


@st.composite
def tables(draw: st.DrawFn) -> tuple[Data, Values]:
    """A table as data, and what it says."""
    names = draw(st.lists(_NAMES, min_size=1, max_size=4, unique=True))
    number, unit = draw(st.integers(1, 999)), draw(st.sampled_from([*_UNITS]))
    percent = draw(st.integers(0, 100))
    values = Values(
        weights={name: draw(st.integers(1, 1000)) for name in names},
        models=draw(st.dictionaries(_TEXTS, _TEXTS, max_size=3)),
        route=draw(_NAMES),
        targets=[(name, draw(st.none() | _TEXTS)) for name in names],
        head=number * _UNITS[unit],
        attempts=draw(st.integers(1, 20)),
        extra=percent / 100,
    )
    backends = {
        name: {"provider": "openai", "key": "none", "weight": weight, "models": values.models}
        for name, weight in values.weights.items()
    }
    tier = [
        {"backend": name} if model is None else {"backend": name, "model": model}
        for name, model in values.targets
    ]
    route = {
        "name": values.route,
        "tiers": [tier],
        "limits": {"head": f"{number}{unit}"},
        "attempts": values.attempts,
    }
    budget = {"extra": f"{percent}%"}
    return {"version": 1, "backends": backends, "routes": [route], "budget": budget}, values


def says(made: Fleet) -> Values:
    (route,) = made.routes
    backends = made.backends.values()
    return Values(
        weights={backend.name: backend.weight for backend in backends},
        models=dict(next(iter(backends)).models),
        route=route.name,
        targets=[(target.backend.name, target.model) for target in route.tiers[0]],
        head=route.stream.head,
        attempts=route.attempts,
        extra=made.budget.extra,
    )


def flow(data: object) -> str:
    """Print data as JSON, which YAML contains."""
    return json.dumps(data, ensure_ascii=False)


def block(data: object, depth: int = 0) -> str:
    """Print data as a person writes YAML: blocks, and quotes around all text."""
    pad = "\n" + "  " * depth
    if isinstance(data, dict) and data:
        return "".join(f"{pad}{flow(key)}: {block(data[key], depth + 1)}" for key in data)
    if isinstance(data, list) and data:
        return "".join(f"{pad}- {block(item, depth + 1).lstrip()}" for item in data)
    return flow(data)


@settings(deadline=None)
@given(made=tables(), print_=st.sampled_from([block, flow]))
def test_a_printed_table_loads_to_the_same_values(
    made: tuple[Data, Values], print_: object
) -> None:
    data, values = made
    text = block(data) if print_ is block else flow(data)
    assert says(fleet(text)) == values
