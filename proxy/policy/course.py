"""The way of one exchange through the tiers of its route: what can be tried next.

Tiers in order. Inside a tier the next equal is taken at once. Leaving a tier costs the user
something, so before that the same target may be asked once more after a transient failure, or a
short while may be waited for one that cools or is full. When every target is out, the least bad
one is probed early, once a second. This file never learns what becomes of the attempts it
proposes, nor of events and decisions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from proxy.model import (
    Action,
    Ask,
    Balance,
    Cause,
    Instant,
    Operation,
    Route,
    Scope,
    Seconds,
    Target,
)
from proxy.policy.attempt import Attempt
from proxy.policy.balance import least, spread
from proxy.policy.breaker import Breaker, Gate
from proxy.policy.health import Health
from proxy.policy.member import Member
from proxy.policy.sticky import Stickiness

MOST_WAITING = 16
"""Exchanges that may wait for one backend's cooldown (design, "Rules of meaning")."""

WAIT_JITTER = 0.25
"""Waiting exchanges come back spread over this part more (design, "Rules of meaning")."""

MOST_QUEUED = 100
QUEUE_PATIENCE = Seconds(1.0)
"""How many wait for room at one backend, and for how long (behaviour E3)."""
QUEUE_STEP = Seconds(0.05)
"""How often they look."""

EARLY_PROBES_EVERY = Seconds(1.0)
"""How often the last resort lets a probe through early (design, "Rules of meaning")."""

_CERTAIN = frozenset({Cause.AUTH, Cause.MODEL_NOT_FOUND, Cause.QUOTA})
"""Ejections that an early probe is least likely to lift."""


@dataclass(slots=True, kw_only=True)
class Shared:
    """What all exchanges share."""

    health: Health
    rng: Random
    refused: Callable[[str], None]
    """Is told of each backend whose budget could not pay."""
    stickiness: Stickiness = field(default_factory=Stickiness)
    early: dict[str, Instant] = field(default_factory=dict)
    """When each route last let a probe through early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Come back later: a slot among a backend's waiters is held until then."""

    until: Instant
    member: Member
    queued: bool
    """Waits for room, not for a cooldown."""


class Course:
    """Where one exchange stands among the tiers."""

    __slots__ = (
        "_again",
        "_ask",
        "_deadline",
        "_patience",
        "_pinned",
        "_queueing",
        "_rerouted",
        "_retried",
        "_route",
        "_shared",
        "_sticky",
        "_window",
        "denied",
        "sent",
        "tier",
    )

    def __init__(
        self,
        shared: Shared,
        ask: Ask,
        route: Route,
        deadline: Instant,
        sticky: Callable[[], str | None] | None,
    ) -> None:
        self._shared = shared
        self._ask = ask
        self._route = route
        self._deadline = deadline
        self._sticky = sticky
        self.tier = 0
        self.sent: list[Attempt] = []
        """All attempts so far, those that are under way included."""
        self.denied: set[str] = set()
        """Backends whose budget could not pay."""
        self._pinned: Target | None = None
        self._window: int | None = None
        """A target must declare a larger context window than this."""
        self._rerouted = False
        self._retried = False
        self._again: Target | None = None
        """A target that is asked once more after a wait, and paid for."""
        self._patience: float = route.patience
        self._queueing: float = QUEUE_PATIENCE
        if ask.operation is Operation.STATEFUL:
            # What it refers to lies in one account: there is nowhere else to go.
            self._pinned = next(self._able(), None)

    # --- asked -------------------------------------------------------------------------------

    def next(self, now: Instant, left: int) -> Target | Pause | None:
        """Return what to try next with `left` attempts left, or how long to wait for it."""
        while self.tier < len(self._route.tiers):
            step = self._within(now, left)
            if step is not None:
                return step
            self.tier += 1
            self._retried = False
            self._patience = self._route.patience
        return self._queue_anywhere(now) or self._last_resort(now)

    def hedge(self, now: Instant) -> tuple[Target, int] | None:
        """Return whom to ask as well, and its tier; never a probe, and only what is paid for."""
        for index in range(self.tier, len(self._route.tiers)):
            for target in self._route.tiers[index]:
                if not self._is_able(target) or self._spent(target):
                    continue
                if self._gate(target, now) is not Gate.OPEN:
                    continue
                if self._pays(target, now, hedge=True):
                    return target, index
        return None

    def able(self) -> list[Target]:
        """Return the targets that could serve this exchange at all."""
        return list(self._able())

    def has_larger(self, target: Target, now: Instant) -> bool:
        """Demand a larger context window than that of `target`; say whether there is one."""
        self._window = max(self._window or 0, target.context_window or 0)
        return any(
            not self._spent(other) and self._gate(other, now) <= Gate.PROBE
            for tier in self._route.tiers[self.tier :]
            for other in tier
            if self._is_able(other)
        )

    # --- told --------------------------------------------------------------------------------

    def take(self, attempt: Attempt, now: Instant) -> None:
        """Hear that an attempt is made: it is paid for, or counted as normal traffic."""
        budget = attempt.member.budget
        target = attempt.target
        if attempt.hedge or self._must_pay(target):
            budget.pay(now, hedge=attempt.hedge)
        elif target is not self._again:
            budget.earn(now)
        if self.sent and not attempt.hedge and target is not self.sent[-1].target:
            self._rerouted = True
        if target is self._again:
            self._again = None
        self.sent.append(attempt)

    def keep(self, attempt: Attempt, now: Instant) -> None:
        """Hear that an attempt was good: its conversation stays there."""
        if self._balances(attempt.tier):
            key = self._sticky_key(attempt.tier)
            if key is not None:
                self._shared.stickiness.keep(key, attempt.target, now)

    def woke(self, pause: Pause) -> None:
        """Give the slot of a wait back."""
        if pause.queued:
            pause.member.queued -= 1
        else:
            pause.member.waiting -= 1

    # --- inside a tier -----------------------------------------------------------------------

    def _within(self, now: Instant, left: int) -> Target | Pause | None:
        if self.sent and self._wants_same(self.sent[-1]):
            same = self._retry(now, left)
            if same is not None:
                return same
        return self._pick(now) or self._retry(now, left) or self._wait(now, left)

    def _pick(self, now: Instant) -> Target | None:
        first = self._route.balance is Balance.FIRST
        usable: list[Target] = []
        for target in self._route.tiers[self.tier]:
            if not self._is_able(target) or self._spent(target):
                continue
            gate = self._gate(target, now)
            if gate > Gate.PROBE or not self._pays(target, now):
                continue
            if first or gate is Gate.PROBE:
                return target
            usable.append(target)
        if len(usable) < 2:  # noqa: PLR2004 - there is nothing to choose
            return usable[0] if usable else None
        return self._choose(usable, now)

    def _choose(self, usable: list[Target], now: Instant) -> Target:
        key = self._sticky_key(self.tier)
        if key is not None:
            known = self._shared.stickiness.find(key, usable, now)
            if known is not None:
                return known
        members = [self._member(target) for target in usable]
        rng = self._shared.rng
        if self._route.balance is Balance.SPREAD:
            return usable[spread(members, rng)]
        return usable[least(members, rng, stream=self._ask.stream)]

    def _retry(self, now: Instant, left: int) -> Target | None:
        """Return a target of this tier that is worth one quick second try."""
        if self._retried or not self._may_stay(now, left):
            return None
        for attempt in reversed(self.sent):
            target = attempt.target
            verdict = attempt.verdict
            if attempt.tier != self.tier or attempt.silent or verdict is None:
                continue
            if not (verdict.transient or verdict.action is Action.RETRY_SAME):
                continue
            usable = self._is_able(target) and self._gate(target, now) <= Gate.PROBE
            if usable and self._pays(target, now):
                self._retried = True
                return target
        return None

    def _wants_same(self, attempt: Attempt) -> bool:
        verdict = attempt.verdict
        return verdict is not None and verdict.action is Action.RETRY_SAME

    def _wait(self, now: Instant, left: int) -> Pause | None:
        if not self._may_stay(now, left):
            return None
        for target in self._route.tiers[self.tier]:
            if not self._is_able(target) or self._gone_silent(target):
                continue
            gate = self._gate(target, now)
            if gate is Gate.FULL and not self._spent(target):
                pause = self._queue(target, now)
            elif gate is Gate.COOLING:
                pause = self._await_cooldown(target, now)
            else:
                continue
            if pause is not None:
                return pause
        return None

    def _await_cooldown(self, target: Target, now: Instant) -> Pause | None:
        member = self._member(target)
        back = max(breaker.back_at(now) for breaker in self._breakers(target))
        if back - now > self._patience or back >= self._deadline:
            return None
        if member.waiting >= MOST_WAITING or not self._pays(target, now):
            return None
        if self._must_pay(target):
            member.budget.pay(now)
            self._again = target
        late = back + (back - now) * WAIT_JITTER * self._shared.rng.random()
        until = Instant(min(late, now + self._patience))
        until = back if until >= self._deadline else until
        self._patience -= until - now
        member.waiting += 1
        return Pause(until=until, member=member, queued=False)

    def _may_stay(self, now: Instant, left: int) -> bool:
        """Say whether a repetition here leaves an attempt for a later tier that needs it."""
        return left > 1 or not any(
            self._is_able(target)
            and not self._spent(target)
            and self._gate(target, now) <= Gate.PROBE
            for tier in self._route.tiers[self.tier + 1 :]
            for target in tier
        )

    # --- when no tier has anything -----------------------------------------------------------

    def _queue_anywhere(self, now: Instant) -> Pause | None:
        """Wait for room where that is all that is missing."""
        for index, tier in enumerate(self._route.tiers):
            for target in tier:
                if not self._is_able(target) or self._spent(target):
                    continue
                if self._gate(target, now) in {Gate.RAMPING, Gate.FULL}:
                    pause = self._queue(target, now)
                    if pause is not None:
                        self.tier = index
                        return pause
        return None

    def _queue(self, target: Target, now: Instant) -> Pause | None:
        member = self._member(target)
        step = QUEUE_STEP * (1 + WAIT_JITTER * self._shared.rng.random())
        until = Instant(now + step)
        if self._queueing < step or member.queued >= MOST_QUEUED or until >= self._deadline:
            return None
        self._queueing -= step
        member.queued += 1
        return Pause(until=until, member=member, queued=True)

    def _last_resort(self, now: Instant) -> Target | None:
        """Return the least bad target, when all are out and the second's early probe is left."""
        able = self.able()
        if any(self._gate(target, now) < Gate.COOLING for target in able):
            return None
        early = self._shared.early
        if now - early.get(self._route.name, Instant(float("-inf"))) < EARLY_PROBES_EVERY:
            return None
        usable = [t for t in able if not self._spent(t) and self._may_be_early(t, now)]
        usable = [t for t in usable if self._pays(t, now)]
        if not usable:
            return None
        early[self._route.name] = now
        least_bad = min(usable, key=lambda target: self._badness(target, now))
        tiers = enumerate(self._route.tiers)
        self.tier = next(index for index, tier in tiers if any(t is least_bad for t in tier))
        return least_bad

    def _may_be_early(self, target: Target, now: Instant) -> bool:
        return not self._member(target).full() and all(
            breaker.gate(now) <= Gate.PROBE or breaker.probe_may_be_early(now)
            for breaker in self._breakers(target)
        )

    def _badness(self, target: Target, now: Instant) -> tuple[bool, Instant, Instant]:
        out = [b for b in self._breakers(target) if b.gate(now) is not Gate.OPEN]
        return (
            any(breaker.verdict.cause in _CERTAIN for breaker in out),
            max(breaker.probed_at for breaker in out),
            max(breaker.until for breaker in out),
        )

    # --- what holds for a target -------------------------------------------------------------

    def _able(self) -> Iterator[Target]:
        return (t for tier in self._route.tiers for t in tier if self._is_able(t))

    def _is_able(self, target: Target) -> bool:
        demanded = self._ask.backend
        if demanded is not None and target.backend.name != demanded:
            return False
        if self._pinned is not None and target is not self._pinned:
            return False
        return self._window is None or (target.context_window or 0) > self._window

    def _spent(self, target: Target) -> bool:
        """Say whether this exchange has had its try at `target`."""
        if not self.sent or target is self._again:
            return False
        tried = any(attempt.target is target for attempt in self.sent)
        return tried or self._gone_silent(target)

    def _gone_silent(self, target: Target) -> bool:
        """Say whether it, or the whole backend, has kept this exchange waiting for nothing."""
        return any(
            attempt.silent
            and (
                attempt.target is target
                or (
                    attempt.verdict is not None
                    and attempt.verdict.scope is Scope.BACKEND
                    and attempt.target.backend is target.backend
                )
            )
            for attempt in self.sent
        )

    def _gate(self, target: Target, now: Instant) -> Gate:
        return self._shared.health.gate(target, self._ask, now)

    def _member(self, target: Target) -> Member:
        return self._shared.health.member(target.backend)

    def _breakers(self, target: Target) -> list[Breaker]:
        return self._shared.health.breakers(self._member(target), target, self._ask)

    def _must_pay(self, target: Target) -> bool:
        if target is self._again:
            return False
        if self._ask.resend:
            return True
        if not self.sent:
            return False
        return self._rerouted or any(attempt.target is target for attempt in self.sent)

    def _pays(self, target: Target, now: Instant, *, hedge: bool = False) -> bool:
        if not hedge and not self._must_pay(target):
            return True
        name = target.backend.name
        if self._member(target).budget.can_pay(now, hedge=hedge):
            return True
        if name not in self.denied:
            self.denied.add(name)
            self._shared.refused(name)
        return False

    def _balances(self, tier: int) -> bool:
        route = self._route
        return route.sticky and route.balance is not Balance.FIRST and len(route.tiers[tier]) > 1

    def _sticky_key(self, tier: int) -> tuple[str, int, str] | None:
        if not self._balances(tier):
            return None
        key = self._ask.sticky
        if key is None and self._sticky is not None:
            key = self._sticky()
        return None if key is None else (self._route.name, tier, key)
