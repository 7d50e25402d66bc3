import asyncio
import socket

import pytest

from proxy.sim.listener import Listener


class Hello(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"hello")
        transport.close()


async def greet(listener: Listener) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    async with asyncio.timeout(5):
        data = await reader.read()
    writer.close()
    return data


async def test_a_port_opens_shuts_and_opens_again_with_its_number() -> None:
    listener = Listener("127.0.0.1", 0, None, Hello)
    with pytest.raises(ConnectionRefusedError):
        await greet(listener)
    await listener.open()
    assert await greet(listener) == b"hello"
    listener.shut()
    with pytest.raises(ConnectionRefusedError):
        await greet(listener)
    await listener.open()
    assert await greet(listener) == b"hello"
    listener.close()


async def test_it_listens_before_it_serves() -> None:
    listener = Listener("127.0.0.1", 0, None, Hello)
    serving = listener.open()
    _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.close()
    await serving
    listener.close()


async def test_shut_before_it_serves_it_stays_shut() -> None:
    listener = Listener("127.0.0.1", 0, None, Hello)
    serving = listener.open()
    listener.shut()
    await serving
    with pytest.raises(ConnectionRefusedError):
        await greet(listener)
    listener.close()


async def test_ipv6() -> None:
    listener = Listener("::1", 0, None, Hello)
    await listener.open()
    reader, writer = await asyncio.open_connection("::1", listener.port)
    assert await reader.read() == b"hello"
    writer.close()
    listener.close()


async def test_small_writes_do_not_wait() -> None:
    made: list[asyncio.BaseTransport] = []

    class Kept(Hello):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.append(transport)
            super().connection_made(transport)

    listener = Listener("127.0.0.1", 0, None, Kept)
    await listener.open()
    assert await greet(listener) == b"hello"
    sock = made[0].get_extra_info("socket")
    assert sock.proto == socket.IPPROTO_TCP
    listener.close()


async def test_many_may_wait_to_be_accepted() -> None:
    listener = Listener("127.0.0.1", 0, None, Hello)
    await listener.open()
    waiting = [socket.socket() for _ in range(200)]
    try:
        for sock in waiting:  # nothing is accepted meanwhile: the loop has no turn
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", listener.port))
        for sock in waiting:
            sock.getpeername()
    finally:
        for sock in waiting:
            sock.close()
        listener.close()
