"""How long each phase of a route may take: its own word, the table's defaults, Faultline's own.

Pure but for telling of limits that cannot have an effect.
"""

from dataclasses import dataclass
from typing import Literal

from proxy.model import Limits, Seconds
from proxy.settings.findings import Findings
from proxy.settings.nodes import Path
from proxy.settings.problem import Code
from proxy.settings.table import LimitsEntry

Kind = Literal["stream", "unary"]
KINDS: tuple[Kind, Kind] = ("stream", "unary")


BUILT_IN = LimitsEntry.model_validate(
    {
        "connect": "3s",
        "tls": "5s",
        "head": {"stream": "30s", "unary": "10m"},
        "first_content": "2m",
        "stall": "2m",
        "total": "10m",
        "client_stall": "2m",
    }
)
"""What holds where the table says nothing; ten minutes are what the official SDKs wait in all."""

_BEFORE_COMMIT = ("connect", "tls", "head", "first_content")
"""Phases that `total` bounds too: it ends with the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Limits as one place of the table gives them."""

    entry: LimitsEntry
    path: Path


def build_limits(route: Layer, defaults: Layer, findings: Findings) -> dict[Kind, Limits]:
    """Return a route's limits for each kind of answer; tell of those without effect."""
    layers = (route, defaults, Layer(entry=BUILT_IN, path=()))
    built = {}
    for kind in KINDS:
        chosen = {phase: _choose(phase, kind, layers) for phase in LimitsEntry.model_fields}
        built[kind] = Limits(**{phase: seconds for phase, (seconds, _) in chosen.items()})
        for phase in _BEFORE_COMMIT:
            seconds, path = chosen[phase]
            if path and seconds > chosen["total"][0]:
                reason = f"this is longer than the `total` of {built[kind].total:g}s, which ends it"
                mend = "shorten it, or make `total` longer"
                findings.warning(path, Code.LIMIT_WITHOUT_EFFECT, reason, mend)
    return built


def _choose(phase: str, kind: Kind, layers: tuple[Layer, ...]) -> tuple[Seconds, Path]:
    """Return the first layer's word, and where it stands; the last layer says everything."""
    said = [(getattr(getattr(layer.entry, phase), kind), layer.path) for layer in layers]
    seconds, path = next((seconds, path) for seconds, path in said if seconds is not None)
    return seconds, (*path, phase, kind) if path else ()
