"""An exchange that is begun by a plain call tells its end once, and leaves nothing behind."""

import asyncio
import gc
import weakref
from dataclasses import replace

import pytest

from proxy.exchange import Request
from proxy.exchange.exchange import Exchange
from proxy.exchange.exchanges import Exchanges
from proxy.model import ExchangeRecord, Fault, Fleet, Result
from tests.exchange.lines import DONE, HELLO, ROLE, STOP, WHOLE
from tests.exchange.sabotage import Bug, Sabotage
from tests.exchange.stage import Bytes, RecordingClient, Stage, chat


class Scene:
    """One exchange on a stage, and what is told of its end."""

    def __init__(self, *, stream: bool = False, table: Fleet | None = None) -> None:
        self.stage = Stage()
        self.client = RecordingClient()
        self.told: list[Exception | None] = []
        self.request = Request(
            ask=chat(stream=stream),
            body=Bytes(),
            downstream=self.client,
            fleet=self.stage.fleet if table is None else table,
            id="id",
        )

    def begin(self) -> Exchange:
        exchange = Exchanges(self.stage.ports).make(self.request, self.told.append)
        exchange.begin()
        return exchange


def test_no_loop_is_needed_and_all_is_over_with_the_last_byte() -> None:
    scene = Scene()
    scene.begin()
    assert scene.told == []
    scene.stage.upstream.calls[0].unary(WHOLE)
    assert scene.told == [None]
    assert scene.client.body == WHOLE
    scene.stage.check_nothing_is_left(scene.client)


def test_a_stream_is_over_with_its_last_event() -> None:
    scene = Scene(stream=True)
    scene.begin()
    call = scene.stage.upstream.calls[0]
    call.stream(ROLE, HELLO)
    assert scene.told == []
    call.data(STOP + DONE)
    assert scene.told == [None]
    assert scene.stage.record.result is Result.WHOLE
    scene.stage.check_nothing_is_left(scene.client)


def test_what_is_refused_at_once_is_over_before_begin_returns() -> None:
    scene = Scene(table=Fleet(backends={}, routes=()))
    scene.begin()
    assert scene.told == [None]
    assert scene.client.status == 404


def test_a_reroute_takes_its_own_turn() -> None:
    scene = Scene()
    scene.begin()
    scene.stage.upstream.calls[0].fail(Fault.RESET)
    assert scene.told == []
    scene.stage.upstream.calls[1].unary(WHOLE)
    assert scene.told == [None]
    scene.stage.check_nothing_is_left(scene.client)


@pytest.mark.parametrize("gone", [True, False])
def test_an_interruption_tells_the_end_once(gone: bool) -> None:
    scene = Scene(stream=True)
    exchange = scene.begin()
    scene.client.gone = gone
    exchange.interrupt()
    exchange.interrupt()
    assert scene.told == [None]
    assert scene.stage.record.result is (Result.CANCELLED if gone else Result.REFUSED)
    scene.stage.check_nothing_is_left(scene.client)


def test_an_interruption_after_the_end_changes_nothing() -> None:
    scene = Scene()
    exchange = scene.begin()
    scene.stage.upstream.calls[0].unary(WHOLE)
    exchange.interrupt()
    assert scene.told == [None]
    scene.stage.check_nothing_is_left(scene.client)


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_over_is_left_to_no_collector(stream: bool) -> None:
    gc.collect()
    gc.disable()
    try:
        scene = Scene(stream=stream)
        left = weakref.ref(scene.begin())
        call = scene.stage.upstream.calls.pop()
        if stream:
            call.stream(ROLE, HELLO, STOP + DONE)
        else:
            call.unary(WHOLE)
        assert scene.told == [None]
        call.__dict__.clear()  # the wire forgets its receiver, too
        assert left() is None
    finally:
        gc.enable()


def broken(record: ExchangeRecord) -> None:
    raise Bug(record.id)


@pytest.mark.parametrize("ending", ["answer", "interruption"])
def test_a_bug_is_told_with_the_end(ending: str) -> None:
    scene = Scene()
    scene.stage.told.ended = broken  # type: ignore[method-assign]
    exchange = scene.begin()
    if ending == "answer":
        scene.stage.upstream.calls[0].unary(WHOLE)
    else:
        exchange.interrupt()
    (bug,) = scene.told
    assert isinstance(bug, Bug)
    assert scene.stage.clock.armed == 0
    assert scene.stage.in_flight == 0


def test_a_bug_in_the_very_beginning_is_told_and_answered() -> None:
    scene = Scene()
    scene.stage.ports = replace(scene.stage.ports, upstream=Sabotage(scene.stage, 1).ports.upstream)
    scene.begin()
    (bug,) = scene.told
    assert isinstance(bug, Bug)
    assert scene.client.status == 500
    assert scene.stage.clock.armed == 0
    assert scene.stage.in_flight == 0


async def test_a_bug_while_a_cancelled_run_lets_go_is_raised() -> None:
    scene = Scene()
    scene.stage.told.ended = broken  # type: ignore[method-assign]
    run = asyncio.ensure_future(Exchanges(scene.stage.ports).run(scene.request))
    await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(Bug):
        await run


async def test_a_bug_between_a_cancellation_and_its_turn_is_raised() -> None:
    scene = Scene()
    run = asyncio.ensure_future(Exchanges(scene.stage.ports).run(scene.request))
    await asyncio.sleep(0)
    scene.stage.told.ended = broken  # type: ignore[method-assign]
    run.cancel()
    scene.stage.upstream.calls[0].unary(WHOLE)
    with pytest.raises(Bug):
        await run
