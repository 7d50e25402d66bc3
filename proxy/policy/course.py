"""The way of one exchange through the tiers of its route: what is tried next.

Tiers in order. Inside a tier the next equal is taken at once. Leaving a tier costs the user
something, so before that the same target may be asked once more after a transient failure, or a
short while may be waited for one that cools or is full. A tier that was left is not entered again,
but for room, or for the last resort. This file never learns of events and decisions.
"""

from collections.abc import Callable

from proxy.model import Balance, Instant, Route, Target
from proxy.policy.attempt import Attempt
from proxy.policy.balance import least, spread
from proxy.policy.breaker import Gate
from proxy.policy.last_resort import least_bad
from proxy.policy.prospects import Prospects
from proxy.policy.sticky import Key
from proxy.policy.waiting import Pause, Waiting

_FIRST, _PROBE = Balance.FIRST, Gate.PROBE
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every exchange asks."""


class Course:
    """Where one exchange stands among the tiers."""

    __slots__ = (
        "_deadline",
        "_retried",
        "_route",
        "_shared",
        "_sticky",
        "_waits",
        "prospects",
        "tier",
    )

    def __init__(
        self, prospects: Prospects, deadline: Instant, sticky: Callable[[], str | None] | None
    ) -> None:
        shared = prospects.shared
        self.prospects = prospects
        self._shared = shared
        self._route: Route = prospects.route
        self._sticky = sticky
        self._deadline = deadline
        self._waits: Waiting | None = None
        self._retried: tuple[int, ...] = ()
        """The tiers in which a quick second try has been made."""
        self.tier = 0

    # --- asked -------------------------------------------------------------------------------

    def next(self, now: Instant, left: int) -> Target | Pause | None:
        """Return what to try next with `left` attempts left, or how long to wait for it."""
        while self.tier < len(self._route.tiers):
            step = self._within(now, left)
            if step is not None:
                return step
            self.tier += 1
            self.prospects.again = None
        pause = self._room_anywhere(now)
        if pause is not None:
            return pause
        found = least_bad(self.prospects, now)
        if found is not None:
            self.tier = self._tier_of(found)
        return found

    def hedge(self, now: Instant) -> tuple[Target, int] | None:
        """Return whom to ask as well, and its tier; never a probe, and only what is paid for."""
        for tier in range(self.tier, len(self._route.tiers)):
            for target in self._route.tiers[tier]:
                if (
                    self.prospects.is_new(target)
                    and self.prospects.gate(target, now) is Gate.OPEN
                    and self.prospects.pays(target, now, hedge=True)
                ):
                    return target, tier
        return None

    def has_larger(self, target: Target, now: Instant) -> bool:
        """Demand a larger context window than that of `target`; say whether there is one."""
        prospects = self.prospects
        prospects.demand_larger(target)
        return any(
            prospects.is_usable(other, now) and prospects.pays(other, now)
            for tier in self._route.tiers[self.tier :]
            for other in tier
        )

    def keep(self, attempt: Attempt, now: Instant) -> None:
        """Hear that an attempt was good: its conversation stays there."""
        key = self._sticky_key(attempt.tier)
        if key is not None:
            self._shared.stickiness.keep(key, attempt.target, now)

    # --- inside a tier -----------------------------------------------------------------------

    def _within(self, now: Instant, left: int) -> Target | Pause | None:
        sent = self.prospects.sent
        if sent and sent[-1].wants_same:
            same = self._retry(now, left)
            if same is not None:
                return same
        return self._pick(now) or self._retry(now, left) or self._wait(now, left)

    def _pick(self, now: Instant) -> Target | None:
        prospects = self.prospects
        in_order = self._route.balance is _FIRST
        equals: list[Target] = []
        for target in self._route.tiers[self.tier]:
            if not prospects.is_new(target):
                continue
            gate = prospects.gate(target, now)
            if gate > _PROBE or not prospects.pays(target, now):
                continue
            if in_order or gate is _PROBE:
                return target  # a due probe goes before the choice: what is slow is chosen never
            equals.append(target)
        return self._choose(equals, now) if equals else None

    def _choose(self, equals: list[Target], now: Instant) -> Target:
        if len(equals) == 1:
            return equals[0]
        key = self._sticky_key(self.tier)
        known = None if key is None else self._shared.stickiness.find(key, equals, now)
        if known is not None:
            return known
        members = [self.prospects.member(target) for target in equals]
        rng = self._shared.rng
        if self._route.balance is Balance.SPREAD:
            return equals[spread(members, rng)]
        return equals[least(members, rng, stream=self.prospects.ask.stream)]

    def _retry(self, now: Instant, left: int) -> Target | None:
        """Return a target of this tier that is worth one quick second try."""
        prospects = self.prospects
        if self.tier in self._retried or not self._may_stay(now, left):
            return None
        last = {id(attempt.target): attempt for attempt in prospects.sent}
        for attempt in reversed(last.values()):
            target = attempt.target
            if (
                attempt.tier == self.tier
                and attempt.is_worth_repeating
                and prospects.is_able(target)
                and not prospects.gone_silent(target)
                and prospects.gate(target, now) <= Gate.PROBE
                and prospects.pays(target, now)
            ):
                self._retried += (self.tier,)
                return target
        return None

    def _wait(self, now: Instant, left: int) -> Pause | None:
        """Wait for the first of this tier that cools or is full, if that is soon enough."""
        if not self._may_stay(now, left):
            return None
        waitable = [
            target
            for target in self._route.tiers[self.tier]
            if self.prospects.is_able(target) and not self.prospects.gone_silent(target)
        ]
        for target in sorted(waitable, key=lambda target: self._back_at(target, now)):
            pause = self._wait_for(target, now)
            if pause is not None:
                return pause
        return None

    def _wait_for(self, target: Target, now: Instant) -> Pause | None:
        prospects = self.prospects
        gate = prospects.gate(target, now)
        member = prospects.member(target)
        if gate is Gate.FULL and prospects.is_new(target):
            return self._waiting.for_room(member, now)
        back = self._back_at(target, now)
        lasts = gate is Gate.COOLING and self._waiting.would_last(member, back, now)
        if not lasts or not prospects.pays(target, now):
            return None
        if prospects.must_pay(target):
            # Paid before the wait: to wait and then not to be let in would cost twice.
            member.budget.pay(now)
            prospects.again = target
        return self._waiting.for_cooldown(member, back, now)

    def _back_at(self, target: Target, now: Instant) -> Instant:
        return max(breaker.back_at(now) for breaker in self.prospects.breakers(target))

    def _may_stay(self, now: Instant, left: int) -> bool:
        """Say whether a repetition here leaves an attempt for a later tier that could use it."""
        return left > 1 or not any(
            self.prospects.is_usable(target, now)
            for tier in self._route.tiers[self.tier + 1 :]
            for target in tier
        )

    # --- beyond ------------------------------------------------------------------------------

    def _room_anywhere(self, now: Instant) -> Pause | None:
        """Wait for room where nothing else is missing, and no tier has anything better."""
        for tier, targets in enumerate(self._route.tiers):
            for target in targets:
                if not self.prospects.is_new(target):
                    continue
                if self.prospects.gate(target, now) in {Gate.RAMPING, Gate.FULL}:
                    pause = self._waiting.for_room(self.prospects.member(target), now)
                    if pause is not None:
                        self.tier = tier
                        return pause
        return None

    def _tier_of(self, target: Target) -> int:
        tiers = enumerate(self._route.tiers)
        return next(index for index, tier in tiers if any(other is target for other in tier))

    # --- a conversation stays where it was ---------------------------------------------------

    def _sticky_key(self, tier: int) -> Key | None:
        route = self._route
        if route.balance is _FIRST or not route.sticky or len(route.tiers[tier]) == 1:
            # With `first` the order of the table decides, and a conversation follows it back.
            return None
        key = self.prospects.ask.sticky
        if key is None and self._sticky is not None:
            key = self._sticky()
        return None if key is None else (route.name, tier, key)

    @property
    def _waiting(self) -> Waiting:
        """What is left of the patience; most exchanges never wait."""
        if self._waits is None:
            patience = self._route.patience
            self._waits = Waiting(patience, self._deadline, self._shared.rng)
        return self._waits
