"""What is left when every target of a route is out: the least bad one is probed early.

One probe a second for each route, one at a time for each target; everyone else is refused at once.
A told cooldown is respected even now. Knows prospects and breakers; never events.
"""

from proxy.model import Cause, Instant, Seconds, Target
from proxy.policy.breaker import NEVER, Gate
from proxy.policy.prospects import Prospects

EVERY = Seconds(1.0)
"""How often a route lets a probe through early (design, "Rules of meaning")."""

_CERTAIN = frozenset({Cause.AUTH, Cause.MODEL_NOT_FOUND, Cause.QUOTA})
"""Ejections that an early probe is least likely to lift."""


def least_bad(prospects: Prospects, now: Instant) -> Target | None:
    """Return the target to probe early, if it comes to that and the second's probe is left."""
    able = list(prospects.able())
    if any(prospects.gate(target, now) < Gate.COOLING for target in able):
        return None
    early = prospects.shared.early
    if now - early.get(prospects.route.name, NEVER) < EVERY:
        return None
    usable = [
        target
        for target in able
        if prospects.is_new(target)
        and prospects.could_probe(target, now)
        and prospects.pays(target, now)
    ]
    if not usable:
        return None
    early[prospects.route.name] = now
    return min(usable, key=lambda target: _badness(prospects, target, now))


def _badness(prospects: Prospects, target: Target, now: Instant) -> tuple[bool, Instant, Instant]:
    """Return what to compare: hopeless last, then whoever has waited longest for its trial."""
    out = [breaker for breaker in prospects.breakers(target) if breaker.gate(now) > Gate.OPEN]
    return (
        any(breaker.verdict.cause in _CERTAIN for breaker in out),
        max(breaker.probed_at for breaker in out),
        max(breaker.until for breaker in out),
    )
