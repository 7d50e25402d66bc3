"""What every exchange works with, for as long as the process lives."""

from collections.abc import Callable
from dataclasses import dataclass

from proxy.exchange import Clock, Events, Judge, Upstream
from proxy.model import Drill, Route
from proxy.policy.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ends of the room."""

    upstream: Upstream
    clock: Clock
    judge: Judge
    standing: Standing
    events: Events
    drilled: Callable[[str], Drill | None] = lambda _: None
    """The drill that runs at the backend of a name."""
    note: Callable[[Route], str] = lambda _: ""
    """What else a refusal on a route tells its reader: of an incident; returns at once."""
