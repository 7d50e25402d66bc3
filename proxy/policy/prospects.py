"""What one exchange may still try: who is able, who has had a try, who would have to pay.

Knows the ask, the route and the attempts so far; never an order, a wait, or what is decided.
"""

from collections.abc import Iterator

from proxy.model import Ask, Instant, Operation, Route, Scope, Target
from proxy.policy.attempt import Attempt
from proxy.policy.breaker import Breaker, Gate
from proxy.policy.member import Member
from proxy.policy.shared import Shared

_STATEFUL = Operation.STATEFUL
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every exchange asks."""


class Prospects:
    """The targets of a route, in the light of one exchange."""

    __slots__ = (
        "_denied",
        "_pinned",
        "_rerouted",
        "_window",
        "again",
        "ask",
        "health",
        "route",
        "sent",
        "shared",
        "unpaid",
    )

    def __init__(self, shared: Shared, ask: Ask, route: Route, sent: list[Attempt]) -> None:
        self.shared = shared
        self.health = shared.health
        self.ask = ask
        self.route = route
        self.sent = sent
        """All attempts so far, those that are under way included."""
        self.unpaid = False
        """Whether a target was left untried because its budget could not pay."""
        self._denied: tuple[str, ...] = ()
        self.again: Target | None = None
        """A target that may be asked once more, and has been paid for: it was waited for."""
        self._window: int | None = None
        self._rerouted = False
        self._pinned: Target | None = None
        if ask.operation is _STATEFUL:
            # What it refers to lies in one account: there is nowhere else to go.
            self._pinned = next(self.able(), None)

    # --- able --------------------------------------------------------------------------------

    def able(self) -> Iterator[Target]:
        """Yield the targets that could serve this ask at all."""
        return (t for tier in self.route.tiers for t in tier if self.is_able(t))

    def is_able(self, target: Target) -> bool:
        """Say whether `target` could serve this ask at all."""
        demanded = self.ask.backend
        if demanded is not None and target.backend.name != demanded:
            return False
        if self._pinned is not None and target is not self._pinned:
            return False
        return self._window is None or (target.context_window or 0) > self._window

    def demand_larger(self, target: Target) -> None:
        """From now on only a context window that is declared larger than `target`'s will do."""
        self._window = max(self._window or 0, target.context_window or 0)

    # --- tried -------------------------------------------------------------------------------

    def is_new(self, target: Target) -> bool:
        """Say whether `target` is able and still has its try in this exchange."""
        if not self.is_able(target):
            return False
        if not self.sent or target is self.again:
            return True
        return not self._tried(target) and not self.gone_silent(target)

    def is_usable(self, target: Target, now: Instant) -> bool:
        """Say whether `target` has its try left and would be let in now."""
        return self.is_new(target) and self.gate(target, now) <= Gate.PROBE

    def gone_silent(self, target: Target) -> bool:
        """Say whether it, or its whole backend, has kept this exchange waiting for nothing."""
        return any(
            attempt.silent and (attempt.target is target or _is_silent(attempt, target))
            for attempt in self.sent
        )

    # --- let in ------------------------------------------------------------------------------

    def member(self, target: Target) -> Member:
        """Return the living side of the target's backend."""
        return self.health.member(target.backend)

    def breakers(self, target: Target) -> list[Breaker]:
        """Return all that must let an attempt in."""
        return self.health.breakers(self.health.member(target.backend), target, self.ask)

    def gate(self, target: Target, now: Instant) -> Gate:
        """Say what an attempt would meet."""
        return self.health.gate(target, self.ask, now)

    def could_probe(self, target: Target, now: Instant) -> bool:
        """Say whether nothing but the length of an ejection keeps `target` out."""
        return not self.member(target).full() and all(
            breaker.gate(now) <= Gate.PROBE or breaker.probe_may_be_early(now)
            for breaker in self.breakers(target)
        )

    # --- paid for ----------------------------------------------------------------------------

    def must_pay(self, target: Target) -> bool:
        """Say whether an attempt at `target` is more than what an exchange has for free.

        Free are the first attempt, unless the client's SDK has sent this call before, and the
        first reroute.
        """
        if target is self.again:
            return False
        if not self.sent:
            return self.ask.resend > 0
        return self._rerouted or self._tried(target)

    def pays(self, target: Target, now: Instant, *, hedge: bool = False) -> bool:
        """Say whether the next attempt at `target` is free or covered; tell of a refusal once."""
        if not hedge and not self.must_pay(target):
            return True
        if self.member(target).budget.can_pay(now, hedge=hedge):
            return True
        if not self.sent and self._is_well(target):
            # A client may send again for reasons of its own, and all of them do when Faultline
            # itself has restarted: nobody is in trouble whom that would hit harder.
            return True
        name = target.backend.name
        if name not in self._denied:
            self._denied += (name,)
            self.shared.refused(name)
        self.unpaid |= not hedge and not self._tried(target)
        return False

    def take(self, attempt: Attempt, now: Instant) -> None:
        """Hear that an attempt is made: it is paid for, or counted as normal traffic."""
        target = attempt.target
        if attempt.hedge or self.must_pay(target):
            attempt.member.budget.pay(now, hedge=attempt.hedge)
        elif target is not self.again:
            attempt.member.budget.earn(now)
        if self.sent and not attempt.hedge and not self._tried(target):
            self._rerouted = True
        self.again = None
        self.sent.append(attempt)

    def _tried(self, target: Target) -> bool:
        return any(attempt.target is target for attempt in self.sent)

    def _is_well(self, target: Target) -> bool:
        return all(b.quiet and not b.consecutive for b in self.breakers(target))


def _is_silent(attempt: Attempt, target: Target) -> bool:
    verdict = attempt.verdict
    whole_backend = verdict is not None and verdict.scope is Scope.BACKEND
    return whole_backend and attempt.target.backend.name == target.backend.name
