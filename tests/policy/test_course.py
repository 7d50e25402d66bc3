"""The way through the tiers."""

from random import Random
from typing import Any

import pytest

from proxy.model import Action, Balance, Cause, Ejection, Hedge, Scope, Seconds, Target
from proxy.policy.decision import Ready, Refuse, Relay, Wait, Why, Woke
from tests.policy.build import World, ask, at, bad, route, sends, target

A, B, C = target("a"), target("b"), target("c")
S = target("s", "other")
TRANSIENT = bad(transient=True)
SAME = bad(scope=Scope.REQUEST, action=Action.RETRY_SAME)


def first(world: World, now: float = 0.0, **fields: Any) -> str:
    dialogue = world.exchange(now, **fields)
    found = sends(dialogue.first)
    dialogue.close(now)
    return found[0].split()[1]


# --- inside a tier -----------------------------------------------------------------------------


def test_equals_are_taken_in_order_and_at_once() -> None:
    dialogue = World(route((A, B), (S,))).exchange()
    assert sends(dialogue.first) == ["1 a"]
    assert sends(dialogue.fails(0.1, 1, TRANSIENT)) == ["2 b"]


def test_before_leaving_a_tier_one_of_it_is_asked_again() -> None:
    dialogue = World(route((A, B), (S,))).exchange()
    dialogue.fails(0.1, 1, TRANSIENT)
    assert sends(dialogue.fails(0.2, 2)) == ["3 a"]
    assert sends(dialogue.fails(0.3, 3, TRANSIENT)) == ["4 s/other"]


def test_the_one_that_failed_last_is_asked_first() -> None:
    dialogue = World(route((A, B), (S,))).exchange()
    dialogue.fails(0.1, 1, TRANSIENT)
    assert sends(dialogue.fails(0.2, 2, TRANSIENT)) == ["3 b"]


def test_the_second_try_may_be_the_probe_that_is_due() -> None:
    dialogue = World(route((A, B)), ejection=Ejection(consecutive=1)).exchange()
    assert sends(dialogue.fails(0.0, 1, TRANSIENT)) == ["2 b"]
    assert sends(dialogue.fails(1.0, 2)) == ["3 a probe"]


def test_a_verdict_may_ask_for_the_same_before_any_other() -> None:
    dialogue = World(route((A, B))).exchange()
    assert sends(dialogue.fails(0.1, 1, SAME)) == ["2 a"]
    assert sends(dialogue.fails(0.2, 2, SAME)) == ["3 b"]


def test_the_last_attempt_is_kept_for_a_later_tier() -> None:
    dialogue = World(route((A,), (S,), attempts=2)).exchange()
    assert sends(dialogue.fails(0.1, 1, TRANSIENT)) == ["2 s/other"]
    only = World(route((A,), attempts=2)).exchange()
    assert sends(only.fails(0.1, 1, TRANSIENT)) == ["2 a"]
    world = World(route((A,), (S,), attempts=2))
    world.eject("s")
    assert sends(world.exchange().fails(0.1, 1, TRANSIENT)) == ["2 a"], "nobody there to need it"
    world = World(route((A,), (B,), (S,), attempts=2))
    world.eject("s")
    assert sends(world.exchange().fails(0.1, 1, TRANSIENT)) == ["2 b"], "any later tier may need it"


def test_the_last_attempt_is_not_spent_on_a_wait_either() -> None:
    world = World(route((A,), (S,), attempts=2))
    limited = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(2.0))
    assert sends(world.exchange().fails(0.1, 1, limited)) == ["2 s/other"]


def test_what_has_just_been_ejected_is_not_asked_again() -> None:
    world = World(route((A,), (S,)))
    for _ in range(2):
        dialogue = world.exchange()
        dialogue.fails(0.1, 1, TRANSIENT)
        dialogue.fails(0.1, 2, TRANSIENT)
        dialogue.close()
    assert sends(world.exchange().fails(0.1, 1, TRANSIENT)) == ["2 s/other"]


def test_a_silent_backend_takes_its_other_models_with_it() -> None:
    same = target("a", "small")
    silent = bad(Cause.TIMEOUT)
    world = World(route((A,), (same,), (S,)))
    assert sends(world.exchange().fails(30.0, 1, silent, silent=True)) == ["2 s/other"]
    of_model = bad(Cause.TIMEOUT, scope=Scope.MODEL)
    assert sends(world.exchange().fails(30.0, 1, of_model, silent=True)) == ["2 a/small"]
    assert sends(world.exchange().fails(30.0, 1, silent)) == ["2 a/small"]


# --- ejected, cooling, full --------------------------------------------------------------------


def test_what_is_out_is_skipped() -> None:
    world = World(route((A, B), (S,)))
    world.eject("a")
    assert first(world) == "b"
    world.eject("b")
    assert first(world) == "s/other"


def test_fail_back_to_the_better_tier_by_a_probe() -> None:
    world = World(route((A,), (S,)))
    world.eject("a")
    dialogue = world.exchange(1.0)
    assert sends(dialogue.first) == ["1 a probe"]
    assert first(world, 1.0) == "s/other"
    dialogue.succeeds(1.5)
    assert first(world, 1.5) == "a"


def test_a_short_cooldown_is_waited_for_before_the_tier_is_left() -> None:
    world = World(route((A, B), (S,)))
    world.cool("a", 0.0, 2.0)
    assert first(world, 0.1) == "b", "an equal is as good"
    world.eject("b", 0.1)
    waiting = world.exchange(0.5)
    assert waiting.first == (Wait(until=at(2.0)),)
    assert sends(waiting.waits(waiting.first)[1]) == ["1 a"]


def test_the_one_that_is_back_first_is_waited_for() -> None:
    world = World(route((A, B), (S,)))
    world.cool("a", 0.0, 3.0)
    world.cool("b", 0.0, 1.0)
    dialogue = world.exchange(0.5)
    assert dialogue.first == (Wait(until=at(1.0)),)
    assert sends(dialogue.waits(dialogue.first)[1]) == ["1 b"]


def test_the_silent_is_not_waited_for() -> None:
    world = World(route((A,), (S,)))
    dialogue = world.exchange()
    world.cool("a", 29.0, 2.0)
    assert sends(dialogue.fails(30.0, 1, bad(Cause.TIMEOUT), silent=True)) == ["2 s/other"]


def test_a_long_cooldown_is_not() -> None:
    world = World(route((A,), (S,)))
    world.cool("a", 0.0, 20.0)
    assert first(world, 0.1) == "s/other"
    assert isinstance(world.exchange(17.0).first[0], Wait)


def test_patience_is_for_the_whole_exchange() -> None:
    world = World(route((A,), (S,)))
    dialogue = world.exchange()
    limited = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(2.0))
    now, again = dialogue.waits(dialogue.fails(0.0, 1, limited))
    assert sends(again) == ["2 a"]
    assert sends(dialogue.fails(now, 2, limited)) == ["3 s/other"]
    assert sends(dialogue.fails(now, 3, limited)) == []


def test_no_patience_no_wait() -> None:
    world = World(route((A,), (S,), patience=Seconds(0.0)))
    world.cool("a", 0.0, 2.0)
    assert first(world, 0.1) == "s/other"


def test_a_wait_for_one_that_has_failed_here_is_paid_before() -> None:
    world = World(route((A,), (S,)))
    limited = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(2.0))
    waits, leaves = 0, 0
    dialogues = [world.exchange() for _ in range(8)]
    for dialogue in dialogues:
        if sends(dialogue.fails(0.0, 1, limited)):
            leaves += 1
        else:
            waits += 1
    assert (waits, leaves) == (3, 5)
    assert all(sends(d.waits((Wait(until=at(2.0)),))[1]) == ["2 a"] for d in dialogues[:3])


def test_sixteen_wait_and_the_others_leave() -> None:
    world = World(route((A,), (S,)))
    world.cool("a", 0.0, 2.0)
    dialogues = [world.exchange(0.1) for _ in range(20)]
    assert sum(isinstance(d.first[0], Wait) for d in dialogues) == 16
    dialogues[0].close(0.2)
    assert isinstance(world.exchange(0.2).first[0], Wait)


def test_a_wait_that_was_in_vain_goes_on_elsewhere() -> None:
    world = World(route((A,), (S,)))
    world.cool("a", 0.0, 2.0)
    dialogue = world.exchange(0.1)
    world.eject("a", 2.0)
    assert sends(dialogue.waits(dialogue.first)[1]) == ["1 s/other"]


def test_what_was_waited_for_in_vain_is_not_asked_again_as_a_last_resort() -> None:
    world = World(route((A,)), ejection=Ejection(first=Seconds(20.0), most=Seconds(20.0)))
    dialogue = world.exchange()
    limited = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(2.0))
    waiting = dialogue.fails(0.0, 1, limited)
    others = [world.exchange(0.0, of=route((A,), patience=Seconds(0.0)))]
    assert sends(others[0].first) == []
    world.eject("a", 2.0)
    (refusal,) = dialogue.waits(waiting)[1]
    assert isinstance(refusal, Refuse)


FULL = target("a", max_in_flight=1)


def test_a_full_one_is_passed_over_for_an_equal() -> None:
    world = World(route((FULL, B), (S,)))
    world.exchange()
    assert first(world) == "b"


def test_for_a_full_tier_one_queues_shortly_and_then_leaves_it() -> None:
    world = World(route((FULL,), (S,)))
    busy = world.exchange()
    dialogue = world.exchange()
    now, then = dialogue.waits(dialogue.first)
    assert now == pytest.approx(0.05)
    while isinstance(then[0], Wait):
        now, then = dialogue.waits(then)
    assert sends(then) == ["1 s/other"]
    assert now <= 1.0
    patient = world.exchange(2.0)
    busy.succeeds(2.01)
    assert sends(patient.waits(patient.first)[1]) == ["1 a"]


def test_where_all_are_full_the_refusal_says_so() -> None:
    world = World(route((FULL,)))
    world.exchange()
    dialogue = world.exchange()
    then = dialogue.first
    while isinstance(then[0], Wait):
        _, then = dialogue.waits(then)
    assert then == (Refuse(why=Why.NO_TARGET),)


def test_slow_start_sends_the_rest_to_the_next_tier_at_once() -> None:
    world = World(route((A,), (S,)))
    world.eject("a")
    world.exchange(1.0).succeeds(1.0)
    going = [world.exchange(4.5) for _ in range(5)]
    taken = [sends(dialogue.first)[0].split()[1] for dialogue in going]
    assert taken == ["a", "a", "s/other", "s/other", "s/other"]


def test_slow_start_without_another_tier_queues() -> None:
    world = World(route((A,)))
    world.eject("a")
    world.exchange(1.0).succeeds(1.0)
    going, queued = world.exchange(1.1), world.exchange(1.1)
    assert isinstance(queued.first[0], Wait)
    going.succeeds(1.12)
    assert sends(queued.waits(queued.first)[1]) == ["1 a"]


def test_slow_start_is_waited_for_after_another_has_failed() -> None:
    world = World(route((A, B)))
    world.eject("b")
    world.exchange(1.0, backend="b").on(1.0, Ready(number=1))
    dialogue = world.exchange(1.1)
    queued = dialogue.fails(1.2, 1)
    assert isinstance(queued[0], Wait)


def test_who_comes_back_to_a_tier_for_room_has_no_new_second_try_there() -> None:
    world = World(route((A, B), (S,), attempts=9))
    world.eject("b")
    world.exchange(1.0, backend="b").on(1.0, Ready(number=1))
    dialogue = world.exchange(1.1)
    for number, then in enumerate(["2 a", "3 s/other", "4 s/other"], 1):
        assert sends(dialogue.fails(1.2, number, TRANSIENT)) == [then]
    queued = dialogue.fails(1.2, 4, TRANSIENT)
    assert isinstance(dialogue.waits(queued)[1][0], Wait)


def test_a_tier_that_was_left_is_not_hedged_to() -> None:
    world = World(route((A,), (B, C), hedge=Hedge(after=Seconds(5.0)), patience=Seconds(0.0)))
    world.cool("a", 0.0, 2.0)
    dialogue = world.exchange()
    assert sends(dialogue.first) == ["1 b"]
    assert sends(dialogue.on(5.0, Woke())) == ["2 c hedge"]


def test_no_room_is_waited_for_where_the_one_try_has_been() -> None:
    world = World(route((FULL, B)))
    slow = world.exchange(backend="b")
    world.cool("b", 0.0, 1.0)
    dialogue = world.exchange()
    pause = dialogue.fails(0.1, 1)
    assert sends(world.exchange(0.5).first) == ["1 a"]
    slow.fails(0.9, 1, bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(60.0)))
    _, then = dialogue.waits(pause)
    assert isinstance(then[0], Refuse)


def test_where_one_queue_is_full_there_may_be_another() -> None:
    small = target("b", max_in_flight=1)
    world = World(route((FULL,), (small,)))
    members = world.standing._health.members
    first = world.exchange()
    members["a"].queued = 100
    going = [first, world.exchange()]
    members["b"].queued = 5
    assert isinstance(world.exchange().first[0], Wait)
    assert members["b"].queued == 6
    assert [len(sends(dialogue.first)) for dialogue in going] == [1, 1]


def test_a_hundred_queue_and_the_others_are_turned_away() -> None:
    world = World(route((FULL,)))
    world.exchange()
    dialogues = [world.exchange() for _ in range(101)]
    assert [type(d.first[0]) for d in dialogues] == [Wait] * 100 + [Refuse]


# --- spread, least, and staying ----------------------------------------------------------------


def balanced(balance: Balance, **fields: Any) -> World:
    world = World(route((A, B, C), (S,), balance=balance, **fields))
    world.standing._shared.rng = Random(5)
    return world


@pytest.mark.parametrize("balance", [Balance.SPREAD, Balance.LEAST])
def test_traffic_goes_to_all_equals(balance: Balance) -> None:
    world = balanced(balance)
    assert {first(world) for _ in range(50)} == {"a", "b", "c"}


def test_spread_follows_the_weights() -> None:
    heavy = target("heavy", weight=9)
    world = World(route((A, heavy), (S,), balance=Balance.SPREAD))
    world.standing._shared.rng = Random(5)
    assert sum(first(world) == "heavy" for _ in range(100)) > 80


@pytest.mark.parametrize("balance", [Balance.SPREAD, Balance.LEAST])
def test_a_conversation_stays_inside_its_tier(balance: Balance) -> None:
    world = balanced(balance)

    def serve(now: float) -> str:
        dialogue = world.exchange(now, sticky=lambda: "conversation")
        dialogue.succeeds(now)
        return sends(dialogue.first)[0].split()[1]

    home = serve(0.0)
    assert {serve(float(i)) for i in range(1, 30)} == {home}
    world.eject(home, 30.0)
    away = serve(30.1)
    assert away != home
    assert {serve(30.5 + i * 0.01) for i in range(9)} == {away}


def test_two_equals_are_enough_to_stay_with_one() -> None:
    world = World(route((A, B), (S,), balance=Balance.SPREAD))
    world.exchange(sticky=lambda: "x").succeeds(0.1)
    assert len(world.standing._shared.stickiness._known) == 1


def test_the_ask_may_say_what_it_belongs_to() -> None:
    world = balanced(Balance.SPREAD)

    def never() -> str:
        raise AssertionError

    failover = world.standing.begin(ask(sticky="session"), world.route, at(0.0), sticky=never)
    failover.begin(at(0.0))
    assert failover.on(Ready(number=1), at(0.1)) == (Relay(number=1),)
    kept = [key for _, _, key in world.standing._shared.stickiness._known]
    assert kept == ["session"]


@pytest.mark.parametrize(
    ("equals", "fields"),
    [
        ((A, B), {"balance": Balance.FIRST}),
        ((A, B), {"balance": Balance.SPREAD, "sticky": False}),
        ((A,), {"balance": Balance.SPREAD}),
    ],
)
def test_who_need_not_know_does_not_ask(equals: tuple[Target, ...], fields: dict[str, Any]) -> None:
    world = World(route(equals, (S,), **fields))
    asked: list[int] = []

    def sticky() -> str:
        asked.append(1)
        return "conversation"

    world.exchange(sticky=sticky).succeeds(0.1)
    assert asked == []


def test_with_first_a_conversation_follows_the_order_back() -> None:
    world = World(route((A, B), (S,)))
    world.eject("a")
    world.exchange(0.1, sticky=lambda: "x").succeeds(0.2)
    world.exchange(1.0, sticky=lambda: "x").succeeds(1.1)
    assert first(world, 40.0, sticky=lambda: "x") == "a"


@pytest.mark.parametrize("balance", [Balance.SPREAD, Balance.LEAST])
def test_a_due_probe_goes_before_the_choice(balance: Balance) -> None:
    world = balanced(balance)
    world.eject("b")
    assert first(world, 1.0) == "b"


def test_without_a_conversation_nothing_is_remembered() -> None:
    world = balanced(Balance.SPREAD)
    world.exchange(sticky=lambda: None).succeeds(0.1)
    world.exchange().succeeds(0.1)
    assert world.standing._shared.stickiness._known == {}


def test_least_avoids_who_fails_fast() -> None:
    world = World(route((A, B), (S,), balance=Balance.LEAST))
    for i in range(3):
        world.exchange(float(i), of=route((B,))).succeeds(i + 0.8)
    broken = world.exchange(5.0, of=route((A,), attempts=1))
    broken.fails(5.001, 1)
    assert {first(world, 5.1) for _ in range(20)} == {"b"}
