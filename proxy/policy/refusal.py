"""The last word of an exchange with nothing left to try: why, and when to come back."""

from proxy.model import Instant, Seconds, Target, Verdict
from proxy.policy.breaker import Gate
from proxy.policy.decision import Refuse, Why
from proxy.policy.prospects import Prospects


def refuse(prospects: Prospects, why: Why | None, now: Instant) -> Refuse:
    """Return the refusal; where `why` is not given, what happened says it."""
    able = list(prospects.able())
    out: list[tuple[Target, Verdict]] = []
    soonest: tuple[Instant, bool] | None = None
    for target in able:
        if prospects.gate(target, now) < Gate.COOLING:
            continue
        last = max(prospects.breakers(target), key=lambda breaker: breaker.back_at(now))
        back = last.back_at(now)
        out.append((target, last.verdict))
        if soonest is None or back < soonest[0]:
            soonest = (back, last.told and last.cooled_until >= back)
    all_out = len(out) == len(able)
    if why is None or why is Why.ALL_FAILED:
        why = _why(prospects, now, nothing_but_out=bool(able) and all_out)
    if soonest is None or not all_out:
        return Refuse(why=why, out=tuple(out))
    retry_in = Seconds(soonest[0] - now)
    return Refuse(why=why, retry_in=retry_in, told=soonest[1], out=tuple(out))


def _why(prospects: Prospects, now: Instant, *, nothing_but_out: bool) -> Why:
    sent = prospects.sent
    if prospects.health.offline.now(now) or (sent and all(attempt.ours for attempt in sent)):
        return Why.LOCAL_NETWORK
    if prospects.unpaid:
        return Why.BUDGET
    if sent:
        return Why.ALL_FAILED
    return Why.ALL_OUT if nothing_but_out else Why.NO_TARGET
