"""I-10 and I-11: what fails for one does not touch the others, and the loop stays awake.

The invariants that are judged in every run are the checker's; memory needs a process of its own.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy import sim
from proxy.sim import Behaviour
from tests.scenarios.crossing import Call
from tests.scenarios.scenario import scenario
from tests.scenarios.world import World

ASKED_OF = "m-well"
APART = f"  - {{name: apart, match: {{model: {ASKED_OF}}}, tiers: [[t]]}}"
TICK = 0.05


def p99(calls: list[Call]) -> float:
    return statistics.quantiles([call.took for call in calls], n=100)[-1]


@pytest.mark.parametrize(
    "fault", [sim.silent(), sim.cdn_502(), sim.stall_after(3), sim.reset_before_head()], ids=str
)
@scenario(
    providers=("p", "s", "t"),
    routes=APART,
    limits="head: 5s, first_content: 5s, stall: 5s",
    tokens=4,
)
async def test_I10_other_routes_do_not_notice(world: World, fault: Behaviour) -> None:
    world.providers["t"].plan(sim.ok(first=1.0))
    before = await world.pour(5, 10, model=ASKED_OF)
    for provider in (world.p, world.s):
        provider.plan(fault)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(world.pour(20, 15))
        apart = tasks.create_task(world.pour(5, 15, model=ASKED_OF))
    assert all(call.complete for call in apart.result())
    assert p99(apart.result()) <= 1.1 * p99(before)


@asynccontextmanager
async def lags(world: World) -> AsyncIterator[list[float]]:
    """Measure how late the loop is, twenty times a second."""
    found: list[float] = []

    async def look() -> None:
        while True:
            due = world.now() + TICK
            await asyncio.sleep(TICK)
            found.append(world.now() - due)

    looking = asyncio.ensure_future(look())
    try:
        yield found
    finally:
        looking.cancel()


@scenario(limits="head: 2s, first_content: 2s, stall: 2s")
async def test_I11_the_loop_stays_awake_while_much_fails(world: World) -> None:
    faults = [sim.cdn_502(), sim.silent(), sim.cut_after(5), sim.garbage(), sim.flood(1024 * 1024)]
    for provider in (world.p, world.s):
        for fault in faults:
            provider.plan(fault, when=lambda _: world.dice.random() < 0.1)
    async with lags(world) as found:
        await world.pour(20, 10)
    assert statistics.quantiles(found, n=100)[-1] <= 0.05
    assert max(found) <= 0.25
    assert world.faultline._lag.worst <= 0.25
