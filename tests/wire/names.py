"""Where names and addresses lead in a test, and what becomes of an order that goes there."""

import socket
from collections.abc import Callable

from proxy.model import Ending, Seconds, Sent, Url
from proxy.wire.resolver import AddressInfo
from proxy.wire.transport import Transport
from tests.wire.peer import backend, exchange, order

SHORT = Seconds(0.05)


def plain(host: str, port: int = 80) -> Url:
    return Url(tls=False, host=host, port=port, path="/v1")


def at(address: str, port: int) -> AddressInfo:
    if ":" in address:
        return (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))


def answering(*infos: AddressInfo) -> Callable[[str, int], list[AddressInfo]]:
    return lambda _host, _port: list(infos)


def failing(error: OSError) -> Callable[[str, int], list[AddressInfo]]:
    def lookup(host: str, port: int) -> list[AddressInfo]:
        raise error

    return lookup


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


async def fate(wire: Transport, to: Url, **changes: object) -> Ending:
    limits = {key: changes.pop(key) for key in ("connect", "tls") if key in changes}
    told = await exchange(wire, order(backend(to, **changes), **limits))
    assert not told.heads
    assert told.ending.sent is Sent.NOT_SENT
    assert told.ending.bytes_out == 0
    return told.ending
