"""The handle on an attempt: pausing, cancelling and finishing, from outside and from inside."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from proxy.exchange import Call
from proxy.model import Ending, Head, Phase
from proxy.wire import attempt as room
from tests.wire.peer import (
    CHUNKED,
    LIMIT,
    OK,
    Line,
    Peer,
    Told,
    always,
    backend,
    once,
    order,
    silent,
    transport,
    until,
)
from tests.wire.pipe import Scene
from tests.wire.tls import server

STREAM = CHUNKED + b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


@pytest.mark.parametrize("tls", [False, True])
async def test_a_paused_attempt_stops_reading_and_goes_on(ca: str, tls: bool) -> None:
    sent = 0

    async def script(line: Line) -> None:
        nonlocal sent
        await line.request()
        await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n")
        for _ in range(200):
            await line.send(b"x" * 100_000)
            sent += 100_000
        await line.gone()

    async with Peer(script, server() if tls else None) as peer, transport() as wire:
        told = Told()
        call = wire.start(order(backend(replace(peer.url, tls=tls), ca=ca)), told)
        await told.until(lambda: told.heads)
        call.pause()
        call.pause()
        await asyncio.sleep(0.05)
        held, size = sent, len(told.body)
        await asyncio.sleep(0.02)
        assert (sent, len(told.body)) == (held, size)
        assert sent < 20_000_000
        call.resume()
        call.resume()
        await told.end()
        assert len(told.body) == 20_000_000
        assert wire.idle == 1


async def test_paused_before_it_has_a_connection_it_reads_nothing() -> None:
    async with Peer(always(OK)) as peer, transport() as wire:
        told = Told()
        call = wire.start(order(backend(peer.url)), told)
        call.pause()
        await until(lambda: peer.requests)
        await asyncio.sleep(0.01)
        assert not told.heads
        call.resume()
        assert (await told.end()).fault is None


class Inside(Told):
    """Calls back from inside what it is told."""

    def __init__(self, when: str, what: Callable[[Call], None]) -> None:
        super().__init__()
        self.call: Call | None = None
        self._when = when
        self._what = what

    def _maybe(self, name: str) -> None:
        if name == self._when and self.call is not None:
            self._what(self.call)

    def on_phase(self, phase: Phase) -> None:
        super().on_phase(phase)
        self._maybe("phase")

    def on_head(self, head: Head) -> None:
        super().on_head(head)
        self._maybe("head")

    def on_data(self, data: bytes) -> None:
        super().on_data(data)
        self._maybe("data")

    def on_end(self, ending: Ending) -> None:
        super().on_end(ending)
        self._maybe("end")


def inside(when: str, what: Callable[[Call], None]) -> tuple[Inside, Scene]:
    told = Inside(when, what)
    scene = Scene(told)
    told.call = scene.call
    return told, scene


@pytest.mark.parametrize("when", ["head", "data"])
@pytest.mark.parametrize(
    "wire", [OK, STREAM, CHUNKED + b"1\r\nx\r\nzz\r\n", CHUNKED + b"1\r\nx\r\n"]
)
def test_cancelled_from_inside_nothing_more_is_told(when: str, wire: bytes) -> None:
    told, scene = inside(when, lambda call: call.cancel())
    scene.read(wire)
    assert len(told.heads) == 1
    assert len(told.parts) == (when == "data")
    assert not told.endings
    assert scene.pipe.aborted
    assert not scene.keeper.idle


def test_cancelled_from_inside_its_end_it_keeps_its_connection() -> None:
    told, scene = inside("end", lambda call: call.cancel())
    scene.read(OK)
    assert len(told.endings) == 1
    assert scene.kept


@pytest.mark.parametrize("phase", [Phase.RESOLVE, Phase.CONNECT, Phase.HEAD])
async def test_cancelled_from_inside_a_phase(phase: Phase) -> None:
    def cancel(call: Call) -> None:
        if told.phases[-1] is phase:
            call.cancel()

    async with Peer(silent) as peer, transport() as wire:
        told = Inside("phase", cancel)
        told.call = wire.start(order(backend(peer.url)), told)
        await told.until(lambda: phase in told.phases)
        await until(lambda: not wire.open and not len(wire._tasks))
        assert told.phases[-1] is phase
        assert not told.endings


@pytest.mark.parametrize("when", ["head", "data"])
def test_paused_from_inside_a_whole_answer_leaves_a_connection_that_reads(when: str) -> None:
    told, scene = inside(when, lambda call: call.pause())
    scene.read(OK)
    assert len(told.endings) == 1
    assert scene.kept
    assert scene.pipe.reading


async def test_an_attempt_started_from_inside_the_end_may_have_the_same_connection() -> None:
    async with Peer(always(OK)) as peer, transport() as wire:
        what = order(backend(peer.url))
        second = Told()
        first = Inside("end", lambda _: None)
        first._what = lambda _: cast(None, wire.start(what, second))
        first.call = wire.start(what, first)
        assert (await second.end()).reused
        assert second.body == b"hi"
        assert len(peer.lines) == 1


async def test_a_handle_that_is_over_touches_nobody_elses_attempt() -> None:
    async with Peer(always(OK)) as peer, transport() as wire:
        what = order(backend(peer.url))
        told = Told()
        old = wire.start(what, told)
        await told.end()
        second = Told()
        wire.start(what, second)
        old.pause()
        old.resume()
        old.finish()
        old.cancel()
        assert (await second.end()).reused
        assert wire.idle == 1


# Finishing.


async def test_finished_the_rest_of_the_framing_is_waited_for() -> None:
    rest = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        await line.send(CHUNKED + b"4\r\ndone\r\n")
        await rest.wait()
        await line.send(b"3\r\nbye\r\n0\r\n\r\n")
        await line.gone()

    async with Peer(script) as peer, transport() as wire:
        told = Told()
        call = wire.start(order(backend(peer.url)), told)
        await told.until(lambda: told.parts)
        call.pause()
        call.finish()
        call.finish()
        rest.set()
        await until(lambda: wire.idle)
        assert (told.body, told.endings) == (b"done", [])


async def test_finished_but_the_framing_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "GRACE", 0.02)
    async with Peer(once(CHUNKED + b"4\r\ndone\r\n")) as peer, transport() as wire:

        async def script(line: Line) -> None:
            await line.request()
            await line.send(CHUNKED + b"4\r\ndone\r\n")
            await line.gone()

        peer._script = script
        told = Told()
        call = wire.start(order(backend(peer.url)), told)
        await told.until(lambda: told.parts)
        call.finish()
        async with asyncio.timeout(LIMIT):
            await peer.lines[0].ended
        assert wire.idle == 0
        assert not told.endings


def test_finished_from_inside_the_last_read_it_is_over_at_once() -> None:
    told, scene = inside("data", lambda call: call.finish())
    scene.read(STREAM)
    assert scene.kept
    assert not told.endings


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\n\r\ndone",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndone\r\n",
    ],
)
def test_finished_where_nothing_is_to_be_kept_it_closes_at_once(wire: bytes) -> None:
    told, scene = inside("data", lambda call: call.finish())
    scene.read(wire)
    assert scene.pipe.aborted
    assert not told.endings


async def test_finished_before_it_has_a_connection_it_is_cancelled() -> None:
    async with Peer(silent) as peer, transport() as wire:
        told = Told()
        wire.start(order(backend(peer.url)), told).finish()
        await until(lambda: not len(wire._tasks))
        assert wire.open == 0
        assert not told.endings


async def test_an_answer_that_breaks_after_the_finish_is_silent_and_closed() -> None:
    told, scene = inside("data", lambda call: call.finish())
    scene.read(CHUNKED + b"4\r\ndone\r\n", b"zz\r\n")
    assert scene.pipe.aborted
    assert not told.endings
