"""Through a corporate proxy."""

import asyncio
import socket

import pytest

from proxy.model import Url
from proxy.wire.rules import MOST_HEAD
from proxy.wire.tunnel import open_tunnel
from tests.wire.peer import LIMIT, Line, Peer

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
