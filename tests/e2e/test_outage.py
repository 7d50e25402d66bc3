"""The first choice hard down under load: all answers whole, few attempts, and back again."""

import asyncio
import statistics
from collections.abc import Callable

import aiohttp
import pytest

from proxy import sim
from proxy.model import Change
from proxy.sim import Behaviour
from tests.e2e.house import House, house

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
REQUESTS = 500
AT_ONCE = 50
FREQUENT = 0.05
"""Seconds between the requests that wait for the recovery."""


async def ask(session: aiohttp.ClientSession, here: House, *, stream: bool = False) -> bool:
    body = CHAT | {"stream": stream}
    async with session.post(f"{here.url}/v1/chat/completions", json=body) as answer:
        text = await answer.text()
        return answer.status == 200 and ("[DONE]" in text if stream else '"stop"' in text)


async def load(session: aiohttp.ClientSession, here: House, count: int) -> list[bool]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> bool:
        async with gate:
            return await ask(session, here, stream=number % 2 == 0)

    return await asyncio.gather(*(one(number) for number in range(count)))


@pytest.mark.parametrize("fault", [sim.cdn_502, sim.refuse, sim.reset_before_head])
async def test_a_dead_first_choice_costs_few_attempts_and_comes_back(
    fault: Callable[[], Behaviour],
) -> None:
    async with house() as here, aiohttp.ClientSession() as session:
        here.p.plan(fault())
        answers = await load(session, here, REQUESTS)
        assert answers == [True] * REQUESTS
        at_the_dead = [
            attempt
            for record in here.told.records
            for attempt in record.attempts
            if attempt.backend == "p"
        ]
        assert len(at_the_dead) <= 60
        if here.p.attempts:
            assert len(here.p.attempts) == len(at_the_dead)  # no hidden attempt
        probes = len([a for a in at_the_dead if a.probe])

        here.p.plan(sim.ok())
        here.p.forget()
        async with asyncio.timeout(35):
            while not any(change.change is Change.RECOVERED for change in here.told.changes):
                assert await ask(session, here)
                await asyncio.sleep(FREQUENT)
        assert here.p.peak <= 1 + probes
        here.told.records.clear()
        assert await load(session, here, 100) == [True] * 100
        assert any(record.backend == "p" for record in here.told.records)


async def test_there_is_never_more_than_one_probe() -> None:
    async with house(head="2s") as here, aiohttp.ClientSession() as session:
        here.p.plan(sim.cdn_502())
        await load(session, here, 100)
        here.p.forget()
        here.p.plan(sim.slow_first_token(1.0))
        until = asyncio.get_running_loop().time() + 4
        while asyncio.get_running_loop().time() < until:
            await load(session, here, 20)
        assert here.p.attempts
        before = [seen for seen in here.p.attempts if seen.at < here.p.attempts[0].at + 0.9]
        assert len(before) == 1


CANCELS = 200
PHASES: dict[str, tuple[Callable[[], Behaviour], bool]] = {
    "before the head": (sim.silent, False),
    "while the stream is held": (sim.pings_only, True),
    "after the head": (sim.head_then_silence, True),
    "in the stream": (lambda: sim.stall_after(6), True),
    "in a held body": (lambda: sim.stall_after(1), False),
}


@pytest.mark.parametrize(("behaviour", "stream"), PHASES.values(), ids=PHASES.keys())
async def test_a_client_that_leaves_closes_the_upstream_at_once(
    behaviour: Callable[[], Behaviour], stream: bool
) -> None:
    count = CANCELS // len(PHASES)
    async with house() as here:
        here.p.plan(behaviour())
        loop = asyncio.get_running_loop()
        took: list[float] = []
        for number in range(count):
            async with aiohttp.ClientSession() as session:
                asking = asyncio.ensure_future(ask(session, here, stream=stream))
                await here.p.until(lambda n=number: len(here.p.attempts) > n)  # type: ignore[misc]
                await asyncio.sleep(0.02 if stream else 0)  # let what is sent arrive
                asking.cancel()
                await asyncio.wait([asking])
                left = loop.time()
            seen = here.p.attempts[number]
            await here.p.until(lambda s=seen: s.peer_closed is not None)  # type: ignore[misc]
            assert seen.peer_closed is not None
            took.append(seen.peer_closed - left)
        assert statistics.quantiles(took, n=100)[-1] <= 0.05
        assert len(here.p.attempts) == count
        assert here.s.attempts == []
        assert here.told.changes == []
