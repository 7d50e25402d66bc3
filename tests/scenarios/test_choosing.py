"""Whom of its equals a tier chooses, how it queues, and when a second runner starts."""

import statistics
from collections import Counter

import pytest

from proxy import sim
from proxy.model import Hedged
from tests.scenarios.crossing import Call
from tests.scenarios.scenario import scenario
from tests.scenarios.world import World

EQUALS = "[[p, s]]"


def answered_by(calls: list[Call]) -> Counter[str]:
    assert all(call.complete for call in calls)
    return Counter(call.backend for call in calls)


@scenario(tiers=EQUALS, route="balance: spread", backends={"s": "weight: 3"})
async def test_spread_follows_the_weights(world: World) -> None:
    by = answered_by(await world.load(400))
    assert 0.65 <= by["s"] / 400 <= 0.85


@pytest.mark.parametrize("route", ["balance: spread", "balance: least"])
@scenario(tiers=EQUALS)
async def test_a_conversation_stays_with_its_backend(world: World, route: str) -> None:
    by = Counter[str]()
    for number in range(12):
        turns = [await world.ask(prompt_cache_key=f"talk {number}") for _ in range(5)]
        (one,) = answered_by(turns)
        by[one] += 1
    assert len(by) == 2, "not all conversations are at one of them"


@scenario(tiers=EQUALS, route="balance: spread")
async def test_a_conversation_leaves_a_backend_that_fails(world: World) -> None:
    first = await world.ask(prompt_cache_key="talk")
    world.providers[first.backend].plan(sim.cdn_502())
    after = [await world.ask(prompt_cache_key="talk") for _ in range(8)]
    assert answered_by(after).keys() == {"p", "s"} - {first.backend}


@scenario(tiers="[[p], [s/fallback]]", backends={"p": "max_in_flight: 5"})
async def test_E3_a_full_backend_is_queued_for_and_then_passed_by(world: World) -> None:
    world.p.plan(sim.ok(first=0.4))
    calls = await world.load(60, at_once=60)
    by = answered_by(calls)
    assert world.p.peak == 5
    assert by["p"] >= 10, "some waited for room"
    assert by["s"] >= 10, "nobody waits for ever"
    assert max(call.took for call in calls) <= 3.0 + 1.0  # patience, and the answer


@pytest.mark.parametrize("stream", [True, False])
@scenario(
    tiers="[[p], [s/fallback]]",
    route="hedge: {}",
    limits="head: 60s, first_content: 60s",
    tokens=4,
)
async def test_F16_a_hedge_starts_when_it_is_later_than_usual(world: World, stream: bool) -> None:
    """Learned: the 95th percentile of what it takes here."""
    world.p.plan(sim.ok(first=3.0))
    await world.pour(2, 30, stream=stream)
    world.p.plan(sim.ok(first=40.0))
    call = await world.ask(stream=stream)
    assert call.backend == "s"
    assert call.fields["x-faultline-degraded"] == "model"
    assert 2.5 <= call.took <= 7.0
    (*few, second) = [record.hedged for _, record in world.told.attempts if record.hedge]
    assert second is Hedged.WON
    assert few.count(Hedged.LOST) == len(few) <= 0.05 * 60 + 2  # one in twenty is later than that
    await world.until(lambda: world.p.log[-1].peer_closed is not None, 0.5)
    assert world.told.changes == []


@scenario(route="balance: least", tokens=4)
async def test_who_fails_fast_attracts_nobody(world: World) -> None:
    """With `least`: a failure counts as a slow answer."""
    world.p.plan(sim.ok(first=0.1))
    world.s.plan(sim.ok(first=0.1))
    await world.load(40, at_once=4)
    world.p.plan(sim.status(429, retry_after=1), when=lambda _: world.dice.random() < 0.5)
    before = world.at("p")
    calls = await world.pour(20, 15)
    assert all(call.complete for call in calls)
    assert world.at("p") - before <= len(calls) / 2
    assert statistics.median(call.took for call in calls) <= 0.2
