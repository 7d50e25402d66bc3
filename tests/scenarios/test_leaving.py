"""I-7 and I-8: whoever leaves, whenever: nothing goes on, and nothing is left; and all at once."""

import asyncio
from collections.abc import Callable
from urllib.parse import quote

import pytest

from proxy import sim
from proxy.sim import Behaviour
from tests.scenarios.crossing import End
from tests.scenarios.scenario import scenario
from tests.scenarios.world import World

TIMES = 20
PHASES: dict[str, tuple[Callable[[], Behaviour], bool, float]] = {
    "before the head": (sim.silent, False, 0.1),
    "while the stream is held": (lambda: sim.pings_only(0.2), True, 0.5),
    "after the head": (sim.head_then_silence, True, 0.1),
    "in the stream": (lambda: sim.stall_after(6), True, 0.1),
    "in a held body": (lambda: sim.stall_after(1), False, 0.1),
    "in a flood": (lambda: sim.flood(8 * 1024 * 1024), True, 0.01),
}


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize(("behaviour", "stream", "after"), PHASES.values(), ids=PHASES.keys())
@scenario()
async def test_I7_D1_D2_a_client_that_leaves(
    world: World, behaviour: Callable[[], Behaviour], stream: bool, after: float, reset: bool
) -> None:
    world.p.plan(behaviour())
    for number in range(TIMES):
        client = await world.connect(window=64 * 1024)
        call = world.send(client, world.chat(stream=stream))
        await world.seen(world.p, number + 1)
        await asyncio.sleep(after)
        client.leave(reset=reset)
        assert call.end is End.LEFT
    assert world.s.log == []
    assert world.told.changes == []


@scenario(tiers="[[p], [s/fallback]]", route="patience: 5s")
async def test_I7_D3_who_leaves_while_waiting_is_asked_for_no_more(world: World) -> None:
    world.p.plan(sim.status(429, retry_after=3))
    client = await world.connect()
    world.send(client, world.chat())
    await world.seen(world.p)
    await asyncio.sleep(0.5)
    client.leave(reset=True)
    await asyncio.sleep(10)
    assert (len(world.p.log), len(world.s.log)) == (1, 0)


@scenario(tiers="[[p]]", backends={"p": "max_in_flight: 1"})
async def test_I7_D3_who_leaves_the_queue_is_asked_for_no_more(world: World) -> None:
    world.p.plan(sim.slow_head(0.8))
    clients = [await world.connect() for _ in range(2)]
    first = world.send(clients[0], world.chat())
    await world.seen(world.p)
    world.send(clients[1], world.chat())
    await asyncio.sleep(0.3)
    clients[1].leave()
    await clients[0].answer(first)
    assert first.complete
    await asyncio.sleep(2)
    assert len(world.p.log) == 1


@scenario(route="hedge: {after: 1s}")
async def test_I7_a_hedged_pair_goes_with_its_client(world: World) -> None:
    for provider in (world.p, world.s):
        provider.plan(sim.head_then_silence())
    client = await world.connect()
    world.send(client, world.chat(stream=True))
    await world.seen(world.s)
    await asyncio.sleep(0.2)
    client.leave(reset=True)
    await world.until(lambda: world.p.live + world.s.live == 0, 0.2)
    assert world.told.changes == []


SHOWN_IN = [
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
    "proxy-authorization",
]


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("openai-compatible", "/v1/chat/completions"),
        ("anthropic", "/v1/messages"),
        ("gemini", "/v1beta/models/m:generateContent?key={key}"),
    ],
)
@scenario()
async def test_I9_the_apps_key_goes_nowhere_whatever_it_stands_in(
    world: World, provider: str, path: str
) -> None:
    key = world.app_key
    world.p.plan_next(sim.status(503))
    await world.ask(path=path.format(key=quote(key)), headers=dict.fromkeys(SHOWN_IN, key))
    for seen, backend in ((world.p.log[0], "p"), (world.s.log[0], "s")):
        assert seen.key == world.keys[backend]


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500])
@scenario(tiers="[[p], [s]]", route="patience: 0s")
async def test_I9_a_provider_that_repeats_its_key_is_not_repeated(world: World, code: int) -> None:
    """Whatever it says: a refusal, the journal, the pages and the headers must not say it too."""
    for provider, key in ((world.p, world.keys["p"]), (world.s, world.keys["s"])):
        fields = ((b"x-debug", key.encode()),) if code != 400 else ()
        said = "" if code in {400, 404} else key
        provider.plan(sim.status(code, message=f"Bad key: {said}", headers=fields))
    for _ in range(8):
        await world.ask()


FAULTS: list[Behaviour] = [
    sim.ok(),
    sim.ok(first=0.2, every=0.02),
    sim.cdn_502(),
    sim.status(500),
    sim.status(429, retry_after=1),
    sim.status(400),
    sim.status(503, sim.Form.HTML),
    sim.reset_before_head(),
    sim.close_mid_head(),
    sim.garbage(),
    sim.silent(),
    sim.head_then_silence(),
    sim.error_first_event(),
    sim.error_event_after(3),
    sim.cut_after(5),
    sim.cut_after(5, sim.Cut.CLEAN),
    sim.stall_after(4),
    sim.garbled_event(3),
    sim.terminal_then(),
    sim.terminal_then_silence(),
    sim.no_done(),
    sim.no_terminal(),
    sim.html_200(),
    sim.empty_200(),
    sim.two_lengths(),
    sim.redirect("http://127.0.0.1:1/"),
    sim.slow_first_token(1.5),
]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("route", "stamp"),
    [("resume: []", True), ("resume: [align]", True), ("resume: [align]", False)],
)
@scenario(limits="head: 2s, first_content: 2s, stall: 2s, total: 20s", resumes=True)
async def test_I_everything_at_once(world: World, seed: int, route: str, stamp: bool) -> None:
    """Any fault at any provider, clients that come and go: the checker has the word."""
    dice = world.dice
    dice.seed(seed)
    for provider in (world.p, world.s):
        provider.plan(sim.ok(), when=lambda _: True)
        for fault in FAULTS:
            share = dice.random() * 0.08
            provider.plan(fault, when=lambda _, s=share: dice.random() < s)  # type: ignore[misc]

    async def one(number: int) -> None:
        await asyncio.sleep(dice.random() * 20)
        client = await world.connect()
        call = world.send(client, world.chat(stream=bool(number % 3)))
        if dice.random() < 0.2:
            await asyncio.sleep(dice.random())
            client.leave(reset=dice.random() < 0.5)
        else:
            await client.answer(call)

    async with asyncio.TaskGroup() as tasks:
        for number in range(200):
            tasks.create_task(one(number))
    for provider in (world.p, world.s):
        provider.plan(sim.ok())
    await asyncio.sleep(20)
    while (await world.ask()).backend != "p":  # noqa: ASYNC110 - an app asks again
        await asyncio.sleep(1)
