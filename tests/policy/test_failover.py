"""The scenarios as dialogues: events in, decisions out."""

from proxy.model import GOOD, Cause, Scope, Seconds, Sent
from proxy.policy.decision import Ended, Ready, Refuse, Relay, Send, Wait, Why, Woke
from tests.policy.build import World, bad, route, target


def sends(decisions: object) -> list[tuple[int, str]]:
    assert isinstance(decisions, tuple)
    return [(d.number, str(d.target)) for d in decisions if isinstance(d, Send)]


def test_a_good_answer_is_relayed_and_ends() -> None:
    dialogue = World(route((target("p"),), (target("s"),))).exchange()
    assert sends(dialogue.first) == [(1, "p")]
    assert dialogue.on(0.5, Ready(number=1)) == (Relay(number=1),)
    assert dialogue.on(0.9, Ended(number=1, verdict=GOOD)) == ()
    dialogue.close(0.9)


def test_s01_a_short_told_cooldown_is_waited_for() -> None:
    world = World(route((target("p"),), (target("s", "other"),)), chance=1.0)
    dialogue = world.exchange()
    limited = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(2.0))
    (wait,) = dialogue.fails(0.1, 1, limited)
    assert isinstance(wait, Wait)
    assert 2.0 <= wait.until - 0.1 <= 2.5
    assert sends(dialogue.on(wait.until, Woke())) == [(2, "p")]
    assert dialogue.on(3.0, Ready(number=2)) == (Relay(number=2),)


def test_s02_an_endless_rate_limit_leaves_the_tier() -> None:
    dialogue = World(route((target("p"),), (target("s", "other"),))).exchange()
    now, seen, decisions = 0.0, [], dialogue.first
    while (found := sends(decisions)) and found[0][1] == "p":
        seen += found
        decisions = dialogue.fails(now, found[0][0], bad(Cause.RATE_LIMIT, scope=Scope.MODEL))
        if isinstance(decisions[0], Wait):
            now = decisions[0].until
            decisions = dialogue.on(now, Woke())
    assert sends(decisions) == [(len(seen) + 1, "s/other")]
    assert 1 <= len(seen) <= 4
    assert now <= 3.0


def test_nothing_left_is_a_refusal() -> None:
    dialogue = World(route((target("p"),), (target("s"),))).exchange()
    assert sends(dialogue.fails(0.1, 1)) == [(2, "s")]
    assert dialogue.fails(0.2, 2) == (Refuse(why=Why.ALL_FAILED),)
    assert dialogue.fails(0.3, 2, sent=Sent.NOT_SENT) == ()
