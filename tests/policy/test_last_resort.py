from typing import Any

from proxy.model import Cause, Scope, Seconds
from proxy.policy.decision import Refuse, Why
from tests.policy.build import World, bad, route, sends, target

A, B = target("a"), target("b")


def out(*targets: Any, **fields: Any) -> World:
    world = World(route(*((t,) for t in targets or (A, B))), **fields)
    for tier in world.route.tiers:
        world.eject(tier[0].backend.name)
    return world


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
    world.exchange(0.1).fails(0.1, 1)
    assert isinstance(world.exchange(1.0 - 0.01).first[0], Refuse)
    second = world.exchange(1.1)
    assert sends(second.first) == ["1 b probe"]


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


def test_what_is_certain_is_tried_last() -> None:
    world = World(route((A,), (B,)))
    world.eject("a", verdict=bad(Cause.AUTH, scope=Scope.KEY))
    world.eject("b")
    assert sends(world.exchange(0.1).first) == ["1 b probe"]


def test_not_while_anything_is_in_rotation() -> None:
    world = World(route((A,), (B,)))
    world.eject("a")
    assert world.exchange(0.1).fails(0.2, 1) == (Refuse(why=Why.ALL_FAILED, out=((A, bad()),)),)


def test_not_again_what_this_exchange_has_just_tried() -> None:
    world = out(A)
    (refusal,) = world.exchange(1.0).fails(1.0, 1)
    assert isinstance(refusal, Refuse)
    assert refusal.why is Why.ALL_FAILED
    assert refusal.retry_in == 2.0


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
