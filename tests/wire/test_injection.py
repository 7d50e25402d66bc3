"""Whatever goes wrong at whichever wait of the room: it is told once, and nothing is left behind.

Every wait of every way to an answer is struck in turn (see `fuse`): by a client that leaves, by a
shutdown, by an error of the system, of TLS, of memory. Afterwards the same transport must serve the
same order well, and when it is closed there is no task, timer, connection or descriptor more than
before.
"""

import asyncio
import errno
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from threading import Thread
from typing import Any

import pytest

from proxy.edge.body import SpoolBody
from proxy.edge.spool import Spool, SpoolFile
from proxy.exchange import Call, Order
from proxy.model import Ending, Fault, Head, Phase, Url
from proxy.wire import connection as connection_room
from proxy.wire.resolver import NEGATIVE_TTL, Lookup
from proxy.wire.transport import Transport
from tests.wire.fuse import Fuse, Remains, When, is_watched
from tests.wire.names import answering, at, closed_port, plain
from tests.wire.peer import (
    LIMIT,
    OK,
    Flowing,
    Peer,
    Time,
    Told,
    always,
    backend,
    order,
    unknown,
    until,
)
from tests.wire.test_tunnel import corporate
from tests.wire.tls import secure, server

LARGE = 600_000
"""Bytes of a body that does not fit into the buffers between two sockets."""


@dataclass
class Way:
    """How an order gets to its answer."""

    order: Order
    addresses: Lookup = unknown


@asynccontextmanager
async def by_address(_: str) -> AsyncIterator[Way]:
    async with Peer(always(OK)) as peer:
        yield Way(order(backend(peer.url)))


@asynccontextmanager
async def by_name(_: str) -> AsyncIterator[Way]:
    async with Peer(always(OK)) as peer:
        lookup = answering(at("127.0.0.1", closed_port()), at("127.0.0.1", peer.port))
        yield Way(order(backend(plain("localhost"))), lookup)


@asynccontextmanager
async def over_tls(ca: str) -> AsyncIterator[Way]:
    async with Peer(always(OK), server()) as peer:
        yield Way(order(backend(secure(peer), ca=ca)))


@asynccontextmanager
async def through_a_proxy(ca: str) -> AsyncIterator[Way]:
    async with Peer(always(OK), server()) as peer, corporate(peer) as proxy:
        to = Url(tls=True, host="api.example", port=443, path="")
        yield Way(order(backend(to, ca=ca, proxy=proxy.url)))


@asynccontextmanager
async def with_a_flowing_body(_: str) -> AsyncIterator[Way]:
    async with Peer(always(OK)) as peer:
        pieces = [b"x" * (LARGE // 3)] * 3
        yield Way(order(backend(peer.url), Flowing(*pieces, said=LARGE)))


@asynccontextmanager
async def with_a_spooled_body(_: str) -> AsyncIterator[Way]:
    spool = Spool()
    file = SpoolFile(spool, None)
    await file.append(os.urandom(LARGE))
    async with Peer(always(OK)) as peer:
        yield Way(order(backend(peer.url), SpoolBody(file)))
    file.close()
    spool.close()
    assert spool.used == 0


WAYS = [
    by_address,
    by_name,
    over_tls,
    through_a_proxy,
    with_a_flowing_body,
    with_a_spooled_body,
]
Open = Callable[[str], AbstractAsyncContextManager[Way]]


class Strike:
    """One attempt in which the fuse blows, and what remains of it."""

    def __init__(self, way: Way, fuse: Fuse, told: Told | None = None) -> None:
        self.told = told or Told()
        self.fuse = fuse
        self.reported: list[str] = []
        """Failures of the wire's own tasks."""
        self._way = way
        self._clock = Time()
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._hear)

    async def run(self, doing: Callable[[Transport, Call], object] | None) -> None:
        """Make the attempt, then another that is sound, then an end."""
        with Remains() as remains:
            wire = await self._attempt(doing)
            await self._serves_again(wire)
            await wire.close()
        try:
            await until(lambda: not remains.all)
        except TimeoutError:
            pytest.fail(f"left behind: {remains.all}")

    def _hear(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "of the wire" in context["message"]:  # and not a peer's broken handshake
            self.reported.append(repr(context["exception"]))

    async def _attempt(self, doing: Callable[[Transport, Call], object] | None) -> Transport:
        fuse = self.fuse
        self._loop.set_task_factory(fuse)  # type: ignore[arg-type]
        wire = Transport(self._clock, self._way.addresses)
        try:
            call = wire.start(self._way.order, self.told)
            if doing is not None:
                fuse.act = lambda: doing(wire, call)
            await self._settle(wire)
        finally:
            self._loop.set_task_factory(None)
        return wire

    async def _settle(self, wire: Transport) -> None:
        """Wait for the end of the attempt, or of all that ran for it."""
        fuse = self.fuse
        await until(lambda: self.told.endings or (fuse.blown and not len(wire._tasks)))
        await until(lambda: all(task.done() for task in fuse.tasks))
        assert len(self.told.endings) <= 1
        await until(lambda: wire.open == wire.idle and not wire._dialling)

    async def _serves_again(self, wire: Transport) -> None:
        if wire._closed:
            return
        self._clock.at += NEGATIVE_TTL
        again = Told()
        wire.start(replace(self._way.order, fresh=True), again)
        assert (await again.end()).fault is None
        assert again.body == b"hi"


async def each_wait(
    way: Way, make: Callable[[int], Fuse], doing: Callable[[Transport, Call], object] | None = None
) -> AsyncIterator[Strike]:
    """Strike at the first wait, the second, ... until the attempt has no more of them."""
    for number in range(1, 100):
        strike = Strike(way, make(number))
        await strike.run(doing)
        if not strike.fuse.blown:
            assert strike.told.ending.fault is None
            assert number > 2
            return
        yield strike
    pytest.fail("it waits for ever")


@pytest.fixture
def _one_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a turn that is never given back be missed at once."""
    monkeypatch.setattr(connection_room, "MOST_HANDSHAKES", 1)


every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
pytestmark = pytest.mark.usefixtures("_one_handshake")


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize("leave", ["cancel", "finish"])
@every_way
async def test_a_client_that_leaves(ca: str, way: Open, when: When, leave: str) -> None:
    async with way(ca) as there:
        strikes = each_wait(there, lambda n: Fuse(n, when=when), lambda _, c: getattr(c, leave)())
        async for strike in strikes:
            assert not strike.told.endings
            assert not strike.reported
            assert all(task.cancelled() for task in strike.fuse.struck)


@pytest.mark.parametrize("when", When)
@every_way
async def test_a_shutdown(ca: str, way: Open, when: When) -> None:
    closing: list[asyncio.Task[None]] = []
    async with way(ca) as there:
        loop = asyncio.get_running_loop()
        strikes = each_wait(
            there,
            lambda n: Fuse(n, when=when),
            lambda wire, _: closing.append(loop.create_task(wire.close())),
        )
        async for strike in strikes:
            assert strike.told.ending.fault in {None, Fault.LOCAL}
            assert not strike.reported
            await closing.pop()


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, "reset"),
        OSError(errno.EMFILE, "too many open files"),
        ssl.SSLError(1, "bad record mac"),
        MemoryError(),
    ],
    ids=repr,
)
@every_way
async def test_an_error(ca: str, way: Open, error: Exception) -> None:
    async with way(ca) as there:
        async for strike in each_wait(there, lambda n: Fuse(n, error=error)):
            assert len(strike.told.endings) == 1
            assert isinstance(error, MemoryError) or not strike.reported


SEAMS: list[tuple[Open, object, str]] = [
    (by_address, socket.socket, "setblocking"),
    (by_address, socket.socket, "setsockopt"),
    (by_name, Thread, "start"),
    (by_name, None, "addresses"),
    (over_tls, ssl, "create_default_context"),
    (with_a_spooled_body, os, "pread"),
]
"""Calls of the system that wait for nothing, or in a thread, and may fail all the same. Without an
owner it is the way's own."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "x"), MemoryError()], ids=repr)
@pytest.mark.parametrize(("way", "owner", "call"), SEAMS, ids=str)
async def test_a_call_that_fails_once(
    ca: str,
    monkeypatch: pytest.MonkeyPatch,
    way: Open,
    owner: object,
    call: str,
    error: Exception,
) -> None:
    failed: list[str] = []

    def fails_once(*args: Any, **more: Any) -> Any:
        if not failed and is_watched(sys._getframe(1).f_code):
            failed.append(call)
            raise error
        return real(*args, **more)

    async with way(ca) as there:
        real = getattr(owner or there, call)
        monkeypatch.setattr(owner or there, call, fails_once)
        strike = Strike(there, Fuse(0))
        await strike.run(None)
        assert failed
        assert len(strike.told.endings) == 1


class Stumbling(Told):
    """A receiver that has a bug in its `at`-th call."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def on_phase(self, phase: Phase) -> None:
        super().on_phase(phase)
        self._stumble()

    def on_head(self, head: Head) -> None:
        super().on_head(head)
        self._stumble()

    def on_data(self, data: bytes) -> None:
        super().on_data(data)
        self._stumble()

    def on_end(self, ending: Ending) -> None:
        super().on_end(ending)
        self._stumble()

    def _stumble(self) -> None:
        self.left -= 1
        if not self.left:
            raise RuntimeError("a bug of the receiver")


@every_way
async def test_a_receiver_with_a_bug(ca: str, way: Open) -> None:
    async with way(ca) as there:
        for number in range(1, 100):
            told = Stumbling(number)
            await Strike(there, Fuse(0), told).run(None)
            assert len(told.endings) == 1
            if told.left > 0:
                assert number > 5
                return
    pytest.fail("it calls for ever")


def deaf(listening: socket.socket) -> None:
    """Shake hands, then answer nothing more, until the other side has hung up for good."""
    context = server()
    with suppress(OSError):  # the test is over
        while True:
            sock, _ = listening.accept()
            with sock, suppress(OSError):
                tls = context.wrap_socket(sock.dup(), server_side=True)
                with tls, suppress(OSError):
                    while sock.recv(4096):
                        pass


async def test_a_peer_that_never_says_farewell_holds_no_descriptor(ca: str) -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=deaf, args=(listening,), daemon=True)
        thread.start()
        to = Url(tls=True, host="127.0.0.1", port=listening.getsockname()[1], path="")
        fuse, number = Fuse(0), 0
        while fuse.blown or not number:
            number += 1
            fuse = Fuse(number)
            with Remains() as remains:
                loop.set_task_factory(fuse)  # type: ignore[arg-type]
                wire, told = Transport(Time(), unknown), Told()
                fuse.act = wire.start(order(backend(to, ca=ca)), told).cancel
                await until(lambda: Phase.HEAD in told.phases or not len(wire._tasks))  # noqa: B023 - over before the next
                loop.set_task_factory(None)
                await wire.close()
            await until(lambda: not remains.all)
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(LIMIT)
