from typing import Any

import pytest

from proxy.model import Cause, Ejection, Scope, Seconds
from proxy.policy.breaker import NEVER
from proxy.policy.decision import Refuse, Why
from tests.policy.build import Fixed, World, at, bad, route, sends, target

A, B = target("a"), target("b")


LONG = Ejection(first=Seconds(20.0), most=Seconds(100.0))


def out(*targets: Any) -> World:
    """A world in which all is out for long: what is let through is let through early."""
    world = World(route(*((t,) for t in targets or (A, B))), ejection=LONG)
    for tier in world.route.tiers:
        world.eject(tier[0].backend.name)
    return world


def probed(world: World, now: float = 0.25) -> list[str]:
    return sends(world.exchange(now).first)


def test_f9_when_all_are_out_one_is_probed_early() -> None:
    world = out()
    assert sends(world.exchange(0.1).first) == ["1 a probe"]


def test_everyone_else_is_refused_at_once() -> None:
    world = out()
    world.exchange(0.1)
    (refusal,) = world.exchange(0.1).first
    assert isinstance(refusal, Refuse)
    assert refusal.why is Why.ALL_OUT
    assert [str(t) for t, _ in refusal.out] == ["a", "b"]


def test_one_a_second_each_time_another() -> None:
    world = out()
    world.exchange(0.25).fails(0.25, 1)
    assert probed(world, 1.24) == []
    assert probed(world, 1.25) == ["1 b probe"]
    assert probed(world, 2.25) == ["1 a probe"]


def test_the_secretly_fine_one_is_found_within_two_seconds() -> None:
    world, found, now = out(), None, 0.1
    while found is None:
        dialogue = world.exchange(now)
        for line in sends(dialogue.first):
            if " b" in line:
                dialogue.succeeds(now)
                found = now
            else:
                dialogue.fails(now, 1)
        now += 0.1
    assert found <= 2.0


def test_one_probe_at_a_time() -> None:
    world = out(A)
    world.exchange(0.1)
    (refusal,) = world.exchange(5.0).first
    assert isinstance(refusal, Refuse)


def test_a_told_cooldown_is_respected_even_now() -> None:
    world = World(route((A,), (B,)))
    world.cool("a", 0.0, 30.0)
    world.cool("b", 0.0, 20.0)
    assert world.exchange(0.5).first == (
        Refuse(
            why=Why.ALL_OUT,
            retry_in=Seconds(19.5),
            told=True,
            out=tuple((t, world.told[i].verdict) for i, t in enumerate((A, B))),
        ),
    )


def test_nor_does_one_that_cools_keep_the_others_from_being_probed() -> None:
    world = World(route((A,), (B,)), ejection=LONG)
    world.cool("a", 0.0, 30.0)
    world.eject("b")
    assert probed(world) == ["1 b probe"]


@pytest.mark.parametrize("cause", [Cause.AUTH, Cause.MODEL_NOT_FOUND, Cause.QUOTA])
def test_what_is_certain_is_tried_last(cause: Cause) -> None:
    world = World(route((A,), (B,)))
    world.eject("a", verdict=bad(cause, scope=Scope.KEY))
    world.eject("b")
    assert sends(world.exchange(0.1).first) == ["1 b probe"]


def test_certain_is_one_of_all_that_keep_it_out_and_out_now() -> None:
    world = out()
    a, b = (world.standing._health.members[name] for name in "ab")
    assert a.key is not None
    a.key.verdict = bad(Cause.AUTH)
    assert probed(world) == ["1 a probe"], "that has long been mended"
    a.key.condemn(a.key.generation, at(0.5), Fixed())
    a.health.probed_at = b.health.probed_at = NEVER
    assert probed(world, 1.5) == ["1 b probe"]


def test_who_has_waited_longest_for_its_trial_is_next() -> None:
    world = out()
    a, b = (world.standing._health.members[name] for name in "ab")
    assert a.key is not None
    a.key.condemn(a.key.generation, at(0.1), Fixed())
    a.health.probed_at, b.health.probed_at = at(0.2), at(0.1)
    assert probed(world) == ["1 b probe"]


def test_among_equals_who_is_back_first_is_next() -> None:
    world = out()
    a, b = (world.standing._health.members[name] for name in "ab")
    assert a.key is not None
    a.key.condemn(a.key.generation, at(0.0), Fixed())
    a.key.until, a.health.until, b.health.until = at(15.0), at(19.0), at(18.0)
    assert probed(world) == ["1 b probe"]


def test_not_while_anything_is_in_rotation() -> None:
    world = World(route((A,), (B,)))
    world.eject("a")
    assert world.exchange(0.1).fails(0.2, 1) == (Refuse(why=Why.ALL_FAILED, out=((A, bad()),)),)


def test_not_again_what_this_exchange_has_just_tried() -> None:
    world = out(A)
    (refusal,) = world.exchange(20.0).fails(20.0, 1)
    assert isinstance(refusal, Refuse)
    assert refusal.why is Why.ALL_FAILED
    assert refusal.retry_in == 40.0


def test_a_full_one_is_let_be() -> None:
    small = target("a", max_in_flight=1)
    world = World(route((small,)))
    going = world.exchange()
    world.eject("a")
    assert sends(world.exchange(0.1).first) == []
    going.close()


def test_routes_have_their_own_second() -> None:
    world = out(A)
    world.exchange(0.1).fails(0.1, 1)
    other = route((A,), name="other")
    assert sends(world.exchange(0.2, of=other).first) == ["1 a probe"]


def test_it_may_come_in_the_middle_of_an_exchange() -> None:
    world = World(route((A,), (B,)))
    dialogue = world.exchange()
    world.eject("a")
    world.eject("b")
    assert sends(dialogue.fails(0.1, 1)) == ["2 b probe"]
