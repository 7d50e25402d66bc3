"""A body on its way up."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from proxy.model import Ending, Fault, Phase, Refusal, Sent
from tests.wire.peer import (
    OK,
    Flowing,
    InMemory,
    Line,
    Peer,
    Told,
    always,
    backend,
    exchange,
    order,
    silent,
    transport,
    until,
)

EARLY = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"


async def test_a_body_of_known_size_goes_up_as_it_is() -> None:
    async with Peer(always(OK)) as peer, transport() as wire:
        body = Flowing(b"abc", b"", b"def", said=6)
        told = await exchange(wire, order(backend(peer.url), body))
        assert told.body == b"hi"
        assert peer.requests[0].endswith(b"Content-Length: 6\r\n\r\nabcdef")
        assert told.phases[:3] == [Phase.RESOLVE, Phase.CONNECT, Phase.WRITE]
        assert told.phases.count(Phase.WRITE) > 1, "it tells of each piece"
        assert told.phases[-1] is Phase.HEAD
        assert told.ending.bytes_out == len(peer.requests[0])
        assert body.closed
        assert wire.idle == 1


async def test_a_body_of_unknown_size_goes_up_in_chunks() -> None:
    bodies: list[bytes] = []

    async def script(line: Line) -> None:
        line.requests.append(await line.head())
        bodies.append(await line.reader.readuntil(b"\r\n0\r\n\r\n"))
        await line.send(OK)
        await line.gone()

    async with Peer(script) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url), Flowing(b"abc", b"", b"x" * 20)))
        assert bodies == [b"3\r\nabc\r\n14\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n"]
        assert b"\r\nTransfer-Encoding: chunked\r\n" in peer.requests[0]
        assert told.ending.bytes_out == len(peer.requests[0]) + len(bodies[0])
        assert wire.idle == 1


async def test_a_large_body_waits_for_a_slow_peer() -> None:
    go = asyncio.Event()

    async def script(line: Line) -> None:
        await go.wait()
        await line.request()
        await line.send(OK)

    pieces = [bytes([n]) * 65536 for n in range(256)]
    body = Flowing(*pieces, said=256 * 65536)
    async with Peer(script) as peer, transport() as wire:
        told = Told()
        wire.start(order(backend(peer.url), body), told)
        await told.until(lambda: Phase.WRITE in told.phases)
        await asyncio.sleep(0.05)
        held = body.taken
        await asyncio.sleep(0.02)
        assert body.taken == held < 256
        go.set()
        assert (await told.end()).fault is None
        assert peer.requests[0].endswith(b"".join(pieces))


@pytest.mark.parametrize("stays", [True, False])
@pytest.mark.parametrize("size", [20_000_000, None])
async def test_an_early_answer_stops_the_upload_and_costs_the_connection(
    size: int | None, stays: bool
) -> None:
    async def script(line: Line) -> None:
        await line.head()
        await line.send(EARLY)
        if stays:
            await line.gone()

    piece = b"x" * 100_000
    body = Flowing(*[piece] * 200, said=size)
    async with Peer(script) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url), body))
        assert (told.status, told.body) == (413, b"big")
        assert told.ending.fault is None
        assert told.ending.phase is Phase.END
        assert told.phases[-1] is Phase.WRITE
        await until(lambda: body.closed)
        assert body.taken < 200
        assert wire.idle == 0
        again = await exchange(wire, order(backend(peer.url), Flowing(*[piece] * 200)))
        assert again.status == 413
        assert again.ending.reused is False


async def test_an_early_answer_to_a_large_body_in_memory_costs_the_connection_too() -> None:
    async def script(line: Line) -> None:
        await line.head()
        await line.send(EARLY)
        await line.gone()

    async with Peer(script) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url), InMemory(b"x" * 20_000_000)))
        assert (told.status, told.body, told.ending.fault) == (413, b"big", None)
        assert wire.idle == 0


async def test_an_early_head_is_told_while_its_body_is_still_coming() -> None:
    rest = asyncio.Event()

    async def script(line: Line) -> None:
        await line.head()
        await line.send(EARLY[:-3])
        await rest.wait()
        await line.send(EARLY[-3:])

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0)

    body = Flowing()
    body.chunks = endless  # type: ignore[method-assign]
    async with Peer(script) as peer, transport() as wire:
        told = Told()
        wire.start(order(backend(peer.url), body), told)
        await told.until(lambda: told.heads)
        assert told.status == 413
        rest.set()
        assert (await told.end()).fault is None


@pytest.mark.parametrize(("pieces", "said"), [((b"abc",), 5), ((b"abc", b"defg"), 5)])
async def test_a_body_that_lies_about_its_size_is_our_own_fault(
    pieces: tuple[bytes, ...], said: int
) -> None:
    async with Peer(silent) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url), Flowing(*pieces, said=said)))
        assert told.ending.fault is Fault.LOCAL
        assert told.ending.phase is Phase.WRITE
        assert told.ending.sent is Sent.MAYBE_SENT
        await peer.lines[0].ended
        assert wire.open == 0


async def test_a_store_that_fails_is_our_own_fault() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise OSError(28, "No space left on device")

    body = Flowing()
    body.chunks = broken  # type: ignore[method-assign]
    async with Peer(silent) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url), body))
        assert (told.ending.fault, told.ending.detail) == (Fault.LOCAL, "ENOSPC")


async def test_a_client_that_does_not_deliver_is_told_as_that() -> None:
    body = Flowing()

    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        body.refusal = Refusal(status=413, code="body_too_large", message="secret")
        raise OSError("secret")

    body.chunks = broken  # type: ignore[method-assign]
    async with Peer(silent) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url), body))
        assert (told.ending.fault, told.ending.detail) == (Fault.UPLOAD, "")
        await peer.lines[0].ended


async def test_a_bug_in_the_store_is_told_and_reported() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise ValueError("secret")

    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    body = Flowing()
    body.chunks = broken  # type: ignore[method-assign]
    async with Peer(silent) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url), body))
        assert (told.ending.fault, told.ending.detail) == (Fault.LOCAL, "ValueError")
        assert len(reported) == 1


async def test_a_peer_that_breaks_off_ends_the_upload() -> None:
    async def script(line: Line) -> None:
        await line.head()
        line.reset()

    body = Flowing(*[b"x" * 100_000] * 200)
    async with Peer(script) as peer, transport() as wire:
        ending: Ending = (await exchange(wire, order(backend(peer.url), body))).ending
        assert (ending.fault, ending.phase) == (Fault.RESET, Phase.WRITE)
        assert ending.sent is Sent.MAYBE_SENT
        assert ending.bytes_in == 0
        await until(lambda: body.closed)


async def test_cancelling_ends_the_upload() -> None:
    body = Flowing(*[b"x" * 100_000] * 200)
    async with Peer(silent) as peer, transport() as wire:
        told = Told()
        call = wire.start(order(backend(peer.url), body), told)
        await told.until(lambda: Phase.WRITE in told.phases)
        call.cancel()
        await peer.lines[0].ended
        assert body.closed or body.taken == 0
        assert not told.endings
