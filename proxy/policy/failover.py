"""What is done about each event of one exchange: events in, decisions out.

    begin -> Send, Wait, Refuse or Substitute
    Ready -> Relay, and Cancel of the other of a hedged pair
    Failed -> Relay (the client's own fault), Send, Wait, Refuse or Substitute; nothing while a
              pair goes on
    Woke -> Send (a hedge, or after a wait), Wait, Refuse or Substitute
    Ended -> nothing where it was whole; where it was cut, Send (to go on with it) or nothing
    Failed of an attempt that was to go on -> Send or nothing: then the answer stays cut

After Refuse or Substitute nothing is sent any more, after Relay nothing unless its answer is cut.
This file knows deadlines, replay, hedging and when a cut may be mended; the way through the tiers
is `course`, who is charged is `health`. It never learns what HTTP is.
"""

from collections.abc import Callable
from typing import assert_never

from proxy.model import (
    Ask,
    Balance,
    Cause,
    Instant,
    Replay,
    Route,
    Sent,
    Target,
    Verdict,
)
from proxy.policy.attempt import Attempt
from proxy.policy.breaker import Gate
from proxy.policy.course import Course
from proxy.policy.deadline import Deadline
from proxy.policy.decision import (
    Cancel,
    Decision,
    Ended,
    Event,
    Failed,
    Ready,
    Relay,
    Send,
    Substitute,
    Wait,
    Why,
    Woke,
)
from proxy.policy.degraded import is_degraded, takes_static
from proxy.policy.hedging import hedge_after
from proxy.policy.ladder import MOST_RESUMES, Ladder, is_mendable
from proxy.policy.prospects import Prospects
from proxy.policy.refusal import refuse
from proxy.policy.repetition import allowed, is_answer, misleads, rule, why_not
from proxy.policy.shared import Shared
from proxy.policy.waiting import Pause

_NOTHING: tuple[Decision, ...] = ()

_FIRST = Balance.FIRST
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every exchange asks."""


class Failover:
    """The policy of one exchange; `close` it however it ends."""

    __slots__ = (
        "_ask",
        "_attempts",
        "_deadline",
        "_health",
        "_hedge_due",
        "_hedged",
        "_ladder",
        "_laid",
        "_live",
        "_pause",
        "_relayed",
        "_replay",
        "_replayable",
        "_resumes",
        "_route",
        "_sent",
        "_shared",
        "_stale",
        "_sticky",
    )

    def __init__(
        self,
        shared: Shared,
        ask: Ask,
        route: Route,
        now: Instant,
        sticky: Callable[[], str | None] | None,
        replayable: bool,
    ) -> None:
        self._shared = shared
        self._health = shared.health
        self._deadline = Deadline(route.limits(ask.stream), ask, now)
        self._sticky = sticky
        self._laid: Course | None = None
        self._ask = ask
        self._route = route
        self._replay = rule(ask, route, replayable=replayable)
        self._replayable = replayable
        self._attempts = 1 if ask.no_failover else route.attempts
        """How many may be made."""
        self._sent: list[Attempt] = []
        """All attempts so far."""
        self._live: dict[int, Attempt] = {}
        """Under way and not relayed, by number; an event that comes too late finds nobody here."""
        self._relayed: Attempt | None = None
        self._pause: Pause | None = None
        self._hedge_due = False
        self._hedged = False
        self._ladder: Ladder | None = None
        """How the answer that was cut may go on; None while none is cut."""
        self._resumes = 0
        self._stale = False

    def begin(self, now: Instant) -> tuple[Decision, ...]:
        """Decide what is tried first: nearly always the first target, and nothing else counts."""
        ask, route = self._ask, self._route
        in_order = route.balance is _FIRST and ask.backend is None
        if in_order and not ask.resend and now < self._deadline.at:
            limits = self._deadline.limits(now)
            first = self._health.first(route.tiers[0][0], ask, limits, now)
            if first is not None:
                self._sent.append(first)
                return self._made(first, now)
        return self._go_on(now)

    def on(self, event: Event, now: Instant) -> tuple[Decision, ...]:
        """Decide what follows from `event`. One that comes too late changes nothing."""
        match event:
            case Ready():
                return self._ready(event, now)
            case Ended():
                return self._ended(event, now)
            case Failed():
                return self._failed(event, now)
            case Woke():
                return self._woke(now)
        assert_never(event)

    def close(self, _now: Instant) -> None:
        """Give everything back that the exchange still holds, charged to nobody; idempotent."""
        for attempt in self._live.values():
            self._health.leave(attempt)
        self._live = {}
        if self._relayed is not None:
            self._health.leave(self._relayed)
            self._relayed = None
        self._end_pause()

    # --- events ------------------------------------------------------------------------------

    def _ready(self, event: Ready, now: Instant) -> tuple[Decision, ...]:
        attempt = self._live.pop(event.number, None)
        if attempt is None:
            return _NOTHING
        self._health.ready(attempt, now)
        if event.whole:
            self._health.succeeded(attempt, now)
        else:
            self._relayed = attempt
        if self._laid is not None:  # else the table's order has decided
            self._laid.keep(attempt, now)
        return self._relay(event.number)

    def _ended(self, event: Ended, now: Instant) -> tuple[Decision, ...]:
        attempt = self._relayed
        if attempt is None or attempt.number != event.number:
            return _NOTHING
        self._relayed = None
        if event.verdict.good:
            self._health.succeeded(attempt, now)
            return _NOTHING
        attempt.verdict = event.verdict
        self._charge(attempt, event.verdict, Sent.CONTENT_SEEN, now, silent=False)
        may = self._resumes < MOST_RESUMES and allowed(self._replay, Sent.CONTENT_SEEN)
        if not (event.rungs and may and is_mendable(event.verdict)):
            return _NOTHING
        self._ladder = Ladder(self._prospects, event.rungs)
        return self._climb(now)

    def _climb(self, now: Instant) -> tuple[Decision, ...]:
        """Decide who goes on with the answer that was cut, if anybody."""
        assert self._ladder is not None
        late = now >= self._deadline.at or len(self._sent) >= self._attempts
        step = None if late else self._ladder.next(now)
        return _NOTHING if step is None else self._send(*step, now)

    def _failed(self, event: Failed, now: Instant) -> tuple[Decision, ...]:
        attempt = self._live.pop(event.number, None)
        if attempt is None:
            return _NOTHING
        attempt.verdict = event.verdict
        attempt.silent = event.silent
        if event.stale:
            self._health.leave(attempt)
            if not self._live and self._may_repeat_stale(attempt, now):
                return self._send(attempt.target, attempt.tier, now, fresh=True)
        else:
            self._charge(attempt, event.verdict, event.sent, now, silent=event.silent)
        if self._ladder is not None:
            self._ladder.missed(attempt, event)
            return self._climb(now)
        if self._is_answer(attempt, event, now):
            return self._relay(event.number)
        if self._live:
            return _NOTHING
        if not allowed(self._replay, event.sent):
            return self._refuse(why_not(event), now)
        return self._go_on(now)

    def _charge(
        self, attempt: Attempt, verdict: Verdict, sent: Sent, now: Instant, *, silent: bool
    ) -> None:
        stalled = sent is Sent.CONTENT_SEEN and verdict.cause is Cause.TIMEOUT
        if (silent or stalled) and self._deadline.hurried(attempt.limits, sent):
            self._health.leave(attempt)
        else:
            attempt.ours = self._health.failed(attempt, verdict, sent, now, silent=silent)

    def _woke(self, now: Instant) -> tuple[Decision, ...]:
        if self._pause is not None:
            self._end_pause()
            return self._go_on(now)
        if self._hedge_due and self._live:
            return self._hedge(now)
        return _NOTHING

    # --- decisions ---------------------------------------------------------------------------

    def _go_on(self, now: Instant) -> tuple[Decision, ...]:
        if now >= self._deadline.at:
            return self._refuse(Why.DEADLINE, now)
        left = self._attempts - len(self._sent)
        if left <= 0:
            return self._refuse(Why.ALL_FAILED, now)
        step = self._course.next(now, left)
        if step is None:
            return self._refuse(None, now)
        if isinstance(step, Pause):
            self._pause = step
            return (Wait(until=step.until),)
        return self._send(step, self._course.tier, now)

    def _send(
        self, target: Target, tier: int, now: Instant, *, fresh: bool = False, hedge: bool = False
    ) -> tuple[Decision, ...]:
        attempt = Attempt(
            number=len(self._sent) + 1,
            target=target,
            tier=tier,
            member=self._health.member(target.backend),
            started=now,
            stream=self._ask.stream,
            asked=self._ask.model,
            limits=self._deadline.limits(now),
            hedge=hedge,
            rung=None if self._ladder is None else self._ladder.rung,
        )
        self._prospects.take(attempt, now)
        self._health.enter(attempt, self._ask, now)
        return self._made(attempt, now, fresh=fresh)

    def _made(self, attempt: Attempt, now: Instant, *, fresh: bool = False) -> tuple[Decision, ...]:
        self._live[attempt.number] = attempt
        later = attempt.tier > 0
        send = Send(
            number=attempt.number,
            target=attempt.target,
            limits=attempt.limits,
            fresh=fresh,
            hedge=attempt.hedge,
            probe=attempt.probe,
            degraded=later and is_degraded(self._route, attempt.target, attempt.asked),
            rung=attempt.rung,
        )
        due = self._hedge_at(attempt, now)
        return (send,) if due is None else (send, Wait(until=due))

    def _relay(self, number: int) -> tuple[Decision, ...]:
        if self._ladder is not None:
            self._ladder = None
            self._resumes += 1
        if not self._live:
            return (Relay(number=number),)
        losers = tuple(Cancel(number=number) for number in self._live)
        for attempt in self._live.values():
            self._health.leave(attempt)
        self._live = {}
        return (Relay(number=number), *losers)

    def _refuse(self, why: Why | None, now: Instant) -> tuple[Decision, ...]:
        refusal = refuse(self._prospects, why, now)
        text = self._route.static
        if text is None or not takes_static(self._ask):
            return (refusal,)
        return (Substitute(text=text, instead_of=refusal),)

    # --- hedging -----------------------------------------------------------------------------

    def _hedge_at(self, attempt: Attempt, now: Instant) -> Instant | None:
        """Return when a second runner starts unless this attempt is ready before."""
        hedge = self._route.hedge
        self._hedge_due = False
        if hedge is None or self._hedged or self._ladder or len(self._sent) >= self._attempts:
            return None
        if attempt.hedge or self._replay is not Replay.ALWAYS:
            return None
        after = hedge_after(hedge, attempt.member.latency[attempt.stream])
        if after is None:
            return None
        due = Instant(now + after)
        self._hedge_due = due < self._deadline.at
        return due if self._hedge_due else None

    def _hedge(self, now: Instant) -> tuple[Decision, ...]:
        self._hedge_due = False
        if now >= self._deadline.at:
            return _NOTHING
        found = self._course.hedge(now)
        if found is None:
            return _NOTHING
        self._hedged = True
        target, tier = found
        return self._send(target, tier, now, hedge=True)

    # --- may it? -----------------------------------------------------------------------------

    def _may_repeat_stale(self, attempt: Attempt, now: Instant) -> bool:
        """Say whether a request that met a closed connection is sent again on a fresh one.

        The peer had hung up before it read a byte, so even `unsent` allows that. The first time
        in an exchange it is beyond `attempts`, and made whether or not the budget covers it.
        """
        if self._replay is Replay.NEVER or not self._replayable or now >= self._deadline.at:
            return False
        may_probe = attempt.probe and self._prospects.could_probe(attempt.target, now)
        if not may_probe and self._prospects.gate(attempt.target, now) > Gate.PROBE:
            return False
        if not self._stale:
            self._stale = True
            self._attempts += 1
            return True
        return len(self._sent) < self._attempts and attempt.member.budget.can_pay(now)

    def _is_answer(self, attempt: Attempt, event: Failed, now: Instant) -> bool:
        """Say whether the failure is itself what the client has to see."""
        if not is_answer(attempt, event):
            return False
        cause = event.verdict.cause
        if cause is Cause.CONTENT_POLICY:
            return True  # never routed around, whoever says it
        if cause is Cause.CONTEXT_LENGTH and self._has_larger(attempt, event.sent, now):
            return False
        if attempt.hedge and self._live:
            return False  # the first choice may still do better
        return not misleads(attempt, self._sent)

    def _has_larger(self, attempt: Attempt, sent: Sent, now: Instant) -> bool:
        """Say whether what is too long here may fit elsewhere; from now on only that is tried."""
        may = allowed(self._replay, sent) and len(self._sent) < self._attempts
        return may and self._course.has_larger(attempt.target, now)

    # --- small things ------------------------------------------------------------------------

    @property
    def _course(self) -> Course:
        """The way through the tiers, laid when it is first needed: one plain attempt needs none."""
        if self._laid is None:
            prospects = Prospects(self._shared, self._ask, self._route, self._sent)
            self._laid = Course(prospects, self._deadline.at, self._sticky)
        return self._laid

    @property
    def _prospects(self) -> Prospects:
        return self._course.prospects

    def _end_pause(self) -> None:
        if self._pause is not None:
            self._pause.end()
            self._pause = None
