from typing import Any

import pytest

from proxy.model import Cause, Operation, Scope, Seconds, Target
from proxy.policy.attempt import Attempt
from proxy.policy.breaker import Gate
from proxy.policy.prospects import Prospects
from tests.policy import build
from tests.policy.build import Fixed, World, ask, at, bad, route, target

A, B, C = target("a"), target("b", context_window=8), target("c", context_window=100)


def prospects(world: World | None = None, **fields: Any) -> Prospects:
    world = world or World(route((A, B), (C,)))
    return Prospects(world.standing._shared, ask(**fields), world.route, [])


def take(of: Prospects, to: Target, number: int = 1, **fields: Any) -> Attempt:
    attempt = build.attempt(to, of.member(to), number=number, **fields)
    of.take(attempt, at(0.0))
    return attempt


def names(of: Prospects) -> list[str]:
    return [t.backend.name for t in of.able()]


@pytest.mark.parametrize(
    ("fields", "able"),
    [
        ({}, ["a", "b", "c"]),
        ({"backend": "b"}, ["b"]),
        ({"backend": "nobody"}, []),
        ({"operation": Operation.STATEFUL}, ["a"]),
        ({"operation": Operation.STATEFUL, "backend": "c"}, ["c"]),
        ({"operation": Operation.STATEFUL, "backend": "nobody"}, []),
    ],
)
def test_who_is_able(fields: dict[str, Any], able: list[str]) -> None:
    assert names(prospects(**fields)) == able


def test_a_demand_for_context_only_grows() -> None:
    one = prospects()
    one.demand_larger(A)
    assert names(one) == ["b", "c"]
    one.demand_larger(B)
    assert names(one) == ["c"]
    one.demand_larger(A)
    assert names(one) == ["c"]


def test_the_smallest_window_that_is_declared_is_larger_than_none() -> None:
    one = prospects(World(route((A, target("t", context_window=1)))))
    one.demand_larger(A)
    assert names(one) == ["t"]


def test_a_lost_probe_is_no_reason_against_an_early_one() -> None:
    world = World(route((A, B), (C,)))
    world.eject("a")
    world.eject("a", verdict=bad(scope=Scope.MODEL))
    lost, of_model = prospects(world).breakers(A)[::2]
    assert lost.enter(at(1.0), Seconds(5.0))
    of_model.condemn(of_model.generation, at(5.5), Fixed())
    assert not prospects(world).could_probe(A, at(5.999))
    assert prospects(world).could_probe(A, at(6.0))


def test_each_has_one_try() -> None:
    one = prospects()
    assert one.is_new(A)
    take(one, A)
    assert not one.is_new(A)
    assert one.is_new(B)
    one.again = A
    assert one.is_new(A)


def test_silence_of_a_backend_spends_all_its_targets() -> None:
    small = target("a", "small")
    one = prospects(World(route((A, small), (B,))))
    attempt = take(one, A)
    attempt.silent = True
    attempt.verdict = bad(Cause.TIMEOUT, scope=Scope.MODEL)
    assert one.is_new(small)
    attempt.verdict = bad(Cause.TIMEOUT)
    assert not one.is_new(small)
    assert one.is_new(B)


def test_usable_is_new_and_let_in() -> None:
    world = World(route((A, B), (C,)))
    one = prospects(world)
    assert one.is_usable(A, at(0.0))
    world.eject("a")
    assert not one.is_usable(A, at(0.5))
    assert one.is_usable(A, at(1.0))


def test_could_probe() -> None:
    world = World(route((A, B), (C,)))
    one = prospects(world)
    world.eject("a")
    assert one.could_probe(A, at(0.5))
    world.cool("a", 0.0, 5.0)
    assert not one.could_probe(A, at(1.5))
    small = World(route((target("a", max_in_flight=1),)))
    small.exchange()
    assert not prospects(small).could_probe(A, at(0.0))


def test_the_first_attempt_and_the_first_reroute_are_free() -> None:
    one = prospects()
    assert not one.must_pay(A)
    take(one, A)
    assert one.must_pay(A), "a retry"
    assert not one.must_pay(B)
    take(one, B)
    assert one.must_pay(C)


def test_a_retry_leaves_the_free_reroute() -> None:
    one = prospects()
    take(one, A)
    take(one, A)
    assert not one.must_pay(B)


def test_a_hedge_leaves_the_free_reroute() -> None:
    one = prospects()
    take(one, A)
    take(one, B, hedge=True)
    assert not one.must_pay(C)


def spent(of: Prospects, to: Target) -> tuple[int, int, int]:
    earned, paid, hedges = of.member(to).budget._window.sums
    return earned, paid, hedges


def test_what_is_taken_is_earned_or_paid() -> None:
    one = prospects()
    take(one, A)
    assert spent(one, A) == (1, 0, 0)
    take(one, A)
    assert spent(one, A) == (1, 1, 0)
    take(one, B, hedge=True)
    assert spent(one, B) == (0, 1, 1)
    one.again = A
    take(one, A)
    assert spent(one, A) == (1, 1, 0), "paid when the wait began"
    assert one.again is None


def drain(of: Prospects, to: Target) -> None:
    for _ in range(3):
        of.member(to).budget.pay(at(0.0))


def test_who_cannot_pay_is_denied_and_it_is_told_once() -> None:
    world = World(route((A, B), (C,)))
    one = prospects(world)
    take(one, A)
    drain(one, A)
    assert not one.pays(A, at(0.0))
    assert not one.pays(A, at(0.0))
    assert one.pays(B, at(0.0)), "free"
    assert world.refused == ["a"]
    assert not one.unpaid, "it has had its try"
    take(one, B)
    drain(one, C)
    assert not one.pays(C, at(0.0))
    assert one.unpaid


def test_f22_one_bucket_for_all_routes_and_models_of_a_backend() -> None:
    world = World(route((A,)), route((target("a", "small"),), name="other"))
    drain(prospects(world), A)
    other = Prospects(world.standing._shared, ask(), world.fleet.routes[1], [])
    small = world.fleet.routes[1].tiers[0][0]
    take(other, small)
    assert not other.pays(small, at(0.0))


def test_a_resend_pays_for_its_first_attempt_too() -> None:
    one = prospects(resend=1)
    assert one.must_pay(A)
    take(one, A)
    assert spent(one, A) == (0, 1, 0)


def test_f15_a_resend_is_turned_away_only_where_there_is_trouble() -> None:
    world = World(route((A, B), (C,)))
    one = prospects(world, resend=1)
    drain(one, A)
    assert one.pays(A, at(0.0)), "all do it when Faultline itself restarts"
    world.exchange(of=route((A,), attempts=1)).fails(0.0, 1)
    assert not one.pays(A, at(0.0))


def test_after_the_first_attempt_health_is_no_excuse() -> None:
    one = prospects(resend=1)
    take(one, A)
    assert not one.must_pay(B), "the first reroute is free, whoever asks"
    take(one, B)
    drain(one, C)
    assert not one.pays(C, at(0.0))


def test_a_hedge_must_always_be_covered() -> None:
    one = prospects()
    take(one, A)
    drain(one, B)
    assert not one.pays(B, at(0.0), hedge=True)


def test_the_gate_is_that_of_health() -> None:
    world = World(route((A,)))
    world.eject("a")
    one = prospects(world)
    assert one.gate(A, at(0.5)) is Gate.OUT
    assert len(one.breakers(A)) == 2
    assert one.member(A) is one.health.members["a"]


def test_each_refusal_of_the_budget_is_told_once_and_not_forgotten() -> None:
    world = World(route((A, B), (C,)))
    one = prospects(world)
    take(one, A)
    take(one, B)
    drain(one, A)
    drain(one, C)
    assert not any(one.pays(to, at(0.0)) for to in (C, A, C, A))
    assert world.refused == ["c", "a"]
    assert one.unpaid, "c was left untried, whatever came after"
