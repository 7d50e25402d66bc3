from typing import Any

from proxy.model import Cause, Hedge, Scope, Seconds, Sent
from proxy.policy.decision import Decision, Refuse, Why, Woke
from tests.policy.build import World, at, bad, route, target

A, B = target("a"), target("b")


def refusal(decisions: tuple[Decision, ...]) -> Refuse:
    (only,) = decisions
    assert isinstance(only, Refuse)
    return only


def both(**fields: Any) -> World:
    return World(route((A,), (B,), **fields))


def test_the_soonest_recovery_is_told() -> None:
    world = both()
    world.cool("b", 0.0, 9.0)
    world.eject("a", 0.0, bad(Cause.AUTH, scope=Scope.KEY))
    world.exchange(0.1).close()
    said = refusal(world.exchange(0.2).first)
    assert (said.why, said.retry_in, said.told) == (Why.ALL_OUT, Seconds(0.8), False)
    assert [v.cause for _, v in said.out] == [Cause.AUTH, Cause.RATE_LIMIT]


def test_told_is_what_a_provider_said() -> None:
    world = both()
    world.cool("a", 0.0, 30.0)
    world.cool("b", 0.0, 9.0)
    said = refusal(world.exchange(1.0).first)
    assert (said.retry_in, said.told) == (8.0, True)


def test_an_untold_backoff_of_a_rate_limit_is_not_told() -> None:
    world = both(attempts=2, patience=Seconds(0.0))
    dialogue = world.exchange()
    limited = bad(Cause.RATE_LIMIT, scope=Scope.KEY)
    dialogue.fails(0.0, 1, limited)
    said = refusal(dialogue.fails(0.0, 2, limited))
    assert (said.why, said.retry_in, said.told) == (Why.ALL_FAILED, 1.0, False)


def test_b8_a_429_of_all_is_told_with_its_soonest_end() -> None:
    dialogue = both().exchange()
    slow = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(40.0))
    fast = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(20.0))
    dialogue.fails(0.0, 1, slow)
    said = refusal(dialogue.fails(0.0, 2, fast))
    assert (said.why, said.retry_in, said.told) == (Why.ALL_FAILED, 20.0, True)


def test_while_one_is_in_rotation_no_time_is_told() -> None:
    world = both()
    world.cool("a", 0.0, 9.0)
    said = refusal(world.exchange(0.1).fails(0.2, 1))
    assert (said.why, said.retry_in) == (Why.ALL_FAILED, None)
    assert [str(t) for t, _ in said.out] == ["a"]


def test_whoever_is_out_is_named_wherever_it_stands() -> None:
    world = both(attempts=1)
    world.eject("b")
    said = refusal(world.exchange(0.1).fails(0.2, 1))
    assert [str(t) for t, _ in said.out] == ["b"]


def test_of_two_that_are_back_at_once_the_better_tier_speaks() -> None:
    for first, told in (("a", True), ("b", False)):
        world = both(patience=Seconds(0.0))
        world.cool(first, 0.0, 1.0)
        world.eject("b" if first == "a" else "a")
        world.exchange(0.0).close()
        said = refusal(world.exchange(0.1).first)
        assert (said.retry_in, said.told) == (0.9, told)


def test_our_own_network_is_named() -> None:
    dialogue = both().exchange()
    dialogue.fails(0.1, 1, bad(Cause.LOCAL_NETWORK), sent=Sent.NOT_SENT)
    gone = dialogue.fails(0.2, 2, bad(Cause.LOCAL_NETWORK), sent=Sent.NOT_SENT)
    assert refusal(gone).why is Why.LOCAL_NETWORK


def test_our_own_network_is_recognised_by_likeness() -> None:
    world = both()
    whys = []
    for _ in range(2):
        dialogue = world.exchange()
        dialogue.fails(0.1, 1, bad(Cause.DNS), sent=Sent.NOT_SENT)
        gone = dialogue.fails(0.2, 2, bad(Cause.DNS), sent=Sent.NOT_SENT)
        whys.append(refusal(gone).why)
    assert whys == [Why.LOCAL_NETWORK] * 2
    assert world.told == []


def test_one_real_failure_is_a_failure() -> None:
    dialogue = both().exchange()
    dialogue.fails(0.1, 1, bad(Cause.LOCAL_NETWORK), sent=Sent.NOT_SENT)
    assert refusal(dialogue.fails(0.2, 2)).why is Why.ALL_FAILED


def test_a_spent_budget_is_named() -> None:
    world = World(route((A,), (B,), (target("c"),)))
    for _ in range(3):
        world.standing._health.members["c"].budget.pay(at(0.0))
    dialogue = world.exchange()
    dialogue.fails(0.1, 1)
    assert refusal(dialogue.fails(0.2, 2)).why is Why.BUDGET
    assert world.refused == ["c"]


def test_a_hedge_that_was_not_paid_leaves_nobody_untried() -> None:
    world = both(hedge=Hedge(after=Seconds(1.0)))
    for _ in range(3):
        world.standing._health.members["b"].budget.pay(at(0.0))
    dialogue = world.exchange()
    assert dialogue.on(1.0, Woke()) == ()
    assert world.refused == ["b"]
    dialogue.fails(2.0, 1)
    assert refusal(dialogue.fails(2.1, 2)).why is Why.ALL_FAILED


def test_a_resend_into_trouble_is_turned_away() -> None:
    world = World(route((A,)))
    world.exchange().fails(0.0, 1)
    said = [world.exchange(0.1, resend=1).first for _ in range(5)]
    whys = [d.why for (d,) in said if isinstance(d, Refuse)]
    assert whys == [Why.BUDGET] * 2


def test_nobody_able() -> None:
    assert refusal(both().exchange(backend="x").first) == Refuse(why=Why.NO_TARGET)


def test_a_deadline_is_named_whatever_else() -> None:
    dialogue = both().exchange(timeout=Seconds(1.0))
    assert refusal(dialogue.fails(1.0, 1)).why is Why.DEADLINE
