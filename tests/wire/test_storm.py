"""Many at once: cancelled, broken, mixed up; and nothing is left."""

import asyncio
import random
import time
from contextlib import suppress

from proxy.model import Backend
from proxy.wire.transport import Transport
from tests.wire.peer import (
    CHUNKED,
    LIMIT,
    OK,
    Flowing,
    InMemory,
    Line,
    Peer,
    Script,
    Told,
    always,
    backend,
    order,
    transport,
    until,
)
from tests.wire.tls import secure, server


async def test_two_hundred_cancelled_streams_are_closed_within_50_ms() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(CHUNKED + b"3\r\none\r\n")
        await line.gone()
        gone.put_nowait(time.monotonic())

    gone: asyncio.Queue[float] = asyncio.Queue()
    async with Peer(script) as peer, transport() as wire:
        told = [Told() for _ in range(200)]
        calls = [wire.start(order(backend(peer.url)), each) for each in told]
        for each in told:
            await each.until(lambda each=each: each.parts)  # type: ignore[misc]
        delays = []
        for call in calls:
            began = time.monotonic()
            call.cancel()
            delays.append(await gone.get() - began)
        assert sorted(delays)[197] < 0.05
        await until(lambda: not wire.open)


async def test_hundreds_of_attempts_at_once() -> None:
    answer = CHUNKED + b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    async with Peer(always(answer)) as peer, transport() as wire:
        what = order(backend(peer.url))
        for _ in range(3):
            told = [Told() for _ in range(100)]
            for each in told:
                wire.start(what, each)
            for each in told:
                assert (await each.end()).fault is None
                assert each.body == b"onetwo"
        assert len(peer.lines) == wire.open == wire.idle == 100


async def test_the_answer_of_one_never_reaches_another() -> None:
    async def script(line: Line) -> None:
        while True:
            request = await line.request()
            await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + request[-3:])

    async with Peer(script) as peer, transport() as wire:
        to = backend(peer.url)
        told = [Told() for _ in range(60)]
        for number, each in enumerate(told):
            call = wire.start(order(to, InMemory(b"%03d" % number)), each)
            if number % 3 == 0:
                call.cancel()
            if number % 7 == 0:
                await asyncio.sleep(0.002)
        for number, each in enumerate(told):
            if number % 3:
                await each.end()
                assert each.body == b"%03d" % number
            else:
                assert not each.endings


FATES = (
    OK,
    CHUNKED + b"3\r\none\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    OK + b"surplus",
    OK[:-1],
    CHUNKED + b"zz",
    b"junk",
    b"",
)


def stormy(chance: random.Random) -> Script:
    """Answer well or badly, then linger, reset or close."""

    async def script(line: Line) -> None:
        while chance.random() < 0.7:
            await line.request()
            await line.send(chance.choice(FATES))
        if chance.random() < 0.3:
            await line.gone()
        elif chance.random() < 0.5:
            line.reset()

    return script


async def attempt(chance: random.Random, wire: Transport, to: Backend) -> None:
    """Begin, look away for a while, do something to the handle, cancel in the end."""
    told = Told()
    body = chance.choice((InMemory(), Flowing(b"x" * 70_000, b"y", said=70_001)))
    call = wire.start(order(to, body, fresh=chance.random() < 0.1), told)
    for _ in range(chance.randrange(40)):
        await asyncio.sleep(0)
    chance.choice((call.cancel, call.finish, call.pause, call.resume))()
    with suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await told.end()
    call.cancel()


async def test_after_a_storm_nothing_is_left(ca: str) -> None:
    chance = random.Random(7)
    script = stormy(chance)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the peer's handshakes
    async with Peer(script) as peer, Peer(script, server()) as vault, transport() as wire:
        backends = (backend(peer.url), backend(secure(vault), name="b", ca=ca))
        for _ in range(10):
            some = [attempt(chance, wire, chance.choice(backends)) for _ in range(20)]
            await asyncio.gather(*some)
        await until(lambda: wire.open == wire.idle and not len(wire._tasks))
        assert not wire._dialling
        assert len(wire._pool._lanes) == 2
        await wire.close()
        async with asyncio.timeout(LIMIT):
            for line in (*peer.lines, *vault.lines):
                await line.ended
