"""How long one exchange may wait, for a cooldown to end or for room, and with how many others.

Knows patience, slots and instants; never why nothing better is left to do.
"""

from dataclasses import dataclass
from random import Random

from proxy.model import Instant, Seconds
from proxy.policy.member import Member

MOST_WAITING = 16
"""Exchanges that may wait for one backend's cooldown (design, "Rules of meaning")."""

JITTER = 0.25
"""Those who wait come back spread over this part more (design, "Rules of meaning")."""

MOST_QUEUED = 100
QUEUE_PATIENCE = Seconds(1.0)
"""How many wait for room at one backend, and for how long (behaviour E3)."""

QUEUE_STEP = Seconds(0.05)
"""How often they look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Come back later; a slot among a backend's waiters is held until then."""

    until: Instant
    member: Member
    queued: bool
    """Waits for room, not for a cooldown."""

    def end(self) -> None:
        """Give the slot back."""
        if self.queued:
            self.member.queued -= 1
        else:
            self.member.waiting -= 1


class Waiting:
    """What is left of one exchange's patience."""

    __slots__ = ("_deadline", "_patience", "_queueing", "_rng")

    def __init__(self, patience: Seconds, deadline: Instant, rng: Random) -> None:
        self._patience: float = patience
        self._queueing: float = QUEUE_PATIENCE
        self._deadline = deadline
        self._rng = rng

    def would_last(self, member: Member, back: Instant, now: Instant) -> bool:
        """Say whether there is patience, and a slot, to wait until `back`."""
        in_time = back <= now + self._patience and back < self._deadline
        return in_time and member.waiting < MOST_WAITING

    def for_cooldown(self, member: Member, back: Instant, now: Instant) -> Pause:
        """Wait until `back`, and a little longer than others; ask `would_last` before."""
        late = back + (back - now) * JITTER * self._rng.random()
        until = Instant(min(late, now + self._patience))
        if until >= self._deadline:
            until = back
        self._patience -= until - now
        member.waiting += 1
        return Pause(until=until, member=member, queued=False)

    def for_room(self, member: Member, now: Instant) -> Pause | None:
        """Look again soon, if there is patience and a slot for that."""
        step = QUEUE_STEP * (1 + JITTER * self._rng.random())
        until = Instant(now + step)
        if self._queueing < step or member.queued >= MOST_QUEUED or until >= self._deadline:
            return None
        self._queueing -= step
        member.queued += 1
        return Pause(until=until, member=member, queued=True)
