"""A bug in any call that the exchange makes: it ends, is told once, and leaves nothing behind."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from proxy.exchange import Request
from proxy.exchange.exchanges import Exchanges
from proxy.exchange.runner import Runner
from proxy.model import Ask, Fault, Phase, Rung, Seconds, Sent, Target
from tests.exchange.lines import DONE, HELLO, ROLE, STOP, WHOLE, WORLD
from tests.exchange.sabotage import Bug, Sabotage
from tests.exchange.stage import Bytes, RecordingClient, ScriptedCall, Stage, backend, chat, fleet

Step = Callable[[ScriptedCall], object]
Script = tuple[Ask, list[Step | str | float]]

BEGUN: list[Step | str | float] = [
    lambda call: call.receiver.on_phase(Phase.CONNECT),
    lambda call: call.stream(ROLE),
    lambda call: call.data(HELLO),
]
REFUSED: Step = lambda call: call.fail(Fault.REFUSED, Phase.CONNECT, Sent.NOT_SENT)  # noqa: E731
SCRIPTS: dict[str, Script] = {
    "a stream": (
        chat(stream=True),
        [*BEGUN, lambda call: call.data(WORLD), lambda call: call.data(STOP + DONE)],
    ),
    "a slow client": (
        chat(stream=True),
        [
            *BEGUN,
            "slow",
            lambda call: call.data(WORLD),
            "room",
            lambda call: call.data(STOP + DONE),
        ],
    ),
    "a stream without an end": (chat(stream=True), [*BEGUN, lambda call: call.data(STOP)]),
    "a cut stream": (chat(stream=True), [*BEGUN, lambda call: call.fail(Fault.RESET)]),
    "a stream that stalls": (chat(stream=True), BEGUN),
    "silence": (chat(stream=True), [lambda call: call.receiver.on_phase(Phase.HEAD)]),
    "an answer in one piece": (chat(), [lambda call: call.unary(WHOLE)]),
    "a client's fault": (chat(), [lambda call: call.unary(b'{"error": {}}', 400)]),
    "rerouted": (chat(), [lambda call: call.fail(Fault.RESET), lambda call: call.unary(WHOLE)]),
    "waiting": (
        chat(),
        [lambda call: call.unary(b"{}", 429, retry_after="2"), 3.0, lambda call: call.unary(WHOLE)],
    ),
    "refused": (chat(), [REFUSED, REFUSED, REFUSED, REFUSED]),
}


def lost(call: ScriptedCall) -> None:
    """Have the wire give up where nobody answers."""
    assert isinstance(call.receiver, Runner)
    if call.receiver.phase is Phase.RESOLVE:
        call.fail(Fault.CONNECT_TIMEOUT, Phase.CONNECT, Sent.NOT_SENT)


def play(stage: Stage, client: RecordingClient, step: Step | str | float) -> None:
    """Have something happen, as the loop and the wire do: a bug in it ends the connection."""
    if isinstance(step, float):
        with suppress(Bug):
            stage.clock.advance(step)
        return
    if isinstance(step, str):
        client.slow = step == "slow"
        if client.room is not None and not client.slow:
            with suppress(Bug):
                client.room()
        return
    for call in [call for call in stage.upstream.calls if call.open][-1:]:
        try:
            step(call)
        except Exception:  # noqa: BLE001 - so does the loop
            if call.open:
                with suppress(Bug):
                    call.fail(Fault.RESET)


async def sabotaged(script: Script, number: int, *, leaves: bool) -> tuple[Stage, Sabotage]:
    """Play a script in which the call of that number is broken."""
    ask, steps = script
    one, other = Target(backend=backend("p")), Target(backend=backend("s"))
    stage = Stage(fleet((one,), (other,), patience=Seconds(5.0), resume=tuple(Rung)))
    sabotage = Sabotage(stage, number)
    running = asyncio.ensure_future(
        Exchanges(sabotage.ports).run(
            Request(
                ask=ask,
                body=Bytes(),
                downstream=sabotage.downstream,
                fleet=stage.fleet,
                id="id",
            )
        )
    )
    await asyncio.sleep(0)
    for step in steps:
        play(stage, sabotage.client, step)
    if leaves:
        sabotage.client.gone = True
        running.cancel()
    for _ in range(20):  # all limits pass, the wire's own among them
        play(stage, sabotage.client, 1000.0)
        play(stage, sabotage.client, lost)
    await asyncio.wait({running}, timeout=1)
    assert running.done(), f"it hangs after {sabotage.hit}"
    if running.cancelled() or running.exception() is None:
        assert leaves or sabotage.client.over
    else:
        # The client of the stage complains where it is told twice that all is over.
        assert isinstance(running.exception(), Bug | AssertionError)
    return stage, sabotage


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_a_bug_in_any_call(script: Script, leaves: bool) -> None:
    for number in range(1, 100):
        stage, sabotage = await sabotaged(script, number, leaves=leaves)
        if not sabotage.hit:
            assert number > 5
            return
        assert not [call for call in stage.upstream.calls if call.open], sabotage.hit
        assert stage.clock.armed == 0, sabotage.hit
        assert stage.in_flight == 0, sabotage.hit
        assert len(stage.told.records) == 1, sabotage.hit
    pytest.fail("it never ends")
