"""Through a corporate proxy."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.model import Fault, Phase, Url
from proxy.wire.rules import MOST_HEAD
from proxy.wire.tunnel import open_tunnel
from tests.wire.names import SHORT, answering, at, closed_port, failing, fate, plain
from tests.wire.peer import (
    LIMIT,
    OK,
    Line,
    Peer,
    always,
    backend,
    exchange,
    order,
    silent,
    transport,
)
from tests.wire.tls import server

TO = Url(tls=True, host="api.example", port=443, path="/v1")


async def opened(peer: Peer, to: Url = TO) -> str:
    with socket.socket() as sock:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", peer.port))
        async with asyncio.timeout(LIMIT):
            return await open_tunnel(sock, to)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 200 Connection established\r\n\r\n", ""),
        (b"HTTP/1.0 200 OK\r\nVia: proxy\r\n\r\n", ""),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\nsecret", "the proxy answered 407"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "the proxy answered 502"),
        (b"HTTP/1.1 200 OK\r\n\r\nsurplus", "the proxy answered 200"),
        (b"SSH-2.0\r\n\r\n", "the proxy is none"),
        (b"HTTP/1.1 200 OK\r\n", "the proxy gave no answer"),
        (b"", "the proxy gave no answer"),
        (b"x" * (MOST_HEAD + 5000), "the proxy gave no answer"),
    ],
)
async def test_only_a_clean_success_opens_it(answer: bytes, problem: str) -> None:
    async def script(line: Line) -> None:
        line.requests.append(await line.head())
        for n in range(0, len(answer), 7000):
            await line.send(answer[n : n + 7000])

    async with Peer(script) as peer:
        assert await opened(peer) == problem
        assert peer.requests == [
            b"CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n"
        ]


async def test_an_address_of_the_new_kind_stands_in_brackets() -> None:
    async def script(line: Line) -> None:
        line.requests.append(await line.head())
        await line.send(b"HTTP/1.1 200 OK\r\n\r\n")

    async with Peer(script) as peer:
        await opened(peer, Url(tls=True, host="2001:db8::1", port=8443, path=""))
        assert b"CONNECT [2001:db8::1]:8443 HTTP/1.1\r\n" in peer.requests[0]


async def test_a_proxy_that_breaks_off_is_an_error_of_the_system() -> None:
    async def script(line: Line) -> None:
        await line.head()
        line.reset()

    async with Peer(script) as peer:
        with pytest.raises(ConnectionResetError):
            await opened(peer)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def corporate(to: Peer) -> AsyncIterator[Peer]:
    """A proxy that opens every tunnel to one peer."""

    async def script(line: Line) -> None:
        line.requests.append(await line.head())
        reader, writer = await asyncio.open_connection("127.0.0.1", to.port)
        await line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(line.reader, writer))
                group.create_task(pump(reader, line.writer))
        finally:
            writer.transport.abort()

    async with Peer(script) as proxy:
        yield proxy


async def test_tls_through_a_proxy_which_sees_the_name_and_nothing_else(ca: str) -> None:
    async with (
        Peer(always(OK), server()) as peer,
        corporate(peer) as proxy,
        transport() as wire,
    ):
        to = backend(Url(tls=True, host="api.example", port=443, path=""), ca=ca, proxy=proxy.url)
        told = await exchange(wire, order(to, headers=((b"authorization", b"Bearer secret"),)))
        assert told.body == b"hi"
        assert told.phases == [Phase.RESOLVE, Phase.CONNECT, Phase.TLS, Phase.HEAD]
        assert proxy.requests == [
            b"CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n"
        ]
        assert (await exchange(wire, order(to))).ending.reused


async def test_plain_through_a_proxy() -> None:
    async with Peer(always(OK)) as peer, corporate(peer) as proxy, transport() as wire:
        to = backend(plain("api.example", 8000), proxy=proxy.url)
        assert (await exchange(wire, order(to))).body == b"hi"
        assert peer.requests[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\nHost: api")


async def test_a_proxy_that_refuses() -> None:
    async def script(line: Line) -> None:
        await line.head()
        await line.send(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        await line.gone()

    async with Peer(script) as proxy, transport() as wire:
        ending = await fate(wire, plain("api.example"), proxy=proxy.url)
        assert (ending.phase, ending.fault) == (Phase.CONNECT, Fault.PROXY_REFUSED)
        assert ending.detail == "the proxy answered 407"
        await proxy.lines[0].ended


async def test_a_proxy_that_is_gone_is_not_the_backends_fault() -> None:
    async with transport() as wire:
        to = plain("api.example")
        ending = await fate(wire, to, proxy=plain("127.0.0.1", closed_port()))
        assert (ending.fault, ending.detail) == (Fault.PROXY_REFUSED, "ECONNREFUSED")
    async with transport(lookup=failing(socket.gaierror(socket.EAI_NONAME, "x"))) as wire:
        ending = await fate(wire, to, proxy=plain("proxy.corp"))
        assert (ending.phase, ending.fault) == (Phase.RESOLVE, Fault.PROXY_REFUSED)


async def test_a_proxy_that_says_nothing_meets_the_limit() -> None:
    async with Peer(silent) as proxy, transport() as wire:
        ending = await fate(wire, plain("api.example"), proxy=proxy.url, connect=SHORT)
        assert (ending.phase, ending.fault) == (Phase.CONNECT, Fault.CONNECT_TIMEOUT)
        await proxy.lines[0].ended


async def test_a_proxy_may_live_at_a_private_address() -> None:
    async with (
        Peer(always(OK)) as peer,
        corporate(peer) as proxy,
        transport(lookup=answering(at("127.0.0.1", proxy.port))) as wire,
    ):
        to = backend(plain("api.example"), proxy=plain("proxy.corp", proxy.port))
        assert (await exchange(wire, order(to))).body == b"hi"
