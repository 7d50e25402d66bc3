"""What all exchanges share, besides the time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from proxy.model import Instant
from proxy.policy.health import Health
from proxy.policy.sticky import Stickiness


@dataclass(slots=True, kw_only=True)
class Shared:
    """The lasting objects of this room, for those who decide about one exchange."""

    health: Health
    rng: Random
    refused: Callable[[str], None]
    """Is told of each backend whose budget could not pay."""
    stickiness: Stickiness = field(default_factory=Stickiness)
    no_prefill: set[tuple[str, str | None]] = field(default_factory=set)
    """Backends and models of the table that have refused to go on with a turn of their own."""
    early: dict[str, Instant] = field(default_factory=dict)
    """When each route last let a probe through early."""
