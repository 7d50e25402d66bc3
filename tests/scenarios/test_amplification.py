"""How much more than was asked for reaches the providers, counted where it arrives.

`A_up` is what reaches one provider for each request whose first choice it is, `A_tot` is all that
reaches anybody for each request.
"""

import asyncio
import itertools
import math

import pytest

from proxy import sim
from proxy.model import Change
from proxy.sim import Behaviour
from tests.scenarios import sdks
from tests.scenarios.crossing import Call
from tests.scenarios.pace import Pace
from tests.scenarios.scenario import scenario
from tests.scenarios.world import World

RATE = 20
DOWN, AFTER = 60.0, 25.0
DETECTED = 5.0
"""Seconds in which an outage must have been seen."""


@scenario(tokens=4)
async def test_F1_F15_a_minute_without_the_first_choice_by_the_sdk(
    world: World, pace: Pace
) -> None:
    rate = RATE if pace.name == "real" else RATE / 4  # an SDK's call costs more than the proxy's
    sdk = world.openai(retries=2)
    start = fails_for_a_minute(world, sim.cdn_502())
    heard: list[sdks.Heard] = []

    async def one() -> None:
        heard.append(await sdks.chat(world, sdk))

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(crowd(world))
        for number in range(round(rate * (DOWN + AFTER))):
            await asyncio.sleep(max(0.0, start + number / rate - world.now()))
            tasks.create_task(one())
    assert len(heard) == rate * (DOWN + AFTER)
    assert all(answer.finish == "stop" for answer in heard)
    assert all(call.complete for call in waiting.result())
    # No SDK had to send anything again.
    assert len(world.calls) == len(heard) + len(waiting.result())
    bounds(world, start)


@pytest.mark.parametrize(
    "fault",
    [
        sim.cdn_502(),
        *(
            pytest.param(fault, marks=pytest.mark.slow)
            for fault in (sim.refuse(), sim.status(500), sim.status(503), sim.reset_before_head())
        ),
    ],
    ids=str,
)
@scenario(tokens=4)
async def test_F1_F10_a_minute_without_the_first_choice(world: World, fault: Behaviour) -> None:
    start = fails_for_a_minute(world, fault)
    async with asyncio.TaskGroup() as tasks:
        steady = tasks.create_task(world.pour(RATE, DOWN + AFTER))
        waiting = tasks.create_task(crowd(world))
    assert all(call.complete for call in steady.result() + waiting.result())
    bounds(world, start)


@scenario(tokens=4, tiers="[[p], [s/fallback]]", limits="head: 5s, first_content: 5s")
async def test_F1_a_minute_of_silence(world: World) -> None:
    start = fails_for_a_minute(world, sim.silent())
    calls = await world.pour(RATE, DOWN + AFTER)
    assert all(call.complete for call in calls)
    # Until the first limit has passed nobody can know: those five seconds all wait.
    waited = [call for call in calls if call.took > 1]
    assert len(waited) <= RATE * 5 + 10
    (back,) = world.changes(Change.RECOVERED, "p")
    assert at_first_choice(world, start + 2 * DETECTED, back) <= 12


def fails_for_a_minute(world: World, fault: Behaviour) -> float:
    """Have the first choice fail, and be well after a minute; return when that began."""
    world.p.plan(fault)
    world.p.script([(DOWN, sim.ok())])
    return world.now()


async def crowd(world: World) -> list[Call]:
    """Wait until the first choice is back, and ask a thousand times at once."""
    await world.until(lambda: bool(world.changes(Change.RECOVERED, "p")), DOWN + AFTER)
    return await world.load(1000, at_once=1000)


def at_first_choice(world: World, since: float, until: float = math.inf) -> int:
    """Count the attempts that arrived there, and at a shut port, which sees none, those told."""
    records = (record for _, record in world.told.attempts if record.backend == "p")
    told = sum(since <= record.started < until for record in records)
    return max(told, world.at("p", since, until))


def bounds(world: World, start: float) -> None:
    """Check what an outage of a minute may cost, where it arrives."""
    (back,) = world.changes(Change.RECOVERED, "p")
    assert start + DOWN <= back <= start + DOWN + 20
    assert at_first_choice(world, start + DETECTED, start + DOWN) <= 12
    first, second = at_first_choice(world, start), world.at("s")
    assert first + second <= 1.05 * len(world.calls)
    assert max(first, second) <= 1.2 * len(world.calls)
    # One ejection; what follows is its probes' failures, each before the return.
    assert all(at < back for at in world.changes(Change.EJECTED, "p"))


@scenario(tokens=4)
async def test_F3_a_fifth_that_fails_costs_a_fifth(world: World) -> None:
    numbers = itertools.count(1)
    world.p.plan(sim.status(503), when=lambda _: next(numbers) % 5 == 0)
    calls = await world.pour(RATE, 30)
    assert all(call.complete for call in calls)
    assert world.at("p") + world.at("s") <= 1.2 * len(calls)


@scenario(tokens=4, tiers="[[p], [s/fallback]]")
async def test_F15_resends_of_a_hasty_sdk_are_paid_from_the_budget(world: World) -> None:
    """Apps that send all again at once, whatever they are told."""
    for provider in (world.p, world.s):
        provider.plan(sim.status(503))
    start = world.now()

    async def one() -> None:
        for count in range(3):
            headers = {"x-stainless-retry-count": str(count)}
            if (await world.ask(headers=headers)).complete:
                return

    async with asyncio.TaskGroup() as tasks:
        for number in range(RATE * 25):
            await asyncio.sleep(max(0.0, start + number / RATE - world.now()))
            tasks.create_task(one())
    intents = RATE * 20
    for backend in ("p", "s"):
        assert world.at(backend, since=start + DETECTED) <= 0.2 * intents
