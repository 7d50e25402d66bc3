"""How much more than was asked for reaches the providers, counted where it arrives.

`A_up` is what reaches one provider for each request whose first choice it is, `A_tot` is all that
reaches anybody for each request.
"""

import asyncio

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


def told_at(world: World, backend: str, since: float = 0.0) -> int:
    """Count attempts as they are told: a shut port sees none. The checker compares the rest."""
    records = (r for _, r in world.told.attempts if r.backend == backend)
    return sum(1 for record in records if record.started >= since)


@scenario(tokens=4)
async def test_F1_F15_a_minute_without_the_first_choice_by_the_sdk(
    world: World, pace: Pace
) -> None:
    rate = RATE if pace.name == "real" else RATE / 4  # an SDK's call costs more than the proxy's
    sdk = world.openai(retries=2)
    start = world.now()
    world.p.plan(sim.cdn_502())
    world.p.script([(DOWN, sim.ok())])
    heard = []

    async def one() -> None:
        heard.append(await sdks.chat(world, sdk))

    async with asyncio.TaskGroup() as tasks:
        for number in range(round(rate * (DOWN + AFTER))):
            await asyncio.sleep(max(0.0, start + number / rate - world.now()))
            tasks.create_task(one())
    assert len(heard) == rate * (DOWN + AFTER)
    assert all(answer.finish == "stop" for answer in heard)
    assert len(world.calls) == len(heard)  # no SDK had to send anything again
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
async def test_F1_a_minute_without_the_first_choice(world: World, fault: Behaviour) -> None:
    start = world.now()
    world.p.plan(fault)
    world.p.script([(DOWN, sim.ok())])
    calls = await world.pour(RATE, DOWN + AFTER)
    assert all(call.complete for call in calls)
    bounds(world, start)
    assert crowd_is_welcome(world, await world.load(1000, at_once=1000))


@scenario(tokens=4, tiers="[[p], [s/fallback]]", limits="head: 5s, first_content: 5s")
async def test_F1_a_minute_of_silence(world: World) -> None:
    start = world.now()
    world.p.plan(sim.silent())
    world.p.script([(DOWN, sim.ok())])
    calls = await world.pour(RATE, DOWN + AFTER)
    assert all(call.complete for call in calls)
    # Until the first limit has passed nobody can know: those five seconds all wait.
    waited = [call for call in calls if call.took > 1]
    assert len(waited) <= RATE * 5 + 10
    assert told_at(world, "p", start + 2 * DETECTED) - back_again(world) <= 12


def bounds(world: World, start: float) -> None:
    """Check what an outage of a minute may cost."""
    (back, *more) = world.changes(Change.RECOVERED, "p")
    assert more == []
    records = [r for _, r in world.told.attempts if r.backend == "p"]
    late = [r for r in records if start + DETECTED <= r.started < start + DOWN]
    assert len(late) <= 12
    assert start + DOWN <= back <= start + DOWN + 20
    assert len(world.told.attempts) <= 1.05 * len(world.calls)
    assert told_at(world, "p") <= 1.2 * len(world.calls)
    assert told_at(world, "s") <= 1.2 * len(world.calls)
    # One ejection; what follows is its probes' failures, each before the return.
    assert all(at < back for at in world.changes(Change.EJECTED, "p"))


def back_again(world: World) -> int:
    """Count the attempts at the first choice after its return."""
    (back,) = world.changes(Change.RECOVERED, "p")
    return told_at(world, "p", back)


def crowd_is_welcome(world: World, calls: list[Call]) -> bool:
    """Tell whether all of a crowd were answered, and nobody was put out of rotation by it."""
    (back,) = world.changes(Change.RECOVERED, "p")
    again = [at for at in world.changes(Change.EJECTED, "p") if at > back]
    return all(call.complete for call in calls) and not again


@scenario(tokens=4)
async def test_F3_a_fifth_that_fails_costs_a_fifth(world: World) -> None:
    world.p.plan(sim.status(503), when=lambda _: world.dice.random() < 0.2)
    calls = await world.pour(RATE, 30)
    assert all(call.complete for call in calls)
    total = world.at("p") + world.at("s")
    assert total <= 1.25 * len(calls)


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
