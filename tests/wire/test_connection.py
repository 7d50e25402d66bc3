"""What a connection does with bytes and ends, asked for or not."""

import asyncio
import os
import socket
from dataclasses import replace
from typing import Any

import pytest

from proxy.model import Fault, Phase, Sent
from proxy.wire.connection import Connection
from proxy.wire.dial import Dialer
from tests.wire.peer import (
    LIMIT,
    OK,
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
from tests.wire.tls import secure, server

UNTIL_EOF = b"HTTP/1.1 200 OK\r\n\r\nwhole"


def cut(line: Line) -> None:
    """End the TCP connection under TLS, without a word."""
    copy = socket.socket(fileno=os.dup(line.writer.get_extra_info("socket").fileno()))
    copy.shutdown(socket.SHUT_RDWR)
    copy.close()


@pytest.mark.parametrize("tail", [b"HTTP/1.1 200 OK\r\n\r\n", b"\r\n", b"x", b""])
async def test_bytes_or_an_end_while_it_waits_close_it(tail: bytes) -> None:
    go = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        await line.send(OK)
        await go.wait()
        if tail:
            await line.send(tail)
            await line.gone()

    async with Peer(script) as peer, transport() as wire:
        await exchange(wire, order(backend(peer.url)))
        assert wire.idle == 1
        go.set()
        await peer.lines[0].ended
        await until(lambda: not wire.open)
        assert wire.idle == 0


async def test_an_answer_that_comes_before_the_question_is_nobodys() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
        await line.gone()

    async with Peer(script) as peer, transport() as wire:
        for _ in range(3):
            told = await exchange(wire, order(backend(peer.url)))
            assert (told.body, told.ending.reused) == (b"hi", False)
        assert len(peer.lines) == 3


async def test_an_answer_may_end_with_its_connection() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(UNTIL_EOF)

    async with Peer(script) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url)))
        assert (told.body, told.ending.fault, told.ending.phase) == (b"whole", None, Phase.END)
        assert wire.idle == 0


async def test_a_reset_is_never_an_end() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(UNTIL_EOF)
        line.reset()

    async with Peer(script) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url)))
        assert told.ending.fault is Fault.RESET


@pytest.mark.parametrize("farewell", [True, False])
async def test_over_tls_an_end_counts_only_with_a_farewell(ca: str, farewell: bool) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(UNTIL_EOF)
        if farewell:
            line.writer.close()
        else:
            cut(line)
        await line.gone()

    async with Peer(script, server()) as peer, transport() as wire:
        to = backend(secure(peer), ca=ca)
        told = await exchange(wire, order(to))
        assert told.body == b"whole"
        if farewell:
            assert (told.ending.fault, told.ending.phase) == (None, Phase.END)
        else:
            assert (told.ending.fault, told.ending.phase) == (Fault.EOF, Phase.CONTENT)


async def test_garbage_under_tls_is_a_broken_connection(ca: str) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(UNTIL_EOF)
        copy = socket.socket(fileno=os.dup(line.writer.get_extra_info("socket").fileno()))
        copy.send(b"\x17\x03\x03\x00\x20" + b"garbage!" * 4)
        copy.close()
        await line.gone()

    async with Peer(script, server()) as peer, transport() as wire:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        to = backend(secure(peer), ca=ca)
        told = await exchange(wire, order(to))
        assert told.ending.fault is Fault.RESET
        assert wire.open == 0 or wire.idle == 0


@pytest.mark.parametrize("tls", [False, True])
async def test_an_answer_is_not_lost_with_the_write_that_fails(ca: str, tls: bool) -> None:
    async def script(line: Line) -> None:
        await line.head()
        await paused.wait()
        await line.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        line.reset()

    paused = asyncio.Event()
    async with Peer(script, server() if tls else None) as peer, transport() as wire:
        told = Told()
        call = wire.start(order(backend(replace(peer.url, tls=tls), ca=ca)), told)
        await told.until(lambda: Phase.HEAD in told.phases)
        call.pause()
        paused.set()
        await until(lambda: peer.lines)
        await peer.lines[0].ended
        while not told.endings:
            for made in wire._connections:  # under TLS the loop has read the reset by now
                made.transport.write(b"x")
            await asyncio.sleep(0)
        if tls:
            assert (told.heads, told.ending.fault) == ([], Fault.RESET)
        else:
            assert (told.status, told.body, told.ending.fault) == (413, b"big", None)
        assert wire.idle == 0


async def test_one_that_is_gone_before_its_first_use_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def dial(*arguments: Any) -> Connection:
        made = await original(*arguments)
        assert isinstance(made, Connection)
        made.data_received(b"220 mail.example ESMTP\r\n")
        return made

    original = Dialer.dial
    monkeypatch.setattr(Dialer, "dial", dial)
    async with Peer(silent) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url)))
        assert (told.ending.fault, told.ending.sent) == (Fault.EOF, Sent.NOT_SENT)
        assert told.ending.phase is Phase.CONNECT
        await peer.lines[0].ended
        assert wire.open == 0


async def test_a_peer_that_hangs_up_at_once_is_told_whenever_it_happens() -> None:
    async def script(line: Line) -> None:
        line.writer.close()

    async with Peer(script) as peer, transport() as wire:
        for _ in range(20):
            told = await exchange(wire, order(backend(peer.url)))
            assert told.ending.fault in {Fault.EOF, Fault.RESET}
        await until(lambda: not wire.open)


async def test_a_parser_goes_with_its_connection() -> None:
    async with Peer(always(OK)) as peer, transport() as wire:
        await exchange(wire, order(backend(peer.url)))
        (made,) = wire._connections
        made.close()
        await until(lambda: not wire.open)
        assert not hasattr(made.answer, "_parser")


async def test_writers_wait_for_a_peer_that_is_slow() -> None:
    take = asyncio.Event()

    async def script(line: Line) -> None:
        await take.wait()
        await line.gone()

    async with Peer(script) as peer, transport() as wire:
        told = Told()
        call = wire.start(order(backend(peer.url)), told)
        await told.until(lambda: Phase.HEAD in told.phases)
        (made,) = wire._connections
        await made.writable()
        made.transport.write(b"x" * 30_000_000)
        waiting = asyncio.ensure_future(made.writable())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        take.set()
        async with asyncio.timeout(LIMIT):
            await waiting
        call.cancel()
        never = asyncio.ensure_future(made.writable())
        await until(lambda: not wire.open)
        assert not never.done()
        never.cancel()
