"""Whatever happens, and in whatever order: what must hold for every exchange and every backend.

A machine draws exchanges, events and leaps of time (also to the very instant at which a rule
changes, and to one tick before and after it), plays the exchange's part honestly (an attempt ends
at its own limits, a wake comes when it is due, or as late as a busy loop is), and checks after each
step the invariants of a proxy that does no harm. What is paid it counts in books of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf, nextafter
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from proxy.model import (
    GOOD,
    Action,
    Ask,
    Balance,
    Cause,
    Change,
    Ejection,
    HealthChange,
    Hedge,
    Instant,
    Limits,
    Operation,
    Replay,
    Route,
    Scope,
    Seconds,
    Sent,
    Target,
)
from proxy.policy.attempt import Attempt
from proxy.policy.breaker import Breaker, Gate, State
from proxy.policy.budget import PAID, REQUESTS
from proxy.policy.decision import (
    Cancel,
    Decision,
    Ended,
    Event,
    Failed,
    Ready,
    Refuse,
    Relay,
    Send,
    Substitute,
    Wait,
    Woke,
)
from proxy.policy.failover import Failover
from proxy.policy.standing import Standing
from tests.policy.build import LIMITS, ask, at, bad, fleet, route, target

A = target("a")
B = target("b", account="a", max_in_flight=2)
C = target("c", model="other", context_window=100)
D = target("d")
SHORT = replace(LIMITS, head=Seconds(10.0), first_content=Seconds(20.0), total=Seconds(60.0))
ROUTES = (
    route((A, B), (C,), name="first"),
    route((A, B, D), (C,), name="spread", balance=Balance.SPREAD),
    route((A, D), name="least", balance=Balance.LEAST, hedge=Hedge(after=Seconds(2.0))),
    route((A,), (C,), name="hedged", hedge=Hedge(after=Seconds(10.0)), stream=SHORT, unary=SHORT),
    route((A,), (B,), name="unsent", replay=Replay.UNSENT, attempts=3),
    route((D,), name="alone", attempts=2, replay=Replay.NEVER),
)
BY_NAME = {of.name: of for of in ROUTES}
NAMES = st.sampled_from(sorted(BY_NAME))
FLEET = fleet(*ROUTES, ejection=Ejection(consecutive=2, minimum=6))

CLIENTS = {
    "bad request": bad(Cause.BAD_REQUEST, scope=Scope.REQUEST, action=Action.PASS_THROUGH),
    "policy": bad(Cause.CONTENT_POLICY, scope=Scope.REQUEST, action=Action.PASS_THROUGH),
    "too long": bad(Cause.CONTEXT_LENGTH, scope=Scope.REQUEST, action=Action.PASS_THROUGH),
    "offline": bad(Cause.LOCAL_NETWORK),
}
PROVIDERS = {
    "502": bad(Cause.ORIGIN),
    "500": bad(Cause.ORIGIN, transient=True),
    "500 of a model": bad(Cause.ORIGIN, scope=Scope.MODEL, transient=True),
    "529": bad(Cause.CAPACITY, scope=Scope.MODEL, cooldown=Seconds(3.0)),
    "429 told": bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(2.0)),
    "429 told for years": bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(1e9)),
    "429": bad(Cause.RATE_LIMIT, scope=Scope.MODEL),
    "dns": bad(Cause.DNS),
    "401": bad(Cause.AUTH, scope=Scope.KEY),
    "402": bad(Cause.QUOTA, scope=Scope.KEY),
    "404": bad(Cause.MODEL_NOT_FOUND, scope=Scope.MODEL),
    "409": bad(Cause.ORIGIN, scope=Scope.REQUEST, action=Action.RETRY_SAME),
}
SPECIALS: dict[str, dict[str, Any]] = {
    "": {},
    "resend": {"resend": 1},
    "stateful": {"operation": Operation.STATEFUL},
    "demands a": {"backend": "a"},
    "demands nobody": {"backend": "nobody"},
    "no failover": {"no_failover": True},
    "unary in haste": {"stream": False, "read_timeout": 5.0},
}
LEAPS = (0.0, 0.01, 0.05, 0.999, 1.0, 1.001, 2.0, 3.0, 9.99, 10.0, 15.0, 30.0, 61.0, 301.0)
LATEST = 0.9
"""Seconds that a busy loop is late at most: less than a lease outlives its attempt."""


@dataclass
class Live:
    """An attempt that the exchange has under way."""

    send: Send
    started: float

    @property
    def ends(self) -> float:
        limits = self.send.limits
        phases = limits.connect + limits.tls + limits.head + limits.first_content
        return self.started + min(phases, limits.total)


@dataclass
class Exchange:
    """The other side of a failover: what an honest driver remembers."""

    failover: Failover
    of: Route
    deadline: float
    most: int
    live: dict[int, Live] = field(default_factory=dict)
    sent: list[Send] = field(default_factory=list)
    due: float | None = None
    waited: bool = False
    relayed: int | None = None
    over: bool = False
    stales: int = 0
    silent: list[Target] = field(default_factory=list)
    rerouted: bool = False
    unclear: bool = False
    """What comes next was paid before a wait, or is beyond the budget by rule."""


@dataclass
class Book:
    """What a backend was sent: by the rules as they are written, not by the code's own sums."""

    requests: list[float] = field(default_factory=list)
    paid: list[float] = field(default_factory=list)
    hedges: list[float] = field(default_factory=list)

    def covers(self, now: float, *, hedge: bool) -> bool:
        """Say whether one more is within the budget; the window forgets after 10 to 11 s."""
        requests = sum(now - then <= 11.0 for then in self.requests)
        paid = sum(now - then < 10.0 for then in self.paid)
        hedges = sum(now - then < 10.0 for then in self.hedges)
        return paid < max(3, 0.2 * requests) and (not hedge or hedges < max(2, 0.05 * requests))


class Machine(RuleBasedStateMachine):
    """The dice decide what happens; the invariants decide whether it may."""

    @initialize(seed=st.integers(0, 5))
    def start(self, seed: int) -> None:
        self.now = 1000.0
        self.told: list[HealthChange] = []
        self.lagging = False
        self.standing = Standing(
            FLEET, rng=Random(seed), tell=self.told.append, lagging=lambda: self.lagging
        )
        self.exchanges: list[Exchange] = []
        self.stepping: Exchange | None = None
        self.spy_on_the_door()
        self.early: dict[str, float] = {}
        self.books = {name: Book() for name in FLEET.backends}
        self.states: dict[int, tuple[Breaker, State, int]] = {}

    # --- what happens ------------------------------------------------------------------------

    @rule(
        name=NAMES,
        timeout=st.sampled_from([None, None, 1.0, 20.0]),
        special=st.sampled_from(["", "", "", *SPECIALS]),
        replayable=st.sampled_from([True, True, True, False]),
    )
    def begins(self, name: str, timeout: float | None, special: str, replayable: bool) -> None:
        of = BY_NAME[name]
        asked = ask(timeout=timeout, sticky="conversation", **SPECIALS[special])
        failover = self.standing.begin(asked, of, at(self.now), replayable=replayable)
        total = of.stream.total if timeout is None else min(of.stream.total, timeout)
        exchange = Exchange(
            failover=failover,
            of=of,
            deadline=self.now + total,
            most=1 if asked.no_failover else of.attempts,
        )
        self.exchanges.append(exchange)
        self.check_payment(lambda: failover.begin(at(self.now)), exchange)

    @rule(leap=st.sampled_from(LEAPS))
    def time_passes(self, leap: float) -> None:
        """Let all come about that is due on the way, in its order."""
        self.pass_until(self.now + leap)

    @rule(late=st.sampled_from([0.001, LATEST]))
    def time_is_lost(self, late: float) -> None:
        """The loop is busy: what is due meanwhile comes late, and all at once."""
        self.now += late
        self.pass_until(self.now)

    @rule(data=st.data(), tick=st.sampled_from([-inf, None, inf]), name=NAMES)
    def comes_at_a_boundary(self, data: st.DataObject, tick: float | None, name: str) -> None:
        """Begin at the very instant at which something changes, or one tick beside it."""
        edges = sorted({edge for edge in self.edges() if self.now < edge < self.now + 700.0})
        if edges:
            edge = data.draw(st.sampled_from(edges))
            self.pass_until(edge if tick is None else nextafter(edge, tick))
            self.begins(name, None, "", True)

    def edges(self) -> Iterator[float]:
        for breaker in self.breakers():
            yield from (breaker.until, breaker.cooled_until, breaker._recovered_at + 30.0)
            if breaker.state is State.PROBING:
                yield breaker._lease_until
        for exchange in self.exchanges:
            yield exchange.deadline
            if exchange.due is not None:
                yield exchange.due
            yield from (live.ends for live in exchange.live.values())

    def pass_until(self, until: float) -> None:
        while (due := min(self.agenda(), default=None, key=lambda d: d[0])) and due[0] <= until:
            self.now = max(self.now, due[0])
            due[1]()
        self.now = until

    def agenda(self) -> Iterator[tuple[float, Callable[[], None]]]:
        for exchange in self.exchanges:
            if exchange.due is not None and not exchange.over:
                yield exchange.due, partial(self.wake, exchange)
            for number, live in exchange.live.items():
                if number != exchange.relayed:
                    yield live.ends, partial(self.expire, exchange, number)

    def wake(self, exchange: Exchange) -> None:
        exchange.due = None
        exchange.waited |= not exchange.live
        self.tell(exchange, Woke())

    def expire(self, exchange: Exchange, number: int) -> None:
        verdict = bad(Cause.TIMEOUT)
        sent = Sent.MAYBE_SENT
        self.tell(exchange, Failed(number=number, verdict=verdict, sent=sent, silent=True))

    @precondition(lambda self: any(e.live and e.relayed is None for e in self.exchanges))
    @rule(data=st.data(), whole=st.booleans())
    def is_ready(self, data: st.DataObject, whole: bool) -> None:
        exchange, number = self.draw_live(data)
        self.tell(exchange, Ready(number=number, whole=whole))

    @precondition(lambda self: any(e.live and e.relayed is None for e in self.exchanges))
    @rule(
        data=st.data(),
        bad_one=st.sampled_from(sorted(PROVIDERS)),
        sent=st.sampled_from(list(Sent)[:3]),
        silent=st.booleans(),
        stale=st.sampled_from([False, False, False, True]),
    )
    def fails(
        self, data: st.DataObject, bad_one: str, sent: Sent, silent: bool, stale: bool
    ) -> None:
        verdict = PROVIDERS[bad_one]
        exchange, number = self.draw_live(data)
        stale = stale and not silent and not exchange.live[number].send.fresh
        exchange.stales += stale
        event = Failed(number=number, verdict=verdict, sent=sent, silent=silent, stale=stale)
        self.tell(exchange, event)

    @precondition(lambda self: any(e.live and e.relayed is None for e in self.exchanges))
    @rule(data=st.data(), bad_one=st.sampled_from(sorted(PROVIDERS)))
    def fails_plainly(self, data: st.DataObject, bad_one: str) -> None:
        exchange, number = self.draw_live(data)
        verdict = PROVIDERS[bad_one]
        self.tell(exchange, Failed(number=number, verdict=verdict, sent=Sent.HEAD_SEEN))

    @rule(name=st.sampled_from(["least", "hedged"]), leap=st.sampled_from([2.0, 10.0]))
    def is_slow(self, name: str, leap: float) -> None:
        self.begins(name, None, "", True)
        self.time_passes(leap)

    @rule(name=NAMES, bad_one=st.sampled_from(sorted(PROVIDERS)))
    def fails_to_the_end(self, name: str, bad_one: str) -> None:
        self.begins(name, None, "", True)
        exchange = self.exchanges[-1]
        while exchange.live and not exchange.over:
            number = next(iter(exchange.live))
            verdict = PROVIDERS[bad_one]
            self.tell(exchange, Failed(number=number, verdict=verdict, sent=Sent.HEAD_SEEN))

    @precondition(lambda self: any(e.live and e.relayed is None for e in self.exchanges))
    @rule(data=st.data(), bad_one=st.sampled_from(sorted(CLIENTS)))
    def is_the_clients_fault(self, data: st.DataObject, bad_one: str) -> None:
        exchange, number = self.draw_live(data)
        probing = any(live.send.probe for live in exchange.live.values())
        before = self.counts()
        # Only what follows may change a standing, by a probe; and a lease goes back.
        event = Failed(number=number, verdict=CLIENTS[bad_one], sent=Sent.HEAD_SEEN)
        decisions = self.tell(exchange, event)
        if not probing and not any(isinstance(d, Send) and d.probe for d in decisions):
            assert self.counts() == before

    @precondition(lambda self: any(e.relayed in e.live for e in self.exchanges))
    @rule(data=st.data(), whole=st.booleans())
    def ends(self, data: st.DataObject, whole: bool) -> None:
        relayed = [e for e in self.exchanges if e.relayed in e.live]
        exchange = relayed[data.draw(st.integers(0, len(relayed) - 1))]
        assert exchange.relayed is not None
        verdict = GOOD if whole else bad(Cause.ORIGIN)
        assert self.tell(exchange, Ended(number=exchange.relayed, verdict=verdict)) == ()

    @precondition(lambda self: bool(self.exchanges))
    @rule(data=st.data())
    def is_cancelled(self, data: st.DataObject) -> None:
        self.close(self.exchanges[data.draw(st.integers(0, len(self.exchanges) - 1))])

    @rule(lagging=st.booleans())
    def loop_lags(self, lagging: bool) -> None:
        self.lagging = lagging

    @rule()
    def is_reloaded(self) -> None:
        self.standing.adopt(FLEET, at(self.now))

    # --- the driver --------------------------------------------------------------------------

    def draw_live(self, data: st.DataObject) -> tuple[Exchange, int]:
        open_ = [(e, n) for e in self.exchanges if e.relayed is None for n in e.live]
        return open_[data.draw(st.integers(0, len(open_) - 1))]

    def tell(self, exchange: Exchange, event: Event) -> tuple[Decision, ...]:
        if isinstance(event, Failed | Ended) or (isinstance(event, Ready) and event.whole):
            ended = exchange.live.pop(event.number)
            if isinstance(event, Failed) and event.silent:
                exchange.silent.append(ended.send.target)
        return self.check_payment(
            lambda: exchange.failover.on(event, at(self.now)),
            exchange,
            beyond=isinstance(event, Failed) and event.stale,
        )

    def check_payment(
        self, step: Callable[[], tuple[Decision, ...]], exchange: Exchange, *, beyond: bool = False
    ) -> tuple[Decision, ...]:
        before = self.budgets()
        self.stepping = exchange
        decisions = step()
        for name, (requests, paid) in self.budgets().items():
            old_requests, old_paid = before[name]
            assert paid <= old_paid + 1
            if paid > old_paid and not beyond and not self.was_a_well_resend(exchange, name):
                assert old_paid < max(3, 0.2 * old_requests)
            assert requests <= old_requests + 1
        self.obey(exchange, decisions)
        return decisions

    def spy_on_the_door(self) -> None:
        """See what each attempt meets when it is let in."""
        health = self.standing._health
        first, enter = health.first, health.enter

        def plain(target: Target, ask: Ask, limits: Limits, now: Instant) -> Attempt | None:
            met = health.gate(target, ask, now)
            attempt = first(target, ask, limits, now)
            assert attempt is None or met is Gate.OPEN
            return attempt

        def seen(attempt: Attempt, ask: Ask, now: Instant) -> None:
            met = health.gate(attempt.target, ask, now)
            self.check_gate(attempt, met)
            enter(attempt, ask, now)
            assert attempt.probe == (met is not Gate.OPEN)

        health.first = plain  # type: ignore[method-assign]
        health.enter = seen  # type: ignore[method-assign]

    def check_gate(self, attempt: Attempt, met: Gate) -> None:
        """No attempt at what is out, but as its one probe."""
        assert met in {Gate.OPEN, Gate.PROBE, Gate.OUT}, "what cools or is full is let be"
        if met is Gate.OUT:
            assert self.stepping is not None
            repeats = any(s.target is attempt.target for s in self.stepping.sent)
            if repeats:
                return  # an early probe that met a closed connection
            prospects = self.stepping.failover._prospects
            gates = [prospects.gate(t, at(self.now)) for t in prospects.able()]
            assert min(gates) >= Gate.COOLING, "the last resort is for when all are out"
            early = self.early.get(self.stepping.of.name, -1.0)
            assert self.now - early >= 1.0
            self.early[self.stepping.of.name] = self.now

    def was_a_well_resend(self, exchange: Exchange, name: str) -> bool:
        """Where all is well, a re-send is paid for whether or not that is covered."""
        return not exchange.sent and exchange.failover._ask.resend > 0

    def budgets(self) -> dict[str, tuple[int, int]]:
        found = {}
        for name, member in self.standing._health.members.items():
            window = member.budget._window
            window.turn(at(self.now))
            found[name] = (window.sums[REQUESTS], window.sums[PAID])
        return found

    def obey(self, exchange: Exchange, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            if isinstance(decision, Send):
                self.obey_send(exchange, decision)
            elif isinstance(decision, Wait):
                assert not exchange.over
                assert self.now <= decision.until < exchange.deadline
                exchange.due = decision.until
                exchange.unclear = not exchange.live
            elif isinstance(decision, Cancel):
                assert exchange.over
                del exchange.live[decision.number]
            else:
                self.obey_last(exchange, decision)
        if exchange.over:
            assert set(exchange.live) <= {exchange.relayed}
        elif not exchange.live:
            assert exchange.due is not None, "an exchange never hangs"

    def obey_last(self, exchange: Exchange, decision: Relay | Refuse | Substitute) -> None:
        assert not exchange.over, "one terminal decision"
        assert self.now <= exchange.deadline + LATEST, "an exchange does not outlive its client"
        exchange.over = True
        if isinstance(decision, Refuse):
            assert not exchange.live
            assert decision.retry_in is None or decision.retry_in >= 0
        elif isinstance(decision, Relay) and decision.number in exchange.live:
            exchange.relayed = decision.number

    def obey_send(self, exchange: Exchange, send: Send) -> None:
        assert not exchange.over
        assert self.now < exchange.deadline
        assert send.limits.total <= exchange.deadline - self.now + 1e-6
        assert max(send.limits.connect, send.limits.tls) <= send.limits.total
        silent = exchange.silent
        assert not any(send.target is target for target in silent), "the silent are not redialled"
        if send.hedge:
            self.obey_hedge(exchange, send)
        self.enter_in_the_books(exchange, send)
        exchange.sent.append(send)
        assert send.number == len(exchange.sent)
        assert send.number <= exchange.most + bool(exchange.stales)
        assert len(exchange.live) <= 1
        assert exchange.of.replay is not Replay.NEVER or send.number == 1
        again = sum(s.target is send.target for s in exchange.sent) - 1
        # Once after each stale connection, once quickly, and as often as patience allows.
        assert again <= 1 + exchange.stales + exchange.waited * exchange.most
        exchange.live[send.number] = Live(send=send, started=self.now)

    def obey_hedge(self, exchange: Exchange, send: Send) -> None:
        """One, late, at another target that is well, and never a repetition that is not safe."""
        (first,) = exchange.live.values()
        hedge = exchange.of.hedge
        assert hedge is not None
        assert hedge.after is not None
        assert self.now >= first.started + hedge.after
        assert not send.probe
        assert not any(before.hedge or before.target is send.target for before in exchange.sent)
        assert exchange.failover._replay is Replay.ALWAYS

    def enter_in_the_books(self, exchange: Exchange, send: Send) -> None:
        """The first is free and fills the bucket, as the first reroute does; the rest is paid."""
        book = self.books[send.target.backend.name]
        tried = any(before.target is send.target for before in exchange.sent)
        first = not exchange.sent
        resent = first and exchange.failover._ask.resend > 0
        unclear = exchange.unclear or send.fresh or resent
        if send.hedge or (not first and (tried or exchange.rerouted)):
            assert unclear or book.covers(self.now, hedge=send.hedge), "what is paid is covered"
            (book.requests if exchange.unclear else book.paid).append(self.now)
            if send.hedge:
                book.hedges.append(self.now)
        else:
            (book.paid if resent else book.requests).append(self.now)
        exchange.rerouted |= not first and not tried and not send.hedge
        exchange.unclear = False

    def close(self, exchange: Exchange) -> None:
        before = self.counts()
        probing = any(live.send.probe for live in exchange.live.values())
        exchange.failover.close(at(self.now))
        exchange.failover.close(at(self.now))
        assert probing or self.counts() == before, "a cancel is charged to nobody"
        self.exchanges.remove(exchange)

    # --- what must hold ----------------------------------------------------------------------

    def breakers(self) -> list[Breaker]:
        health = self.standing._health
        models = [b for m in health.members.values() for b in m.models.values()]
        return [*(m.health for m in health.members.values()), *health.keys.values(), *models]

    def counts(self) -> list[tuple[object, ...]]:
        return [
            (b.state, b.consecutive, b.silences, b.until, b.cooled_until) for b in self.breakers()
        ]

    @invariant()
    def one_probe_at_a_time(self) -> None:
        for name in FLEET.backends:
            probes = [
                live.send
                for exchange in self.exchanges
                for number, live in exchange.live.items()
                if live.send.probe
                and number != exchange.relayed
                and live.send.target.backend.name == name
            ]
            scopes = 2 + len(self.standing._health.members[name].models)
            assert len(probes) <= scopes
        for breaker in self.breakers():
            assert breaker.running >= 0
            assert breaker.state is not State.PROBING or breaker.running == 1

    @invariant()
    def closed_only_by_a_probe(self) -> None:
        recovered = sum(change.change is Change.RECOVERED for change in self.told)
        for breaker in self.breakers():
            _, state, before = self.states.get(id(breaker), (breaker, State.CLOSED, 0))
            if state is not State.CLOSED and breaker.state is State.CLOSED:
                assert recovered > before
            self.states[id(breaker)] = (breaker, breaker.state, recovered)

    @invariant()
    def the_books_balance(self) -> None:
        for name, member in self.standing._health.members.items():
            live = [
                attempt
                for exchange in self.exchanges
                for attempt in exchange.live.values()
                if attempt.send.target.backend.name == name
            ]
            assert member.in_flight == len(live)
            assert member.full() or member.backend.max_in_flight is None or member.in_flight < 2
            assert 0 <= member.waiting <= 16
            assert 0 <= member.queued <= 100

    @invariant()
    def what_is_told_is_within_bounds(self) -> None:
        state: dict[tuple[Scope, str, str | None], Change] = {}
        for change in self.told:
            key = (change.scope, change.backend, change.model)
            if change.change is Change.EJECTED:
                assert change.until is not None
                assert 0.9 <= change.until - change.at <= 3600
            if change.change is Change.COOLED:
                assert change.until is not None
                assert 0.9 <= change.until - change.at <= 3600
            state[key] = change.change

    def teardown(self) -> None:
        if not hasattr(self, "exchanges"):
            return
        self.time_passes(700.0)
        for exchange in list(self.exchanges):
            assert exchange.over, "each has one outcome, in time"
            self.close(exchange)
        for member in self.standing._health.members.values():
            assert (member.in_flight, member.waiting, member.queued) == (0, 0, 0)
        for breaker in self.breakers():
            assert breaker.running == 0
            assert breaker.state is not State.PROBING, "no lease is left behind"
        self.everything_recovers()

    def everything_recovers(self) -> None:
        """CLOSED is always reachable: all that was told has passed, and one good answer comes."""
        self.lagging = False
        for of in (ROUTES[0], ROUTES[1]):
            for name in ("a", "b", "c", "d"):
                self.now += 4000.0
                asked = ask(backend=name)
                failover = self.standing.begin(asked, of, at(self.now))
                for decision in failover.begin(at(self.now)):
                    if isinstance(decision, Send):
                        failover.on(Ready(number=1), at(self.now))
                        failover.on(Ended(number=1, verdict=GOOD), at(self.now))
                failover.close(at(self.now))
        for breaker in self.breakers():
            if breaker.model is None:
                assert breaker.state is State.CLOSED


QUICK = settings(
    max_examples=100,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

TestProperties = Machine.TestCase
TestProperties.settings = QUICK


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_properties_at_length() -> None:
    run_state_machine_as_test(
        Machine, settings=settings(QUICK, max_examples=3000, derandomize=False)
    )
