"""The last word of an exchange with nothing left to try: why, and when to come back."""

from proxy.model import Ask, Instant, Seconds, Target, Verdict
from proxy.policy.breaker import Gate
from proxy.policy.course import Course
from proxy.policy.decision import Refuse, Why
from proxy.policy.health import Health


def refuse(course: Course, health: Health, ask: Ask, why: Why | None, now: Instant) -> Refuse:
    """Return the refusal; where `why` is not given, what happened says it."""
    able = course.able()
    out: list[tuple[Target, Verdict]] = []
    soonest: tuple[Instant, bool] | None = None
    for target in able:
        if health.gate(target, ask, now) < Gate.COOLING:
            continue
        breakers = health.breakers(health.member(target.backend), target, ask)
        last = max(breakers, key=lambda breaker: breaker.back_at(now))
        back = last.back_at(now)
        out.append((target, last.verdict))
        if soonest is None or back < soonest[0]:
            soonest = (back, last.told and last.cooled_until >= back)
    all_out = len(out) == len(able)
    if why is None or why is Why.ALL_FAILED:
        why = _why(course, health, now, nothing_but_out=bool(able) and all_out)
    if soonest is None or not all_out:
        return Refuse(why=why, out=tuple(out))
    retry_in = Seconds(soonest[0] - now)
    return Refuse(why=why, retry_in=retry_in, told=soonest[1], out=tuple(out))


def _why(course: Course, health: Health, now: Instant, *, nothing_but_out: bool) -> Why:
    if course.sent:
        if all(attempt.ours for attempt in course.sent):
            return Why.LOCAL_NETWORK
        return Why.BUDGET if course.denied else Why.ALL_FAILED
    if health.offline.now(now):
        return Why.LOCAL_NETWORK
    if course.denied:
        return Why.BUDGET
    return Why.ALL_OUT if nothing_but_out else Why.NO_TARGET
