"""The scenarios as dialogues: events in, decisions out."""

from collections.abc import Callable
from typing import Any

import pytest

from proxy.model import (
    GOOD,
    Action,
    Balance,
    Cause,
    Change,
    Credential,
    CredentialKind,
    Hedge,
    Operation,
    Replay,
    Rung,
    Scope,
    Seconds,
    Sent,
    Target,
)
from proxy.policy.decision import (
    Cancel,
    Ended,
    Event,
    Failed,
    Ready,
    Refuse,
    Relay,
    Send,
    Wait,
    Why,
    Woke,
)
from tests.policy.build import LIMITS, Dialogue, World, at, bad, route, sends, target

P, Q, S = target("p"), target("q"), target("s", "other")
OWN_KEYS = target("p", credential=Credential(kind=CredentialKind.CLIENT))
CLIENTS = bad(Cause.BAD_REQUEST, scope=Scope.REQUEST, action=Action.PASS_THROUGH)
POLICY = bad(Cause.CONTENT_POLICY, scope=Scope.REQUEST, action=Action.PASS_THROUGH)
TOO_LONG = bad(Cause.CONTEXT_LENGTH, scope=Scope.REQUEST, action=Action.PASS_THROUGH)
LIMITED = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(2.0))
TRANSIENT = bad(transient=True)


def tiers(**fields: Any) -> World:
    return World(route((P,), (S,), **fields))


# --- the plain way -----------------------------------------------------------------------------


def standing_of(world: World) -> list[object]:
    health = world.standing._health
    return [
        (member.in_flight, member.budget._window.sums, breaker.running, breaker.generation)
        for member in health.members.values()
        for breaker in health.all_breakers(member)
    ]


def lets_in(world: World) -> None:
    world.exchange(10.0)


def has_a_broken_model(world: World) -> None:
    world.exchange(9.0).fails(9.5, 1, bad(scope=Scope.MODEL))


TROUBLES: list[Callable[[World], object]] = [
    lambda world: world,
    lets_in,
    has_a_broken_model,
    lambda world: world.eject("p", 1.0),
    lambda world: world.eject("p", 9.9),
    lambda world: world.cool("p", 9.9, 20.0),
    lambda world: world.standing.adopt(World(route((Q,), (S,))).fleet, at(9.9)),
    lambda world: world.standing.adopt(World(route((target("p", weight=2),))).fleet, at(9.9)),
]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("first", [P, target("p", max_in_flight=1), OWN_KEYS])
@pytest.mark.parametrize(
    "table", [{}, {"balance": Balance.LEAST}, {"hedge": Hedge(after=Seconds(1.0))}]
)
@pytest.mark.parametrize(
    "asked",
    [
        {"client": "alice"},
        {"backend": "s"},
        {"backend": "nobody"},
        {"resend": 1},
        {"operation": Operation.STATEFUL},
        {"timeout": Seconds(0.0)},
        {"timeout": Seconds(5.0)},
        {"no_failover": True},
    ],
)
def test_the_plain_first_attempt_is_the_one_of_the_long_way(
    trouble: Callable[[World], object],
    first: Target,
    table: dict[str, Any],
    asked: dict[str, Any],
) -> None:
    told = []
    for plain in (True, False):
        world = World(route((first,), (S,), **table))
        trouble(world)
        if not plain:
            world.standing._health.first = lambda *_: None  # type: ignore[method-assign]
        dialogue = world.exchange(10.0, **asked)
        began = standing_of(world)
        failed = dialogue.fails(10.5, 1)
        told.append((dialogue.first, began, failed, standing_of(world), world.told))
    assert told[0] == told[1]


def test_a_good_answer_is_relayed_and_ends() -> None:
    world = tiers()
    dialogue = world.exchange()
    assert dialogue.first == (Send(number=1, target=P, limits=LIMITS),)
    assert dialogue.on(0.5, Ready(number=1)) == (Relay(number=1),)
    assert world.standing.view(at(0.6))[0].in_flight == 1
    assert dialogue.on(0.9, Ended(number=1, verdict=GOOD)) == ()
    assert world.standing.view(at(0.9))[0].in_flight == 0
    dialogue.close(0.9)
    assert world.told == []


def test_an_answer_that_is_whole_at_once_is_relayed_and_over() -> None:
    told = []
    ways: list[list[Event]] = [
        [Ready(number=1, whole=True)],
        [Ready(number=1), Ended(number=1, verdict=GOOD)],
    ]
    for events in ways:
        world = tiers()
        world.eject("p", 0.0)
        dialogue = world.exchange(1.1)
        decisions = [dialogue.on(1.5, event) for event in events]
        assert decisions[0] == (Relay(number=1),)
        told.append((standing_of(world), world.told, world.standing.view(at(1.6))))
        dialogue.close(1.7)
        assert standing_of(world) == told[-1][0]
    assert told[0] == told[1]
    assert told[0][1][-1].change is Change.RECOVERED


def test_another_model_of_a_later_tier_is_marked() -> None:
    dialogue = World(route((P,), (Q,), (S,))).exchange()
    asked = [dialogue.first, dialogue.fails(0.1, 1), dialogue.fails(0.2, 2)]
    marks = [send.degraded for (send,) in asked if isinstance(send, Send)]
    assert marks == [False, False, True]
    asked_for = World(route((P,), (S,))).exchange(model="other")
    (send,) = asked_for.fails(0.1, 1)
    assert isinstance(send, Send)
    assert not send.degraded, "it is the model that was asked for"


def test_nothing_left_is_a_refusal() -> None:
    dialogue = tiers().exchange()
    assert sends(dialogue.fails(0.1, 1)) == ["2 s/other"]
    assert dialogue.fails(0.2, 2) == (Refuse(why=Why.ALL_FAILED),)


def test_what_comes_too_late_changes_nothing() -> None:
    dialogue = tiers().exchange()
    dialogue.fails(0.1, 1)
    assert dialogue.fails(0.2, 1) == ()
    assert dialogue.on(0.2, Ready(number=1)) == ()
    assert dialogue.on(0.2, Ready(number=2)) == (Relay(number=2),)
    assert dialogue.on(0.3, Woke()) == ()
    assert dialogue.on(0.3, Ended(number=1, verdict=bad())) == ()
    dialogue.close()
    dialogue.close()
    assert dialogue.on(0.4, Ended(number=2, verdict=bad())) == ()


LATE: tuple[Event, ...] = (
    Woke(),
    Ready(number=1),
    Failed(number=1, verdict=bad(transient=True), sent=Sent.NOT_SENT),
    Ended(number=1, verdict=bad(Cause.TCP), rungs=tuple(Rung)),
)


@pytest.mark.parametrize("late", LATE)
def test_after_the_last_word_nothing_follows(late: Event) -> None:
    refused = tiers().exchange(no_failover=True)
    refused.fails(0.1, 1)
    paired = tiers(hedge=Hedge(after=Seconds(1.0))).exchange()
    paired.close(0.1)
    world = tiers()
    world.cool("p", 0.0, 1.0)
    waiting = world.exchange()
    waiting.close(0.1)
    assert [d.on(1.0, late) for d in (refused, paired, waiting)] == [()] * 3


def test_at_most_four_attempts() -> None:
    equals = tuple(target(name) for name in "abcdef")
    world = World(route(equals))
    dialogue = world.exchange()
    decisions, seen = dialogue.first, []
    while found := sends(decisions):
        seen += found
        decisions = dialogue.fails(0.1, len(seen))
    assert seen == ["1 a", "2 b", "3 c", "4 d"]
    assert decisions == (Refuse(why=Why.ALL_FAILED),)


# --- the public scenarios ----------------------------------------------------------------------


def test_s01_a_short_told_cooldown_is_waited_for() -> None:
    world = World(route((P,), (S,)), chance=1.0)
    dialogue = world.exchange()
    woke, then = dialogue.waits(dialogue.fails(0.1, 1, LIMITED))
    assert 2.0 <= woke - 0.1 <= 2.5
    assert sends(then) == ["2 p"]
    assert dialogue.on(3.0, Ready(number=2)) == (Relay(number=2),)


def test_s02_an_endless_rate_limit_leaves_the_tier() -> None:
    dialogue = tiers().exchange()
    now, asked, decisions = 0.0, 0, dialogue.first
    while sends(decisions) == [f"{asked + 1} p"]:
        asked += 1
        decisions = dialogue.fails(now, asked, bad(Cause.RATE_LIMIT, scope=Scope.MODEL))
        if isinstance(decisions[0], Wait):
            now, decisions = dialogue.waits(decisions)
    assert sends(decisions) == [f"{asked + 1} s/other"]
    assert 2 <= asked <= 4
    assert now <= 3.0


def test_s03_a_500_is_asked_once_more() -> None:
    dialogue = tiers().exchange()
    assert sends(dialogue.fails(0.1, 1, TRANSIENT)) == ["2 p"]
    assert dialogue.on(0.3, Ready(number=2)) == (Relay(number=2),)


def test_s04_an_endless_503_leaves_the_tier_after_one_more_try() -> None:
    dialogue = tiers().exchange()
    dialogue.fails(0.1, 1, TRANSIENT)
    assert sends(dialogue.fails(0.2, 2, TRANSIENT)) == ["3 s/other"]


def test_s05_a_reset_is_asked_once_more() -> None:
    dialogue = tiers().exchange()
    again = dialogue.fails(0.1, 1, bad(Cause.TCP, transient=True), sent=Sent.MAYBE_SENT)
    assert sends(again) == ["2 p"]


def test_s06_the_silent_is_never_asked_again() -> None:
    dialogue = tiers().exchange()
    silent = bad(Cause.TIMEOUT, transient=True, action=Action.RETRY_SAME)
    then = dialogue.fails(30.0, 1, silent, silent=True, sent=Sent.MAYBE_SENT)
    assert sends(then) == ["2 s/other"]
    assert dialogue.fails(31.0, 2) == (Refuse(why=Why.ALL_FAILED),)


def test_s07_a_late_first_content_starts_a_second_runner() -> None:
    dialogue = tiers(hedge=Hedge(after=Seconds(10.0))).exchange()
    assert dialogue.first[1:] == (Wait(until=at(10.0)),)
    assert sends(dialogue.on(10.0, Woke())) == ["2 s/other hedge"]
    assert dialogue.on(11.0, Ready(number=2)) == (Relay(number=2), Cancel(number=1))


def test_s12_what_is_too_long_goes_only_where_it_fits() -> None:
    unknown, small = target("u"), target("s", context_window=8)
    large = target("l", context_window=100)
    primary = target("p", context_window=8)
    world = World(route((primary, small), (unknown,), (large,)))
    dialogue = world.exchange()
    assert sends(dialogue.fails(0.1, 1, TOO_LONG)) == ["2 l"]
    assert dialogue.on(0.5, Ready(number=2)) == (Relay(number=2),)
    undeclared = World(route((P,), (small,), (large,))).exchange()
    assert sends(undeclared.fails(0.1, 1, TOO_LONG)) == ["2 s"]
    assert sends(undeclared.fails(0.2, 2, TOO_LONG)) == ["3 l"]
    assert undeclared.fails(0.3, 3, TOO_LONG) == (Relay(number=3),)


def test_s12_without_a_larger_one_the_client_sees_it() -> None:
    assert tiers().exchange().fails(0.1, 1, TOO_LONG) == (Relay(number=1),)
    world = World(route((P,), (target("s", context_window=9),)))
    world.eject("s")
    assert world.exchange().fails(0.1, 1, TOO_LONG) == (Relay(number=1),)
    last = World(route((P,), (target("s", context_window=9),), attempts=1))
    assert last.exchange().fails(0.1, 1, TOO_LONG) == (Relay(number=1),)


def test_s13_a_content_policy_is_never_routed_around() -> None:
    dialogue = tiers().exchange()
    assert dialogue.fails(0.1, 1, POLICY) == (Relay(number=1),)
    later = tiers().exchange()
    later.fails(0.1, 1)
    assert later.fails(0.2, 2, POLICY) == (Relay(number=2),)


def test_s15_through_an_outage_and_back() -> None:
    """503 for 60 s, a request each 4 s, then healthy."""
    world, asked, back = tiers(), 0, None
    for now in range(0, 140, 4):
        dialogue = world.exchange(float(now))
        decisions, number = dialogue.first, 1
        while sends(decisions)[0].split()[1] == "p" and now < 60:
            asked += 1
            decisions = dialogue.fails(now, number, TRANSIENT)
            number += 1
        if sends(decisions)[0].split()[1] == "p":
            back = back or now
        dialogue.succeeds(now + 0.5, number)
    assert asked <= 12
    assert back is not None
    assert back <= 80


# --- the client's fault, and what only looks like it -------------------------------------------


def test_the_clients_fault_is_passed_on() -> None:
    assert tiers().exchange().fails(0.1, 1, CLIENTS) == (Relay(number=1),)


def test_what_nobody_has_answered_cannot_be_passed_on() -> None:
    dialogue = tiers().exchange()
    assert sends(dialogue.fails(0.1, 1, CLIENTS, sent=Sent.MAYBE_SENT)) == ["2 s/other"]


def test_an_equals_400_is_passed_on() -> None:
    dialogue = World(route((P, Q), (S,))).exchange()
    assert sends(dialogue.fails(0.1, 1)) == ["2 q"]
    assert dialogue.fails(0.2, 2, CLIENTS) == (Relay(number=2),)


def test_f19_a_spares_400_after_a_breakdown_is_not_the_clients_fault() -> None:
    dialogue = tiers().exchange()
    dialogue.fails(0.1, 1)
    assert dialogue.fails(0.2, 2, CLIENTS) == (Refuse(why=Why.ALL_FAILED),)


def test_a_refused_own_key_is_never_passed_on() -> None:
    dialogue = tiers().exchange()
    refused = bad(Cause.AUTH, scope=Scope.REQUEST, action=Action.PASS_THROUGH)
    assert sends(dialogue.fails(0.1, 1, refused)) == ["2 s/other"]


def test_a_refused_key_of_the_clients_is() -> None:
    own = target("p", credential=Credential(kind=CredentialKind.CLIENT))
    dialogue = World(route((own,), (S,))).exchange()
    refused = bad(Cause.AUTH, scope=Scope.REQUEST, action=Action.PASS_THROUGH)
    assert dialogue.fails(0.1, 1, refused) == (Relay(number=1),)


# --- sent or not -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replay", "sent", "again"),
    [
        (Replay.ALWAYS, Sent.MAYBE_SENT, True),
        (Replay.UNSENT, Sent.NOT_SENT, True),
        (Replay.UNSENT, Sent.MAYBE_SENT, False),
        (Replay.NEVER, Sent.NOT_SENT, False),
    ],
)
def test_what_may_have_been_done_is_not_always_done_twice(
    replay: Replay, sent: Sent, again: bool
) -> None:
    decisions = tiers(replay=replay).exchange().fails(0.1, 1, sent=sent)
    assert bool(sends(decisions)) is again


def test_f20_a_stateful_call_stays_and_is_not_repeated() -> None:
    dialogue = World(route((P, Q), (S,))).exchange(operation=Operation.STATEFUL)
    refused = dialogue.fails(0.1, 1, TRANSIENT, sent=Sent.MAYBE_SENT)
    assert refused == (Refuse(why=Why.NOT_REPLAYABLE),)
    unsent = World(route((P, Q), (S,))).exchange(operation=Operation.STATEFUL)
    connect = bad(Cause.TCP, transient=True)
    assert sends(unsent.fails(0.1, 1, connect, sent=Sent.NOT_SENT)) == ["2 p"]
    assert unsent.fails(0.2, 2, connect, sent=Sent.NOT_SENT) == (Refuse(why=Why.ALL_FAILED),)


def test_a_body_that_can_be_sent_once_is_sent_once() -> None:
    dialogue = tiers().exchange(replayable=False)
    assert sends(dialogue.fails(0.1, 1, sent=Sent.NOT_SENT)) == ["2 s/other"]
    assert dialogue.fails(0.2, 2) == (Refuse(why=Why.NOT_REPLAYABLE),)


def test_too_long_is_passed_on_where_nothing_may_be_repeated() -> None:
    world = World(route((P,), (target("s", context_window=9),), replay=Replay.UNSENT))
    assert world.exchange().fails(0.1, 1, TOO_LONG) == (Relay(number=1),)


# --- a connection that its peer had closed -----------------------------------------------------


def stale(dialogue: Dialogue, now: float, number: int) -> list[str]:
    verdict = bad(Cause.TCP, scope=Scope.REQUEST, action=Action.RETRY_SAME)
    return sends(dialogue.fails(now, number, verdict, sent=Sent.MAYBE_SENT, stale=True))


def test_b2_a_stale_connection_is_repeated_on_a_fresh_one_and_nobody_is_charged() -> None:
    world = tiers()
    for _ in range(50):
        dialogue = world.exchange()
        assert stale(dialogue, 0.1, 1) == ["2 p fresh"]
        dialogue.succeeds(0.2, 2)
    assert world.told == []
    assert world.refused == []


def test_it_is_beyond_the_attempts_of_the_route_and_even_for_unsent() -> None:
    world = tiers(attempts=1, replay=Replay.UNSENT)
    dialogue = world.exchange()
    assert stale(dialogue, 0.1, 1) == ["2 p fresh"]
    assert dialogue.fails(0.2, 2, sent=Sent.NOT_SENT) == (Refuse(why=Why.ALL_FAILED),)


@pytest.mark.parametrize("how", [{"replay": Replay.NEVER}, {}])
def test_never_is_never(how: dict[str, Replay]) -> None:
    dialogue = tiers(**how).exchange(replayable=bool(how))
    verdict = bad(Cause.TCP)
    refused = dialogue.fails(0.1, 1, verdict, sent=Sent.MAYBE_SENT, stale=True)
    assert refused == (Refuse(why=Why.NOT_REPLAYABLE),)


def test_a_second_one_in_the_same_exchange_must_be_covered() -> None:
    world = World(route((P,), (S,), attempts=3))
    dialogue = world.exchange()
    assert stale(dialogue, 0.1, 1) == ["2 p fresh"]
    assert sends(dialogue.fails(0.2, 2)) == ["3 s/other"]
    assert stale(dialogue, 0.3, 3) == ["4 s/other fresh"]
    assert dialogue.fails(0.4, 4) == (Refuse(why=Why.ALL_FAILED),)


def test_its_payment_is_owed() -> None:
    world = tiers()
    for _ in range(3):
        dialogue = world.exchange()
        assert stale(dialogue, 0.1, 1) == ["2 p fresh"]
        dialogue.succeeds(0.2, 2)
    broke = world.exchange()
    assert sends(broke.fails(0.3, 1, TRANSIENT)) == ["2 s/other"], "no quick retry any more"
    assert world.refused == ["p"]


def test_a_second_one_that_is_not_covered_is_a_failure() -> None:
    world = tiers()
    for _ in range(3):
        world.standing._health.members["s"].budget.pay(at(0.0))
    dialogue = world.exchange()
    assert stale(dialogue, 0.1, 1) == ["2 p fresh"]
    assert sends(dialogue.fails(0.2, 2)) == ["3 s/other"]
    assert stale(dialogue, 0.3, 3) == []


def test_a_second_one_is_within_the_attempts() -> None:
    dialogue = World(route((P,), (S,), attempts=2)).exchange()
    assert stale(dialogue, 0.1, 1) == ["2 p fresh"]
    assert sends(dialogue.fails(0.2, 2)) == ["3 s/other"]
    assert stale(dialogue, 0.3, 3) == [], "one beyond the two, and that was the first"


def test_it_is_not_repeated_at_the_deadline() -> None:
    assert stale(tiers().exchange(timeout=Seconds(1.0)), 1.0, 1) == []


def test_it_may_be_repeated_as_the_probe_that_is_due() -> None:
    world = tiers()
    dialogue = world.exchange()
    world.eject("p")
    assert stale(dialogue, 1.0, 1) == ["2 p fresh probe"]


def test_an_early_probe_that_met_a_stale_connection_is_repeated() -> None:
    world = World(route((P,)))
    world.eject("p")
    dialogue = world.exchange(0.5)
    assert sends(dialogue.first) == ["1 p probe"]
    assert stale(dialogue, 0.6, 1) == ["2 p fresh probe"]


def test_a_stale_one_at_an_ejected_backend_goes_on_elsewhere() -> None:
    world = tiers()
    dialogue = world.exchange()
    world.eject("p")
    assert stale(dialogue, 0.1, 1) == ["2 s/other"]


# --- deadlines ---------------------------------------------------------------------------------


def test_f21_the_clients_deadline_bounds_everything() -> None:
    dialogue = tiers().exchange(timeout=Seconds(20.0))
    (send,) = dialogue.fails(15.0, 1, bad(Cause.TIMEOUT), silent=True, sent=Sent.MAYBE_SENT)
    assert isinstance(send, Send)
    assert send.limits.total == 5.0
    assert send.limits.head == 5.0
    assert dialogue.fails(20.0, 2) == (Refuse(why=Why.DEADLINE),)


def test_nothing_is_waited_for_beyond_the_deadline() -> None:
    dialogue = tiers().exchange(timeout=Seconds(2.0))
    assert sends(dialogue.fails(0.1, 1, LIMITED)) == ["2 s/other"]


def test_a_deadline_of_nothing_is_refused() -> None:
    assert tiers().exchange(timeout=Seconds(0.0)).first == (Refuse(why=Why.DEADLINE),)


def test_a_client_in_haste_ejects_nobody() -> None:
    world = tiers()
    for _ in range(10):
        dialogue = world.exchange(timeout=Seconds(1.0))
        dialogue.fails(1.0, 1, bad(Cause.TIMEOUT), silent=True, sent=Sent.MAYBE_SENT)
        dialogue.close()
    assert world.told == []


def test_a_stall_that_only_this_client_minds_ejects_nobody() -> None:
    world = tiers()
    for _ in range(10):
        dialogue = world.exchange(read_timeout=Seconds(1.0))
        dialogue.on(0.5, Ready(number=1))
        dialogue.on(1.5, Ended(number=1, verdict=bad(Cause.TIMEOUT)))
        dialogue.close()
    assert world.told == []


def test_haste_excuses_silence_only() -> None:
    hasty, cut, calm = tiers(), tiers(), tiers()
    for _ in range(5):
        failed = hasty.exchange(timeout=Seconds(1.0))
        failed.fails(0.5, 1)
        failed.close()
        broken = cut.exchange(read_timeout=Seconds(1.0))
        broken.on(0.5, Ready(number=1))
        broken.on(0.6, Ended(number=1, verdict=bad()))
        broken.close()
    for _ in range(2):
        silent = calm.exchange()
        silent.fails(30.0, 1, bad(Cause.TIMEOUT), silent=True, sent=Sent.MAYBE_SENT)
        silent.close()
    assert [[c.backend for c in world.told] for world in (hasty, cut, calm)] == [["p"]] * 3


def test_a_cut_after_the_commit_is_charged() -> None:
    world = tiers()
    for _ in range(5):
        dialogue = world.exchange()
        dialogue.on(0.5, Ready(number=1))
        assert dialogue.on(0.6, Ended(number=1, verdict=bad())) == ()
        dialogue.close()
    assert [change.backend for change in world.told] == ["p"]


def test_a_client_that_goes_is_nobodys_fault() -> None:
    world = tiers()
    for _ in range(20):
        world.exchange().close(0.1)
        gone = world.exchange()
        gone.on(0.1, Ready(number=1))
        gone.on(0.2, Ended(number=1, verdict=bad(Cause.CLIENT_CANCEL, scope=Scope.REQUEST)))
        gone.close(0.2)
    assert world.told == []
    assert world.standing.view(at(1.0))[0].in_flight == 0


# --- hedging -----------------------------------------------------------------------------------

HEDGE: dict[str, Any] = {"hedge": Hedge(after=Seconds(10.0))}


def test_the_first_choice_may_still_win() -> None:
    world = tiers(**HEDGE)
    dialogue = world.exchange()
    dialogue.on(10.0, Woke())
    assert dialogue.on(11.0, Ready(number=1)) == (Relay(number=1), Cancel(number=2))
    assert dialogue.fails(11.1, 2) == (), "the loser is charged to nobody"
    assert [row.in_flight for row in world.standing.view(at(11.2))] == [1, 0]


def test_if_one_of_a_pair_fails_the_other_goes_on() -> None:
    dialogue = tiers(**HEDGE).exchange()
    dialogue.on(10.0, Woke())
    assert dialogue.fails(11.0, 1) == ()
    assert dialogue.fails(12.0, 2) == (Refuse(why=Why.ALL_FAILED),)
    other = World(route((P,), (S,), (Q,), **HEDGE)).exchange()
    other.on(10.0, Woke())
    assert other.fails(11.0, 2) == ()
    assert sends(other.fails(12.0, 1)) == ["3 q"]


def test_the_clients_fault_ends_a_pair() -> None:
    dialogue = tiers(**HEDGE).exchange()
    dialogue.on(10.0, Woke())
    assert dialogue.fails(11.0, 1, CLIENTS) == (Relay(number=1), Cancel(number=2))


def test_a_hedges_400_waits_for_the_first_choice() -> None:
    dialogue = tiers(**HEDGE).exchange()
    dialogue.on(10.0, Woke())
    assert dialogue.fails(11.0, 2, CLIENTS) == ()
    assert dialogue.on(12.0, Ready(number=1)) == (Relay(number=1),)
    policy = tiers(**HEDGE).exchange()
    policy.on(10.0, Woke())
    assert policy.fails(11.0, 2, POLICY) == (Relay(number=2), Cancel(number=1))


def test_one_hedge_an_exchange() -> None:
    dialogue = World(route((P,), (S,), (Q,), **HEDGE)).exchange()
    dialogue.on(10.0, Woke())
    dialogue.fails(11.0, 1)
    assert dialogue.fails(12.0, 2)[1:] == ()
    assert dialogue.on(22.0, Woke()) == ()


def test_a_wake_that_was_for_an_earlier_attempt_starts_nobody() -> None:
    dialogue = World(route((P,), (S,), (Q,), attempts=2, **HEDGE)).exchange()
    assert dialogue.fails(1.0, 1)[1:] == ()
    assert dialogue.on(10.0, Woke()) == ()


def test_a_hedge_has_one_chance() -> None:
    small = target("s", max_in_flight=1)
    world = World(route((P,), (small,), **HEDGE))
    busy = world.exchange(of=route((small,)))
    dialogue = world.exchange()
    assert dialogue.on(10.0, Woke()) == ()
    busy.succeeds(10.5)
    assert dialogue.on(11.0, Woke()) == ()


def test_a_reroute_is_hedged_anew() -> None:
    dialogue = World(route((P,), (S,), (Q,), **HEDGE)).exchange()
    again = dialogue.fails(1.0, 1)
    assert again[1:] == (Wait(until=at(11.0)),)
    assert sends(dialogue.on(11.0, Woke())) == ["3 q hedge"]


def test_f16_hedges_are_paid() -> None:
    world, started = tiers(**HEDGE), 0
    for _ in range(10):
        dialogue = world.exchange()
        started += bool(sends(dialogue.on(10.0, Woke())))
        dialogue.succeeds(11.0)
    assert started == 2
    assert world.refused == ["s"] * 8


def test_no_hedge_to_what_is_out_or_has_failed() -> None:
    world = tiers(**HEDGE)
    world.eject("s", 9.5)
    dialogue = world.exchange()
    assert dialogue.on(10.0, Woke()) == ()
    due = tiers(**HEDGE)
    due.eject("s", 1.0)
    assert due.exchange().on(10.0, Woke()) == (), "nor to what needs a probe"
    single = World(route((P,), **HEDGE)).exchange()
    assert single.on(10.0, Woke()) == ()


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"attempts": 1}, {}),
        ({"replay": Replay.UNSENT}, {}),
        ({}, {"no_failover": True}),
        ({}, {"replayable": False}),
        ({}, {"timeout": Seconds(10.0)}),
        ({}, {"operation": Operation.STATEFUL}),
    ],
)
def test_when_there_is_no_hedge(given: dict[str, Any], fields: dict[str, Any]) -> None:
    dialogue = tiers(**HEDGE, **given).exchange(**fields)
    assert dialogue.first[1:] == ()
    assert dialogue.on(10.0, Woke()) == ()


def test_a_learned_hedge() -> None:
    world = tiers(hedge=Hedge(after=None))
    for i in range(20):
        dialogue = world.exchange(float(i))
        assert dialogue.first[1:] == ()
        dialogue.succeeds(i + 4.0)
    assert world.exchange(100.0).first[1:] == (Wait(until=at(104.0)),)


# --- what a client demands ---------------------------------------------------------------------


def test_no_failover_is_one_attempt() -> None:
    dialogue = tiers().exchange(no_failover=True)
    assert dialogue.fails(0.1, 1, TRANSIENT) == (Refuse(why=Why.ALL_FAILED),)


def test_a_demanded_backend_is_the_only_one() -> None:
    dialogue = tiers().exchange(backend="s")
    assert sends(dialogue.first) == ["1 s/other"]
    assert dialogue.fails(0.1, 1) == (Refuse(why=Why.ALL_FAILED),)
    assert tiers().exchange(backend="nobody").first == (Refuse(why=Why.NO_TARGET),)


def test_after_the_close_nobody_is_charged() -> None:
    world = tiers()
    for _ in range(9):
        dialogue = world.exchange()
        dialogue.on(0.1, Ready(number=1))
        dialogue.close(0.2)
        assert dialogue.on(0.3, Ended(number=1, verdict=bad())) == ()
    assert world.told == []


def test_a_retry_of_the_first_choice_leaves_the_reroute_free_after_a_hedge() -> None:
    world = World(route((P,), (S,), (Q,), **HEDGE))
    for _ in range(3):
        world.standing._health.members["q"].budget.pay(at(10.0))
    dialogue = world.exchange()
    dialogue.on(10.0, Woke())
    dialogue.fails(11.0, 2)
    assert sends(dialogue.fails(11.0, 1, TRANSIENT)) == ["3 p"]
    assert sends(dialogue.fails(11.0, 3)) == ["4 q"]


def test_when_the_hedge_is_due_too_late() -> None:
    dialogue = tiers(**HEDGE).exchange()
    assert dialogue.on(600.0, Woke()) == ()


def test_a_cancelled_wait_gives_its_slot_back() -> None:
    world = tiers()
    dialogue = world.exchange()
    dialogue.fails(0.0, 1, LIMITED)
    member = world.standing._health.members["p"]
    assert (member.waiting, member.in_flight) == (1, 0)
    dialogue.close(0.1)
    dialogue.close(0.1)
    assert member.waiting == 0
    assert dialogue.on(3.0, Woke()) == ()
