"""The whole wire, over real sockets."""

import asyncio
import threading
from dataclasses import replace

import pytest

from proxy.model import Credential, CredentialKind, Fault, Instant, Phase, Secret, Sent
from proxy.wire import pool as pool_room
from proxy.wire import transport as room
from proxy.wire.pool import IDLE
from proxy.wire.resolver import AddressInfo
from tests.wire.peer import (
    CHUNKED,
    LIMIT,
    OK,
    Flowing,
    InMemory,
    Line,
    Peer,
    Time,
    Told,
    always,
    backend,
    exchange,
    fleet,
    once,
    order,
    silent,
    transport,
    until,
)


async def test_with_a_connection_at_hand_an_attempt_starts_in_one_call() -> None:
    async with Peer(always(OK)) as peer, transport() as wire:
        what = order(backend(peer.url))
        await exchange(wire, what)
        told = Told()
        wire.start(what, told)
        assert told.phases == [Phase.HEAD]
        assert len(wire._tasks) == 0
        ending = await told.end()
        assert ending.reused
        assert told.heads[0].reused
        assert len(peer.lines) == 1
        assert peer.requests == [peer.requests[0]] * 2


async def test_the_connection_that_served_last_serves_next() -> None:
    async def script(line: Line) -> None:
        number = len(peer.lines)
        while True:
            await line.request()
            await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)

    async with Peer(script) as peer, transport() as wire:
        what = order(backend(peer.url))
        told = [Told() for _ in range(3)]
        for each in told:
            wire.start(what, each)
        for each in told:
            await each.end()
        assert wire.idle == 3
        again = [(await exchange(wire, what)).body for _ in range(3)]
        assert len(set(again)) == 1
        assert len(peer.lines) == 3


async def test_a_fresh_connection_can_be_demanded() -> None:
    async with Peer(always(OK)) as peer, transport() as wire:
        what = order(backend(peer.url))
        await exchange(wire, what)
        told = await exchange(wire, replace(what, fresh=True))
        assert not told.ending.reused
        assert (len(peer.lines), wire.idle) == (2, 2)


@pytest.mark.parametrize("reset", [True, False])
async def test_a_stale_connection_is_told_as_what_it_is_and_nothing_is_repeated(
    reset: bool,
) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(OK)
        await line.request()
        if reset:
            line.reset()

    async with Peer(script) as peer, transport() as wire:
        what = order(backend(peer.url))
        await exchange(wire, what)
        ending = (await exchange(wire, what)).ending
        assert ending.reused
        assert ending.bytes_in == 0
        assert ending.fault is (Fault.RESET if reset else Fault.EOF)
        assert (ending.phase, ending.sent) == (Phase.HEAD, Sent.MAYBE_SENT)
        assert len(peer.requests) == 2
        assert (await exchange(wire, replace(what, fresh=True))).body == b"hi"


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"DELETE", b"OPTIONS"])
async def test_no_method_is_repeated_in_secret(method: bytes) -> None:
    async def script(line: Line) -> None:
        await line.request()
        line.reset()

    async with Peer(script) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url), InMemory(b""), method=method))
        assert told.ending.fault is Fault.RESET
        assert len(peer.requests) == 1


async def test_a_connection_that_waited_too_long_is_not_used() -> None:
    clock = Time()
    async with Peer(always(OK)) as peer, transport(clock) as wire:
        what = order(backend(peer.url))
        await exchange(wire, what)
        clock.at += IDLE
        assert not (await exchange(wire, what)).ending.reused
        await peer.lines[0].ended


async def test_what_waits_too_long_is_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (room, pool_room):
        monkeypatch.setattr(module, "IDLE", 0.05)
    now = asyncio.get_running_loop().time
    async with Peer(always(OK)) as peer, transport(lambda: Instant(now())) as wire:
        for pause in (0.0, 0.02):
            await asyncio.sleep(pause)
            told = await exchange(wire, order(backend(peer.url), fresh=True))
            assert told.ending.fault is None
        assert wire.idle == 2
        for line in peer.lines:
            await line.ended
        await until(lambda: not wire.open)
        await exchange(wire, order(backend(peer.url)))
        assert wire.idle == 1


@pytest.mark.parametrize(
    "change",
    [{"target": b"/a b"}, {"method": b"GET\r\n"}, {"headers": ((b"a", b"b\r\nc: d"),)}],
)
async def test_an_order_that_would_break_its_lines_is_refused_later(
    change: dict[str, object],
) -> None:
    async with Peer(silent) as peer, transport() as wire:
        told = Told()
        wire.start(order(backend(peer.url), **change), told)
        assert not told.endings
        ending = await told.end()
        assert (ending.fault, ending.sent) == (Fault.PROTOCOL, Sent.NOT_SENT)
        assert not peer.lines
        told = Told()
        wire.start(order(backend(peer.url), **change), told).cancel()
        await asyncio.sleep(0)
        assert not told.endings


async def test_answers_without_a_body() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        await line.gone()

    async with Peer(script) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url), InMemory(b""), method=b"HEAD"))
        assert (told.status, told.body, told.ending.fault) == (200, b"", None)
        assert wire.idle == 0


SMUGGLED = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled"
HOSTILE = [
    OK + SMUGGLED,
    OK + b"\r\n\r\n" + SMUGGLED,
    b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 50\r\n\r\nhi" + SMUGGLED,
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + SMUGGLED,
    b"HTTP/1.1 103 Early\r\n\r\n" * 1000,
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 64 * 1024 + b"\r\nContent-Length: 2\r\n\r\nhi",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"Content-Length: 2\r\n\r\nhi",
    CHUNKED + b"2\r\nhi\r\n0\r\nX: " + b"y" * 64 * 1024 + b"\r\n\r\n",
    CHUNKED + b"2;" + b"y" * 600 * 1024,
    b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\nhi",
    b"\x15\x03\x01\x00\x02\x02\x46",
    b"<html><h1>502 Bad Gateway</h1></html>",
]


@pytest.mark.parametrize("answer", HOSTILE, ids=lambda answer: answer[:60])
async def test_a_hostile_answer_never_reaches_the_next_request(answer: bytes) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(answer if len(peer.lines) == 1 else OK)
        await line.gone()

    async with Peer(script) as peer, transport() as wire:
        what = order(backend(peer.url))
        first = await exchange(wire, what)
        assert first.ending.fault in {None, Fault.PROTOCOL}
        assert b"smuggled" not in first.body
        second = await exchange(wire, what)
        assert (second.body, second.ending.fault, second.ending.reused) == (b"hi", None, False)


async def test_a_large_head_within_the_limits_passes() -> None:
    fields = b"".join(b"X-%d: %b\r\n" % (n, b"y" * 180) for n in range(150))
    answer = b"HTTP/1.1 200 OK\r\n" + fields + b"Big: " + b"z" * 3000 + OK[15:]
    async with Peer(always(answer)) as peer, transport() as wire:
        for _ in range(2):
            told = await exchange(wire, order(backend(peer.url)))
            assert told.body == b"hi"
            assert len(told.heads[0].headers) == 152
        assert len(peer.lines) == 1


# Tables that change.


async def test_a_new_table_closes_what_it_does_not_have() -> None:
    async with Peer(always(OK)) as peer, Peer(always(OK)) as other, transport() as wire:
        old = backend(
            peer.url, credential=Credential(kind=CredentialKind.OWN, secret=Secret("old"))
        )
        kept = backend(other.url, name="b")
        vault = backend(replace(other.url, tls=True), name="c", ca="none.pem")
        wire.adopt(fleet(old, kept, vault))
        for each in (old, kept):
            await exchange(wire, order(each))
        assert wire.idle == 2
        new = replace(old, credential=Credential(kind=CredentialKind.OWN, secret=Secret("new")))
        wire.adopt(fleet(new, kept))
        await peer.lines[0].ended
        assert wire.idle == 1
        assert (await exchange(wire, order(kept))).ending.reused
        assert not (await exchange(wire, order(new))).ending.reused
        late = await exchange(wire, order(old))
        assert late.ending.fault is None
        assert wire.idle == 2


async def test_what_is_in_use_ends_on_the_old_table() -> None:
    go = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        await line.send(CHUNKED + b"3\r\none\r\n")
        await go.wait()
        await line.send(b"3\r\ntwo\r\n0\r\n\r\n")
        await line.gone()

    async with Peer(script) as peer, transport() as wire:
        told = Told()
        wire.start(order(backend(peer.url)), told)
        await told.until(lambda: told.parts)
        wire.adopt(fleet())
        go.set()
        assert (await told.end()).fault is None
        assert told.body == b"onetwo"
        assert wire.idle == 0


# Closing.


async def test_closing_ends_everything_and_tells_it() -> None:
    started, release = threading.Event(), threading.Event()

    def lookup(host: str, port: int) -> list[AddressInfo]:
        started.set()
        release.wait(LIMIT)
        return []

    async with Peer(silent) as peer, Peer(always(OK)) as good:
        async with transport(lookup=lookup) as wire:
            resolving, asking, uploading = told = [Told() for _ in range(3)]
            await exchange(wire, order(backend(good.url, name="good")))
            name = replace(peer.url, host="api.example")
            wire.start(order(backend(name)), resolving)
            wire.start(order(backend(peer.url)), asking)
            body = Flowing(*[b"x" * 100_000] * 300)
            wire.start(order(backend(peer.url), body), uploading)
            await asking.until(lambda: Phase.HEAD in asking.phases)
            await uploading.until(lambda: Phase.WRITE in uploading.phases)
            await until(started.is_set)
            barely = Told()
            wire.start(order(backend(peer.url)), barely)
            await wire.close()
            for each in (*told, barely):
                assert len(each.endings) == 1
                assert (each.ending.fault, each.ending.detail) == (Fault.LOCAL, "shutting down")
            assert (wire.open, wire.idle, len(wire._tasks)) == (0, 0, 0)
            late = await exchange(wire, order(backend(peer.url)))
            assert late.ending.fault is Fault.LOCAL
            release.set()
        for line in (*peer.lines, *good.lines):
            await line.ended


async def test_closing_twice_is_closing() -> None:
    async with transport() as wire:
        await wire.close()


async def test_a_peer_that_closes_after_every_answer() -> None:
    async with Peer(once(OK)) as peer, transport() as wire:
        what = order(backend(peer.url))
        for _ in range(5):
            told = await exchange(wire, what)
            await peer.lines[-1].ended
            await until(lambda: not wire.open)
            assert told.ending.fault is None
        assert len(peer.lines) == 5
