"""What every exchange of a process works with, and what every runner of one exchange does."""

from collections.abc import Callable
from dataclasses import dataclass

from proxy.exchange import Clock, Events, Judge, Upstream
from proxy.model import Ask, Body, Drill, Route, noun
from proxy.policy.decision import Failed, Ready
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


@noun
class Bench:
    """What every runner of one exchange works with."""

    ask: Ask
    body: Body
    upstream: Upstream
    clock: Clock
    judge: Judge
    inform: Callable[[Ready | Failed], None]
    guard: Callable[..., None]
    """Calls what it is given; a bug in it ends the exchange."""
    drilled: Callable[[str], Drill | None]
