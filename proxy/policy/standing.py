"""What outlives an exchange: health, budgets, stickiness, latencies; and where an exchange begins.

The one object of this room that `app` builds. It survives reloads; it is told the time, brings no
clock, and asks nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from proxy.model import Ask, Fleet, HealthChange, Instant, Route, Scope, Verdict
from proxy.policy.breaker import NEVER, Breaker, State
from proxy.policy.failover import Failover
from proxy.policy.health import Health
from proxy.policy.member import Member
from proxy.policy.shared import Shared


class Word(StrEnum):
    """The state of a scope, for people and metrics."""

    CLOSED = "closed"
    EJECTED = "ejected"
    COOLING = "cooling"
    PROBING = "probing"
    SLOW_START = "slow_start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the view for people."""

    backend: str
    scope: Scope
    model: str | None
    state: Word
    since: Instant | None
    """When it was last ejected or cooled; None: never."""
    until: Instant | None
    """When it may be tried again; None: now."""
    verdict: Verdict
    """What put it out; good: nothing ever did."""
    in_flight: int


class Standing:
    """The standing of the whole fleet."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        rng: Random,
        tell: Callable[[HealthChange], None] = lambda _: None,
        budget_refused: Callable[[str], None] = lambda _: None,
        lagging: Callable[[], bool] = lambda: False,
    ) -> None:
        """`lagging` is asked when a backend seems slow: nobody is charged while our loop lags."""
        self._health = Health(fleet, rng=rng, tell=tell, lagging=lagging)
        self._shared = Shared(health=self._health, rng=rng, refused=budget_refused)

    def adopt(self, fleet: Fleet, _now: Instant) -> None:
        """Go on under a new table; backends and keys that are unchanged in it keep their state."""
        self._health.adopt(fleet)
        self._shared.no_prefill.clear()  # what the new table declares is believed again
        names = {route.name for route in fleet.routes} | {""}
        early = self._shared.early
        self._shared.early = {name: at for name, at in early.items() if name in names}

    def begin(
        self,
        ask: Ask,
        route: Route,
        now: Instant,
        *,
        sticky: Callable[[], str | None] | None = None,
        replayable: bool = True,
    ) -> Failover:
        """Begin an exchange.

        `sticky` is asked for what ties a conversation together where the ask does not say it and
        the choice depends on it. `replayable` says whether the body can be sent a second time.
        """
        return Failover(self._shared, ask, route, now, sticky, replayable)

    def view(self, now: Instant) -> tuple[Row, ...]:
        """Return a line for each backend, and one for each model or key that is not plain well."""
        return tuple(
            row
            for member in self._health.members.values()
            for row in (_row(member, b, now) for b in self._health.all_breakers(member))
            if row.scope is Scope.BACKEND or row.state is not Word.CLOSED
        )


def _row(member: Member, breaker: Breaker, now: Instant) -> Row:
    back = breaker.back_at(now)
    whole = breaker is member.health
    return Row(
        backend=member.backend.name,
        scope=breaker.scope,
        model=breaker.model,
        state=_word(breaker, now),
        since=None if breaker.since == NEVER else breaker.since,
        until=back if back > now else None,
        verdict=breaker.verdict,
        in_flight=member.in_flight if whole else breaker.running,
    )


def _word(breaker: Breaker, now: Instant) -> Word:
    if breaker.state is State.PROBING:
        return Word.PROBING
    if breaker.state is State.EJECTED:
        return Word.EJECTED
    if now < breaker.cooled_until:
        return Word.COOLING
    return Word.SLOW_START if breaker.slow_start(now) else Word.CLOSED
