"""The outage that the demo tells: what the first provider does, and when.

Data. It must never know who plays it or who watches.
"""

from dataclasses import dataclass

from proxy.sim.bad_answers import cdn_502
from proxy.sim.behaviour import Behaviour, ok

TOKEN_EVERY = 0.04
"""Seconds between two tokens: a brisk model, about 25 tokens a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """From `at` seconds on the provider does this."""

    at: float
    behaviour: Behaviour
    title: str
    """What a person is told."""


HEALTHY = ok(first=0.2, every=TOKEN_EVERY)

OUTAGE = (
    Scene(at=0.0, behaviour=HEALTHY, title="all is well"),
    Scene(at=4.0, behaviour=cdn_502(), title="its CDN answers 502: the origin is broken"),
    Scene(at=12.0, behaviour=HEALTHY, title="it is back"),
)

LENGTH = 22.0
"""Seconds: the story is over when the recovered provider has served again for a while, and the
incident is closed: 4 s until a probe at the most, and 4 s for which all must have been well."""


def timeline(scenes: tuple[Scene, ...] = OUTAGE) -> tuple[tuple[float, Behaviour], ...]:
    """Return the scenes as `Provider.script` takes them."""
    return tuple((scene.at, scene.behaviour) for scene in scenes)
