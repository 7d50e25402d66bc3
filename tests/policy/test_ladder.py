"""Who goes on with a cut stream, by which rung, and when nobody does."""

from random import Random
from typing import Any

import pytest

from proxy.model import (
    Action,
    Cause,
    Hedge,
    Replay,
    Route,
    Rung,
    Scope,
    Seconds,
    Sent,
    Target,
    Verdict,
)
from proxy.policy.decision import Decision, Ended, Failed, Ready, Relay, Send, Woke
from proxy.policy.ladder import MOST_RESUMES, is_mendable
from tests.policy.build import Dialogue, World, at, bad, route, target

P, S, T = (target(name) for name in "pst")
TAKES = Target(backend=S.backend, prefill=True)
ALL = (Rung.ALIGN, Rung.PREFILL, Rung.ANCHOR)
CUT = bad(Cause.TCP)
REFUSED = Verdict(cause=Cause.BAD_REQUEST, action=Action.PASS_THROUGH)


def cut(table: Route, *rungs: Rung, verdict: Verdict = CUT, **fields: Any) -> tuple[World, "Talk"]:
    """Begin an exchange whose first answer is cut; return what follows."""
    world = World(table)
    dialogue = world.exchange(**fields)
    dialogue.on(1.0, Ready(number=1))
    return world, Talk(dialogue, dialogue.on(2.0, Ended(number=1, verdict=verdict, rungs=rungs)))


class Talk:
    def __init__(self, dialogue: Dialogue, first: tuple[Decision, ...]) -> None:
        self.dialogue = dialogue
        self.first = first

    def misses(self, number: int, **fields: Any) -> tuple[Decision, ...]:
        given: dict[str, Any] = {"verdict": bad(), "sent": Sent.HEAD_SEEN, **fields}
        return self.dialogue.on(3.0, Failed(number=number, **given))

    def mismatches(self, number: int) -> tuple[Decision, ...]:
        nobodys = bad(Cause.CLIENT_CANCEL, scope=Scope.REQUEST, action=Action.PASS_THROUGH)
        return self.misses(number, verdict=nobodys, mismatch=True)


def asked(decisions: tuple[Decision, ...]) -> list[str]:
    return [f"{d.number} {d.target} {d.rung}" for d in decisions if isinstance(d, Send)]


def test_the_next_target_goes_on_by_the_first_rung() -> None:
    world, talk = cut(route((P, S), (T,)), *ALL)
    assert asked(talk.first) == ["2 s align"]
    assert talk.dialogue.on(4.0, Ready(number=2)) == (Relay(number=2),)
    talk.dialogue.close(5.0)
    assert sum(row.in_flight for row in world.standing.view(at(5.0))) == 0


def test_a_rung_whose_seam_did_not_hold_is_spent() -> None:
    _, talk = cut(route((P, TAKES), (T,)), *ALL)
    assert asked(talk.mismatches(2)) == ["3 s prefill"]
    assert asked(talk.mismatches(3)) == ["4 s anchor"]
    assert talk.mismatches(4) == ()


def test_a_mismatch_is_charged_to_nobody() -> None:
    world, talk = cut(route((P, S)), Rung.ALIGN)
    assert talk.mismatches(2) == ()
    assert world.told == []


def test_what_broke_leaves_the_rung_to_the_next_and_is_not_asked_again() -> None:
    _, talk = cut(route((P, S), (T,)), Rung.ALIGN, Rung.ANCHOR)
    assert asked(talk.misses(2)) == ["3 t align"]
    assert asked(talk.mismatches(3)) == ["4 t anchor"]


def test_a_refused_prefill_is_remembered_until_the_table_changes() -> None:
    table = route((P, TAKES))
    world, talk = cut(table, Rung.PREFILL, Rung.ANCHOR)
    assert asked(talk.first) == ["2 s prefill"]
    assert asked(talk.misses(2, verdict=REFUSED)) == ["3 s anchor"]
    for known, expected in ((True, "2 s anchor"), (False, "2 s prefill")):
        if not known:
            world.standing.adopt(world.fleet, at(9.0))
        again = world.exchange(10.0)
        again.on(11.0, Ready(number=1))
        ended = Ended(number=1, verdict=CUT, rungs=(Rung.PREFILL, Rung.ANCHOR))
        assert asked(again.on(12.0, ended)) == [expected]
        again.close(13.0)


def test_a_refusal_of_another_rung_says_nothing_about_prefill() -> None:
    _, talk = cut(route((P, TAKES)), *ALL)
    assert asked(talk.misses(2, verdict=REFUSED)) == ["3 s prefill"]


def test_only_targets_that_declare_it_get_a_prefill() -> None:
    _, talk = cut(route((P, S), (T,)), Rung.PREFILL)
    assert talk.first == ()


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        (route((P,)), {}),
        (route((P, S), attempts=1), {}),
        (route((P, S), replay=Replay.UNSENT), {}),
        (route((P, S), replay=Replay.NEVER), {}),
        (route((P, S)), {"no_failover": True}),
        (route((P, S)), {"backend": "p"}),
        (route((P, S)), {"timeout": Seconds(2.0)}),
    ],
    ids=["alone", "attempts", "unsent", "never", "no-failover", "demanded", "deadline"],
)
def test_where_nobody_may_go_on_the_answer_stays_cut(table: Route, fields: dict[str, Any]) -> None:
    assert cut(table, *ALL, **fields)[1].first == ()


def test_without_rungs_nobody_goes_on() -> None:
    assert cut(route((P, S)))[1].first == ()


@pytest.mark.parametrize("cause", Cause)
def test_only_what_another_backend_can_mend_is_mended(cause: Cause) -> None:
    about_the_request = {
        Cause.AUTH,
        Cause.BAD_REQUEST,
        Cause.CLIENT_CANCEL,
        Cause.CONTENT_POLICY,
        Cause.CONTEXT_LENGTH,
        Cause.DNS,
        Cause.GEO,
        Cause.LOCAL_NETWORK,
        Cause.LOCAL_PROXY,
        Cause.MODEL_NOT_FOUND,
        Cause.NONE,
    }
    assert is_mendable(bad(cause)) is (cause not in about_the_request)


def test_an_exchange_goes_on_twice() -> None:
    assert MOST_RESUMES == 2
    table = route(*((target(name),) for name in "pstuv"), attempts=9)
    _, talk = cut(table, Rung.ALIGN)
    for number in range(2, 2 + MOST_RESUMES):
        talk.dialogue.on(3.0, Ready(number=number))
        ended = Ended(number=number, verdict=CUT, rungs=(Rung.ALIGN,))
        last = asked(talk.dialogue.on(4.0, ended))
        assert bool(last) is (number < 1 + MOST_RESUMES)


def test_the_budget_pays_for_more_than_one() -> None:
    table = route((P, TAKES), attempts=9)
    world = World(table)
    for _ in range(3):
        world.standing._health.member(S.backend).budget.pay(at(2.0))
    dialogue = world.exchange()
    dialogue.on(1.0, Ready(number=1))
    talk = Talk(dialogue, dialogue.on(2.0, Ended(number=1, verdict=CUT, rungs=ALL)))
    assert asked(talk.first) == ["2 s align"], "the first reroute is free"
    assert talk.mismatches(2) == ()
    assert world.refused == ["s"]


def test_who_is_out_of_rotation_is_not_asked() -> None:
    world = World(route((P, S), (T,)))
    world.eject("s")
    dialogue = world.exchange()
    dialogue.on(0.1, Ready(number=1))
    ended = Ended(number=1, verdict=CUT, rungs=(Rung.ALIGN,))
    assert asked(dialogue.on(0.2, ended)) == ["2 t align"]


def test_who_is_due_for_a_probe_may_go_on() -> None:
    world = World(route((P, S), (T,)))
    world.eject("s")
    dialogue = world.exchange(0.9)
    dialogue.on(0.9, Ready(number=1))
    (send,) = dialogue.on(1.0, Ended(number=1, verdict=CUT, rungs=(Rung.ALIGN,)))
    assert isinstance(send, Send)
    assert (str(send.target), send.probe) == ("s", True)


def test_who_was_silent_is_not_asked_again() -> None:
    _, talk = cut(route((P, S)), Rung.ALIGN, Rung.ANCHOR)
    assert talk.misses(2, verdict=bad(Cause.TIMEOUT), silent=True) == ()


def test_a_silent_backend_is_not_asked_for_another_model() -> None:
    other = Target(backend=S.backend, model="small")
    _, talk = cut(route((P, S), (other,)), Rung.ALIGN, Rung.ANCHOR)
    assert talk.misses(2, verdict=bad(Cause.TIMEOUT), silent=True) == ()


def test_the_way_to_a_seam_teaches_no_latency() -> None:
    world, talk = cut(route((P, S)), Rung.ALIGN)
    talk.dialogue.on(90.0, Ready(number=2))
    assert world.standing._health.member(S.backend).latency[True].average == 0.0


def test_what_goes_on_is_not_hedged() -> None:
    table = route((P, S), (T,), hedge=Hedge(after=Seconds(10.0)))
    _, talk = cut(table, Rung.ALIGN)
    assert len(talk.first) == 1


class Climb:
    """One exchange whose stream is cut again and again, as chance will have it."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        names = "pstu"[: rng.randint(1, 4)]
        ladder = [Target(backend=target(n).backend, prefill=rng.random() < 0.5) for n in names]
        self.most = rng.randint(1, 9)
        self.world = World(route(*((one,) for one in ladder), attempts=self.most))
        self.dialogue = self.world.exchange()
        self.rungs = tuple(rng.sample(ALL, rng.randint(0, 3)))
        self.sent: list[tuple[str, Rung]] = []
        self.broke: set[str] = set()
        self.relays = 0
        self.now = 0.0

    def cut(self, number: int, name: str) -> tuple[Decision, ...]:
        relay = self.dialogue.on(self.now, Ready(number=number))
        assert relay == (Relay(number=number),)
        self.relays += 1
        self.broke.add(name)
        return self.dialogue.on(self.now, Ended(number=number, verdict=CUT, rungs=self.rungs))

    def step(self, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
        (send,) = decisions
        assert isinstance(send, Send)
        name = send.target.backend.name
        assert send.rung in self.rungs
        assert name not in self.broke
        assert (name, send.rung) not in self.sent
        assert send.rung is not Rung.PREFILL or send.target.prefill
        self.sent.append((name, send.rung))
        self.now += self.rng.random()
        match self.rng.randrange(3):
            case 0:
                return self.cut(send.number, name)
            case 1:
                self.broke.add(name)
                return self.dialogue.fails(self.now, send.number)
            case _:
                return self.dialogue.fails(self.now, send.number, CUT, mismatch=True)


@pytest.mark.parametrize("seed", range(300))
def test_whatever_happens_the_ladder_ends_and_nothing_is_held(seed: int) -> None:
    climb = Climb(Random(seed))
    decisions = climb.cut(1, "p")
    while decisions:
        decisions = climb.step(decisions)
    assert len(climb.sent) < climb.most
    assert climb.relays <= 1 + MOST_RESUMES
    assert climb.dialogue.on(climb.now, Woke()) == ()
    climb.dialogue.close(climb.now)
    assert sum(row.in_flight for row in climb.world.standing.view(at(climb.now))) == 0
