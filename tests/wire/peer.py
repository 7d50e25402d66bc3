"""A backend that does what a script says, and a receiver that writes down what it is told."""

import asyncio
import os
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from proxy.exchange import Order
from proxy.model import (
    Backend,
    Credential,
    CredentialKind,
    Dialect,
    Ending,
    Fleet,
    Head,
    Instant,
    Phase,
    Refusal,
    Seconds,
    Url,
)
from proxy.wire.resolver import AddressInfo
from proxy.wire.transport import Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMIT = 5.0
"""Seconds: no test waits longer for anything."""


class Line:
    """One connection as the peer sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.requests: list[bytes] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def request(self) -> bytes:
        """Read one whole request of a known length."""
        head = await self.head()
        length = re.search(rb"(?i)content-length: (\d+)", head)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        self.requests.append(head + body)
        return head + body

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Return when the other side has ended the connection, one way or another."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass

    def reset(self) -> None:
        """Have the kernel send RST instead of FIN."""
        copy = socket.socket(fileno=os.dup(self.writer.get_extra_info("socket").fileno()))
        copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        copy.close()
        self.writer.transport.abort()


Script = Callable[[Line], Awaitable[None]]


class Peer:
    """A server whose every connection plays the script, then closes."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.lines: list[Line] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def requests(self) -> list[bytes]:
        return [request for line in self.lines for request in line.requests]

    @property
    def url(self) -> Url:
        return Url(tls=False, host="127.0.0.1", port=self.port, path="/v1")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        line = Line(reader, writer)
        self.lines.append(line)
        try:
            await self._script(line)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side is gone, or the test is over
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if self._tls else writer.close()
            if not line.ended.done():
                line.ended.set_result(None)


def always(*answers: bytes) -> Script:
    """Answer each request of a connection with the next of `answers`, the last for ever."""

    async def script(line: Line) -> None:
        for number in range(1000):
            await line.request()
            await line.send(answers[min(number, len(answers) - 1)])

    return script


def once(answer: bytes) -> Script:
    """Answer one request, then close."""

    async def script(line: Line) -> None:
        await line.request()
        await line.send(answer)

    return script


async def silent(line: Line) -> None:
    """Take everything, say nothing, until the other side ends it."""
    await line.gone()


class InMemory:
    """A body in memory."""

    replayable = True
    refusal = None

    def __init__(self, data: bytes = b"{}") -> None:
        self.data: bytes | None = data
        self.size: int | None = len(data)

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.data or b""


class Flowing:
    """A body that must be iterated; `said` is the size that it claims."""

    replayable = False
    refusal: Refusal | None = None
    data: bytes | None = None

    def __init__(self, *pieces: bytes, said: int | None = None) -> None:
        self.size = said
        self.closed = False
        self.taken = 0
        self._pieces = pieces

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            for piece in self._pieces:
                self.taken += 1
                yield piece
        finally:
            self.closed = True


class Told:
    """A receiver that writes down all it is told, in order."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self.heads: list[Head] = []
        self.parts: list[bytes] = []
        self.endings: list[Ending] = []
        self._news = asyncio.Event()

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    @property
    def status(self) -> int:
        return self.heads[0].status

    @property
    def ending(self) -> Ending:
        return self.endings[0]

    def on_phase(self, phase: Phase) -> None:
        self.phases.append(phase)
        self._news.set()

    def on_head(self, head: Head) -> None:
        self.heads.append(head)
        self._news.set()

    def on_data(self, data: bytes) -> None:
        assert data
        self.parts.append(data)
        self._news.set()

    def on_end(self, ending: Ending) -> None:
        self.endings.append(ending)
        self._news.set()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something that was told makes `condition` true."""
        async with asyncio.timeout(LIMIT):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def end(self) -> Ending:
        await self.until(lambda: self.endings)
        return self.ending


def backend(url: Url, **changes: object) -> Backend:
    fields: dict[str, object] = {
        "name": "a",
        "provider": "openai",
        "dialect": Dialect.OPENAI,
        "url": url,
        "credential": Credential(kind=CredentialKind.NONE),
    }
    return Backend(**{**fields, **changes})  # type: ignore[arg-type]


def fleet(*backends: Backend) -> Fleet:
    return Fleet(backends={b.name: b for b in backends}, routes=())


def order(to: Backend, body: object = None, **changes: object) -> Order:
    fields: dict[str, object] = {
        "backend": to,
        "method": b"POST",
        "target": b"/v1/chat/completions",
        "headers": ((b"content-type", b"application/json"),),
        "body": InMemory() if body is None else body,
        "connect": Seconds(LIMIT),
        "tls": Seconds(LIMIT),
    }
    return Order(**{**fields, **changes})  # type: ignore[arg-type]


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> Instant:
        return Instant(self.at)


def unknown(host: str, port: int) -> list[AddressInfo]:
    """No test asks a real resolver."""
    raise AssertionError(host)


@asynccontextmanager
async def transport(
    now: Callable[[], Instant] | None = None,
    lookup: Callable[[str, int], list[AddressInfo]] = unknown,
) -> AsyncIterator[Transport]:
    """Make a transport, and see that nothing is left of it."""
    made = Transport(now or Time(), lookup)
    try:
        yield made
    finally:
        await made.close()
        assert made.open == 0
        assert made.idle == 0


async def exchange(wire: Transport, what: Order) -> Told:
    """Make one attempt and wait for its end."""
    told = Told()
    wire.start(what, told)
    await told.end()
    return told


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens in another task, and that no event tells."""
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
