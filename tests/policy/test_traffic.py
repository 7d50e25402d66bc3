"""Many clients at once, in a clock of paper: storms, outages, returns, and what a provider sees.

Attempts are counted where they arrive. Each behaviour says what a backend does at an instant:
how long it takes, and a verdict where it fails.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

import pytest

from proxy.model import GOOD, Balance, Cause, Change, Hedge, Route, Scope, Seconds, Sent, Verdict
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
from tests.policy.build import World, ask, at, bad, route, target

P, S = target("p"), target("s", "other")
UNAVAILABLE = bad(Cause.CAPACITY, transient=True)
FINE: tuple[float, Verdict] = (0.2, GOOD)
DOWN: tuple[float, Verdict] = (0.005, UNAVAILABLE)

Behaviour = Callable[[str, float], tuple[float, Verdict]]


@dataclass
class Client:
    """One call of an app, with all the re-sends of its SDK."""

    began: float
    retries: int
    failover: Failover | None = None
    resend: int = 0
    due: float | None = None
    live: set[int] = field(default_factory=set)
    whole: bool | None = None


class Traffic:
    """Plays clients against a world, and keeps the providers' logs."""

    def __init__(self, world: World, behaviour: Behaviour) -> None:
        self.world = world
        self.world.standing._health._rng = self.world.standing._shared.rng = Random(11)
        self.behaviour = behaviour
        self.now = 0.0
        self.attempts: list[tuple[float, str]] = []
        self.clients: list[Client] = []
        self.running: dict[str, int] = {}
        self.peak: dict[str, int] = {}
        self.slowest_refusal = 0.0
        self._order = count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []

    def run(self, arrivals: list[float], *, retries: int = 0) -> "Traffic":
        for when in arrivals:
            client = Client(began=when, retries=retries)
            self.clients.append(client)
            self.later(when, partial(self.begin, client))
        while self._agenda:
            self.now, _, step = heappop(self._agenda)
            step()
        return self

    def later(self, when: float, step: Callable[[], None]) -> None:
        heappush(self._agenda, (when, next(self._order), step))

    def begin(self, client: Client) -> None:
        asked = ask(resend=client.resend)
        client.failover = self.world.standing.begin(asked, self.world.route, at(self.now))
        self.obey(client, client.failover.begin(at(self.now)))

    def tell(self, client: Client, event: Event, *, number: int | None = None) -> None:
        if number is not None and number not in client.live:
            return
        assert client.failover is not None
        self.obey(client, client.failover.on(event, at(self.now)))

    def wake(self, client: Client, due: float) -> None:
        if client.due == due:
            client.due = None
            self.tell(client, Woke())

    def obey(self, client: Client, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            match decision:
                case Send():
                    self.send(client, decision)
                case Wait():
                    client.due = decision.until
                    self.later(decision.until, partial(self.wake, client, decision.until))
                case Relay():
                    client.whole = True
                case Cancel():
                    client.live.discard(decision.number)
                case Refuse() | Substitute():
                    self.refused(client)

    def send(self, client: Client, send: Send) -> None:
        name = send.target.backend.name
        self.attempts.append((self.now, name))
        client.live.add(send.number)
        self.running[name] = self.running.get(name, 0) + 1
        self.peak[name] = max(self.peak.get(name, 0), self.running[name])
        takes, verdict = self.behaviour(name, self.now)
        silent = verdict.cause is Cause.TIMEOUT
        step = partial(self.answer, client, send.number, name, verdict, silent)
        self.later(self.now + takes, step)

    def answer(
        self, client: Client, number: int, name: str, verdict: Verdict, silent: bool
    ) -> None:
        self.running[name] -= 1
        if verdict.good:
            self.tell(client, Ready(number=number), number=number)
            self.tell(client, Ended(number=number, verdict=GOOD), number=number)
        else:
            sent = Sent.HEAD_SEEN
            event = Failed(number=number, verdict=verdict, sent=sent, silent=silent)
            self.tell(client, event, number=number)

    def refused(self, client: Client) -> None:
        client.whole = False
        assert client.failover is not None
        client.failover.close(at(self.now))
        if client.resend < client.retries:
            client.resend += 1
            self.later(self.now + 0.5 * 2**client.resend, partial(self.begin, client))

    # --- what was seen -----------------------------------------------------------------------

    def at(self, name: str, first: float = 0.0, last: float = 1e9) -> int:
        return sum(n == name and first <= t < last for t, n in self.attempts)

    @property
    def lost(self) -> int:
        return sum(not client.whole for client in self.clients)

    @property
    def amplification(self) -> float:
        return len(self.attempts) / len(self.clients)

    def ejections(self, name: str) -> list[float]:
        return [
            c.at
            for c in self.world.told
            if c.change is Change.EJECTED and c.backend == name and c.scope is Scope.BACKEND
        ]


def rate(per_second: float, seconds: float, first: float = 0.0) -> list[float]:
    return [first + i / per_second for i in range(int(per_second * seconds))]


def tiers(**fields: Any) -> Route:
    return route((P,), (S,), **fields)


def outage(first: float, last: float) -> Behaviour:
    return lambda name, now: DOWN if name == "p" and first <= now < last else FINE


def test_f1_a_dead_first_choice_costs_its_detection_only() -> None:
    traffic = Traffic(World(tiers()), outage(0.0, 1e9)).run(rate(1000, 20))
    assert traffic.lost == 0
    assert traffic.at("p", 0.0, 1.0) <= 5 + 10
    assert traffic.amplification <= 1.01


def test_s15_sixty_seconds_of_outage_under_sdk_retries() -> None:
    traffic = Traffic(World(tiers()), outage(0.0, 60.0)).run(rate(20, 100), retries=2)
    assert traffic.lost == 0
    assert traffic.at("p", 5.0, 60.0) <= 12
    assert traffic.amplification <= 1.05
    assert traffic.at("p", 60.0, 80.0) >= 1
    assert traffic.at("p", 99.0, 100.0) == 20
    assert not [t for t in traffic.ejections("p") if t > 60.0]


def test_f2_half_of_all_failing_trips_the_ratio() -> None:
    rng = Random(2)

    def half(name: str, _now: float) -> tuple[float, Verdict]:
        return (0.01, bad()) if name == "p" and rng.random() < 0.5 else (0.01, GOOD)

    traffic = Traffic(World(tiers()), half).run(rate(20, 20))
    assert traffic.lost == 0
    assert traffic.ejections("p")[0] <= 10


def test_f3_a_twentieth_of_failures_is_borne() -> None:
    rng = Random(3)

    def some(name: str, _now: float) -> tuple[float, Verdict]:
        return DOWN if name == "p" and rng.random() < 0.05 else FINE

    traffic = Traffic(World(tiers()), some).run(rate(100, 30))
    assert traffic.lost == 0
    assert traffic.ejections("p") == []
    assert traffic.amplification <= 1.06 + 0.01


def test_f4_a_flapping_backend_is_held_off_for_longer_and_longer() -> None:
    def flaps(name: str, now: float) -> tuple[float, Verdict]:
        return (0.01, UNAVAILABLE) if name == "p" and int(now / 10) % 2 else (0.01, GOOD)

    traffic = Traffic(World(tiers()), flaps).run(rate(20, 400))
    assert traffic.lost == 0
    recoveries = [c.at for c in traffic.world.told if c.change is Change.RECOVERED]
    assert len(recoveries) >= 4
    for start in range(150, 340, 10):
        assert sum(start <= t < start + 60 for t in recoveries) <= 1


def test_f8_when_all_are_down_each_is_tried_once_and_then_refusals_are_instant() -> None:
    traffic = Traffic(World(tiers()), lambda *_: DOWN).run(rate(100, 30))
    assert traffic.lost == 3000
    assert traffic.at("p", 2.0, 30.0) + traffic.at("s", 2.0, 30.0) <= 29
    back = Traffic(World(tiers()), lambda _n, now: DOWN if now < 20 else FINE).run(rate(100, 40))
    first_whole = min(c.began for c in back.clients if c.whole and c.began > 15)
    assert first_whole <= 22


def test_f10_the_return_of_a_crowd_does_not_trip_it_again() -> None:
    """With more than 200 in flight it breaks down; 1,000 come at once when it is back."""
    traffic: Traffic

    def frail(name: str, now: float) -> tuple[float, Verdict]:
        if name == "s":
            return FINE
        if now < 5 or traffic.running["p"] > 200:
            return DOWN
        return 0.3, GOOD

    traffic = Traffic(World(tiers()), frail)
    traffic.run(sorted(rate(300, 60) + [12.0] * 1000))
    assert traffic.lost == 0
    assert not [t for t in traffic.ejections("p") if t > 20.0]
    assert traffic.at("p", 59.0, 60.0) >= 290


def test_f11_a_thousand_in_one_tick_and_one_goes() -> None:
    traffic = Traffic(World(tiers()), outage(0.0, 8.0))
    traffic.run(rate(20, 3) + [10.0] * 1000)
    assert traffic.at("p", 10.0, 10.1) == 1
    assert traffic.lost == 0


def test_f15_a_storm_of_re_sends_meets_no_provider() -> None:
    traffic = Traffic(World(tiers()), lambda *_: DOWN).run(rate(50, 60), retries=2)
    intents = 50 * 55
    assert len([t for t, _ in traffic.attempts if t >= 5.0]) <= 1.2 * intents
    assert len([t for t, _ in traffic.attempts if t >= 5.0]) <= 70, (
        "and with ejection, next to none"
    )


def test_re_sends_after_our_own_restart_are_all_served() -> None:
    traffic = Traffic(World(tiers()), lambda *_: FINE)
    for i in range(50):
        client = Client(began=i * 0.001, retries=2, resend=1)
        traffic.clients.append(client)
        traffic.later(client.began, partial(traffic.begin, client))
    traffic.run([])
    assert traffic.lost == 0
    assert traffic.at("p") == 50


@pytest.mark.parametrize("balance", list(Balance))
def test_f5_a_brownout_is_no_outage(balance: Balance) -> None:
    twin = target("twin")
    world = World(route((P, twin), (S,), balance=balance))

    def slow(name: str, now: float) -> tuple[float, Verdict]:
        return (4.0, GOOD) if name == "p" and now > 5 else FINE

    traffic = Traffic(world, slow).run(rate(50, 30))
    assert traffic.lost == 0
    assert world.told == []
    assert traffic.amplification == 1.0
    if balance is Balance.LEAST:
        assert traffic.at("p", 15.0, 30.0) < 0.2 * traffic.at("twin", 15.0, 30.0)


def test_f16_hedges_stay_within_their_part_when_all_are_slow() -> None:
    world = World(tiers(hedge=Hedge(after=Seconds(1.0))))
    traffic = Traffic(world, lambda *_: (3.0, GOOD)).run(rate(50, 30))
    assert traffic.lost == 0
    assert traffic.amplification <= 1.06
    assert world.told == []


def test_an_unhappy_rate_limit_is_asked_now_and_then_only() -> None:
    limited = bad(Cause.RATE_LIMIT, scope=Scope.MODEL)
    traffic = Traffic(
        World(tiers()), lambda name, _now: (0.05, limited) if name == "p" else FINE
    ).run(rate(20, 60))
    assert traffic.lost == 0
    assert traffic.at("p", 10.0, 60.0) <= 30
    assert max(traffic.peak.values()) < 200


def test_everything_is_given_back() -> None:
    rng = Random(9)

    def anything(name: str, _now: float) -> tuple[float, Verdict]:
        draw = rng.random()
        verdict = GOOD if draw < 0.4 else UNAVAILABLE if draw < 0.7 else bad(Cause.TIMEOUT)
        return rng.random() * 2, verdict

    world = World(
        route(
            (P, target("q", max_in_flight=3)),
            (S,),
            balance=Balance.LEAST,
            hedge=Hedge(after=Seconds(1.0)),
        )
    )
    Traffic(world, anything).run(rate(30, 30), retries=1)
    for member in world.standing._health.members.values():
        assert (member.in_flight, member.waiting, member.queued) == (0, 0, 0)
        assert member.health.running == 0
