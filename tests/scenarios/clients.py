"""Apps: a client that writes bytes, and a wire-tap for those whose sockets are an SDK's own.

Both let a `Crossing` read everything, so that one checker judges them alike.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from typing import cast

from tests.scenarios.crossing import Call, Crossing, End

RESET = struct.pack("ii", 1, 0)
CHAT = "/v1/chat/completions"


class Client(asyncio.Protocol):
    """One connection of an app, which asks one thing after the other."""

    def __init__(self, calls: list[Call]) -> None:
        self._crossing = Crossing(calls)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._news = asyncio.Event()
        self._gone = False

    async def connect(self, host: str, port: int, *, window: int | None = None) -> "Client":
        """Open the connection; with a `window` the kernel keeps no more than that unread."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if window is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.setblocking(False)
        await self._loop.sock_connect(sock, (host, port))
        await self._loop.create_connection(lambda: self, sock=sock)
        return self

    @property
    def usable(self) -> bool:
        """Whether it may ask once more."""
        return not self._gone and not self._crossing.busy

    def send(self, data: bytes) -> Call:
        """Write the bytes of a request, or of a part of one."""
        assert self._transport is not None
        self._crossing.up(data, self._loop.time())
        self._transport.write(data)
        call = self._crossing.call
        assert call is not None
        return call

    async def answer(self, call: Call) -> Call:
        """Wait until a call has ended."""
        while call.end is None:
            await self.news()
        return call

    async def news(self) -> None:
        """Wait for the next bytes, or the end."""
        self._news.clear()
        await self._news.wait()

    def leave(self, *, reset: bool = False) -> None:
        """Go away at once."""
        if self._gone or self._transport is None:
            return
        self._gone = True
        self._crossing.left(self._loop.time())
        if reset:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort() if reset else self._transport.close()
        self._news.set()

    def stop_reading(self) -> None:
        """Let what comes lie in the kernel."""
        assert self._transport is not None
        self._transport.pause_reading()

    def go_on_reading(self) -> None:
        """Read again."""
        assert self._transport is not None
        self._transport.resume_reading()

    # asyncio's.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted: uvloop has transports of its own kind.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self._gone:
            self._crossing.down(data, self._loop.time())
            self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._gone:
            self._gone = True
            self._crossing.lost(self._loop.time())
        self._news.set()


def request(
    payload: object,
    *,
    path: str = CHAT,
    method: str = "POST",
    host: str = "127.0.0.1",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return a request's bytes; None has no body."""
    body = b"" if payload is None else json.dumps(payload).encode()
    fields = {"host": host, "content-type": "application/json", "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in (fields | dict(headers or {})).items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


class Tap:
    """A port that passes on to Faultline's, and reads along."""

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.port = 0
        self.there: tuple[str, int] = ("", 0)
        """Where it leads."""
        self.open: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Side(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End it all."""
        if self._server is not None:
            self._server.close()
        for transport in list(self.open):
            transport.abort()
        while self.open:  # noqa: ASYNC110 - a matter of loop iterations
            await asyncio.sleep(0)


class _Side(asyncio.Protocol):
    """One side of a tapped connection; the app's side makes the other."""

    transport: asyncio.Transport

    def __init__(self, tap: Tap, other: "_Side | None" = None) -> None:
        self._tap = tap
        self._loop = asyncio.get_running_loop()
        self._apps = other is None
        self._crossing: Crossing = Crossing(tap.calls) if other is None else other._crossing
        self._other = other
        self._early = bytearray()
        """What came before the other side was there."""
        self._dialling: asyncio.Task[None] | None = None

    async def _dial(self) -> None:
        _, other = await self._loop.create_connection(
            lambda: _Side(self._tap, self), *self._tap.there
        )
        other.transport.write(bytes(self._early))
        self._other = other

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted: uvloop has transports of its own kind.
        self.transport = cast("asyncio.Transport", transport)
        self._tap.open.add(self.transport)
        if self._apps:
            self._dialling = self._loop.create_task(self._dial())

    def data_received(self, data: bytes) -> None:
        take = self._crossing.up if self._apps else self._crossing.down
        take(data, self._loop.time())
        if self._other is None:
            self._early += data
        else:
            self._other.transport.write(data)

    def eof_received(self) -> bool:
        self._note_end()
        if self._other is not None and self._other.transport.can_write_eof():
            self._other.transport.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._tap.open.discard(self.transport)
        self._note_end()
        if self._dialling is not None and not self._dialling.done():
            self._dialling.cancel()
        if self._other is not None:
            ending = self._other.transport.close if exc is None else self._other.transport.abort
            ending()

    def pause_writing(self) -> None:
        if self._other is not None:
            self._other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self._other is not None:
            self._other.transport.resume_reading()

    def _note_end(self) -> None:
        note = self._crossing.left if self._apps else self._crossing.lost
        note(self._loop.time())


__all__ = ["CHAT", "Call", "Client", "End", "Tap", "request"]
