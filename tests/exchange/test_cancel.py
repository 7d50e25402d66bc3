"""A client may leave at any moment: nothing is left behind, nobody is charged, nothing is sent."""

import asyncio
from collections.abc import Callable

import pytest

from proxy.model import Fault, Phase, Result, Seconds, Sent, Target
from tests.exchange.lines import HELLO, ROLE, STOP, WHOLE, WORLD
from tests.exchange.stage import Bytes, RecordingClient, Stage, backend, chat, fleet

Step = Callable[[Stage], None]


STREAM: list[Step] = [
    lambda stage: stage.upstream.calls[0].receiver.on_phase(Phase.CONNECT),
    lambda stage: stage.upstream.calls[0].receiver.on_phase(Phase.TLS),
    lambda stage: stage.upstream.calls[0].stream(),
    lambda stage: stage.upstream.calls[0].data(ROLE),
    lambda stage: stage.upstream.calls[0].data(HELLO),
    lambda stage: stage.upstream.calls[0].data(WORLD[:9]),
    lambda stage: stage.upstream.calls[0].data(WORLD[9:]),
    lambda stage: stage.upstream.calls[0].data(STOP),
]
UNARY: list[Step] = [
    lambda stage: stage.upstream.calls[0].head(),
    lambda stage: stage.upstream.calls[0].data(WHOLE[:20]),
    lambda stage: stage.upstream.calls[0].data(WHOLE[20:]),
]
REROUTED: list[Step] = [
    lambda stage: stage.upstream.calls[0].fail(Fault.RESET),
    lambda stage: stage.upstream.calls[1].stream(ROLE),
    lambda stage: stage.upstream.calls[1].fail(Fault.REFUSED, Phase.CONNECT, Sent.NOT_SENT),
]
WAITING: list[Step] = [
    lambda stage: stage.upstream.calls[0].unary(b"{}", 429, retry_after="2"),
    lambda stage: stage.clock.advance(1.0),
]
SCRIPTS = {
    "stream": (STREAM, True),
    "unary": (UNARY, False),
    "rerouted": (REROUTED[:2], True),
    "waiting": (WAITING, False),
}
MOMENTS = [
    pytest.param(script, stream, steps, id=f"{name}-{steps}")
    for name, (script, stream) in SCRIPTS.items()
    for steps in range(len(script) + 1)
]


@pytest.mark.parametrize(("script", "stream", "steps"), MOMENTS)
async def test_a_client_that_leaves_at_any_step_leaves_nothing_behind(
    script: list[Step], stream: bool, steps: int
) -> None:
    table = fleet(
        (Target(backend=backend("p")),), (Target(backend=backend("s")),), patience=Seconds(5.0)
    )
    stage = Stage(table)
    before = asyncio.all_tasks()

    async def leave() -> None:
        async with stage.exchange(chat(stream=stream)):
            for step in script[:steps]:
                step(stage)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await leave()
    sent = len(stage.upstream.calls)
    stage.clock.advance(1000)
    assert len(stage.upstream.calls) == sent
    assert stage.record.result is Result.CANCELLED
    assert asyncio.all_tasks() == before
    charged = [c.backend for c in stage.told.changes if not c.verdict.good]
    assert "s" not in charged


@pytest.mark.parametrize("limit", ["connect", "head", "first_content"])
async def test_a_limit_that_passes_while_nobody_answers_ends_in_a_refusal(limit: str) -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        for number in range(2):
            call = stage.upstream.calls[number]
            if limit == "connect":
                call.fail(Fault.CONNECT_TIMEOUT, Phase.CONNECT, Sent.NOT_SENT)
            elif limit == "head":
                call.receiver.on_phase(Phase.HEAD)
                stage.clock.advance(31)
            else:
                call.stream(ROLE)
                stage.clock.advance(121)
    assert client.status == 503
    assert client.whole


async def test_an_exchange_never_outlives_what_the_client_will_wait() -> None:
    stage = Stage()
    async with stage.exchange(chat(timeout=Seconds(20.0))) as client:
        stage.clock.advance(15)
        stage.upstream.calls[0].fail(Fault.RESET)
        stage.upstream.calls[1].receiver.on_phase(Phase.HEAD)
        stage.clock.advance(4.9)
        assert not client.over
        stage.clock.advance(0.2)
    assert client.status == 504
    assert stage.upstream.calls[1].cancelled


async def test_a_wait_that_the_client_cut_short_counts_as_long_as_it_was() -> None:
    stage = Stage(fleet((Target(backend=backend("p")),), patience=Seconds(5.0)))
    running = asyncio.ensure_future(
        stage.run(chat(), Bytes(), RecordingClient(), stage.fleet, "id")
    )
    await asyncio.sleep(0)
    for step in WAITING:
        step(stage)
    running.cancel()
    await asyncio.wait([running])
    assert stage.record.waited == 1.0
