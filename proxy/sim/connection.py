"""One connection to a simulated provider: reads requests as they come, plays behaviours.

It knows sockets and steps. It must never know why a behaviour was planned, nor a dialect.
"""

import asyncio
import hashlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Protocol, assert_never

from proxy.exchange import Clock
from proxy.model import Instant, header
from proxy.sim.behaviour import Behaviour, Close, Reset, Silence, Step, Wait
from proxy.sim.framing import body_length, parse_head
from proxy.sim.seen import Seen

READ = 64 * 1024
HEAD_LIMIT = 256 * 1024
NO_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST instead of FIN."""


class Host(Protocol):
    """What a connection asks of the provider that it belongs to."""

    @property
    def clock(self) -> Clock:
        """The time that waits and the log go by."""

    @property
    def keep(self) -> int:
        """How many bytes of a body that is not JSON stay in the log."""

    @property
    def keep_alive(self) -> float | None:
        """How long an idle connection stays open, in seconds."""

    def made(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "Connection":
        """Take a new connection in, and serve it."""

    def at_connect(self) -> Behaviour | None:
        """Return what meets a connection before it is read, if anything does."""

    def begin(self, seen: Seen) -> Behaviour | None:
        """Take a request into the log; return what meets it before its body is read, if any."""

    def choose(self, seen: Seen) -> Behaviour:
        """Return what meets a whole request."""

    def steps(self, behaviour: Behaviour, seen: Seen) -> Iterator[Step]:
        """Begin a behaviour."""

    def end(self) -> None:
        """Hear that a request's behaviour is over, however it ended."""

    def lost(self, connection: "Connection") -> None:
        """Hear that the connection is no more."""


class Connection:
    """One accepted connection; `serve` runs until it is over."""

    def __init__(
        self, host: Host, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._host = host
        self._number = number
        self._reader = reader
        self._writer = writer
        self._gone = False
        self._ours = False
        self._wake: Callable[[], None] | None = None
        self._seen: Seen | None = None

    async def serve(self) -> None:
        """Answer requests until one side ends the connection."""
        try:
            index = 0
            if await self._meet():
                while await self._exchange(index):
                    index += 1
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass  # over: the log says how far it came
        finally:
            self._ours = True
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()

    def abort(self) -> None:
        """End it at once with a reset."""
        self._ours = True
        sock = self._writer.get_extra_info("socket")
        if sock is not None:  # uvloop's TLS has none any more once it is closed
            with suppress(OSError):  # it may be closed already
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._writer.transport.abort()

    def left(self) -> None:
        """Hear at once that the peer has closed its side, or that all is over."""
        if self._gone:
            return
        self._gone = True
        if self._seen is not None and not self._ours:
            self._seen.peer_closed = self._host.clock.now()
        if self._wake is not None:
            self._wake()

    async def _meet(self) -> bool:
        behaviour = self._host.at_connect()
        if behaviour is None:
            return True
        return await self._play(behaviour, Seen(at=self._host.clock.now(), connection=self._number))

    async def _exchange(self, index: int) -> bool:
        seen = self._seen = await self._read_head(index)
        early = self._host.begin(seen)
        try:
            if early is None:
                await self._read_body(seen)
                alive = await self._play(self._host.choose(seen), seen)
            else:
                alive = await self._play(early, seen)
                if alive:
                    await self._read_body(seen)
        finally:
            seen.ended = self._host.clock.now()
            seen.trim(self._host.keep)
            self._host.end()
        return alive and (header(seen.headers, b"connection") or b"").lower() != b"close"

    async def _read_head(self, index: int) -> Seen:
        async with asyncio.timeout(self._host.keep_alive if index else None):
            raw = await self._reader.readuntil(b"\r\n\r\n")
        try:
            method, target, headers = parse_head(raw)
        except ValueError as error:
            raise ConnectionError("the peer does not speak HTTP") from error
        return Seen(
            at=self._host.clock.now(),
            connection=self._number,
            index=index,
            method=method,
            target=target,
            headers=headers,
        )

    async def _read_body(self, seen: Seen) -> None:
        json = b"json" in (header(seen.headers, b"content-type") or b"")
        digest = hashlib.sha256()
        kept = bytearray()
        async for data in self._body(body_length(seen.headers)):
            digest.update(data)
            seen.length += len(data)
            kept += data if json else data[: max(0, self._host.keep - len(kept))]
        seen.take(bytes(kept), digest.hexdigest())

    async def _body(self, length: int | None) -> AsyncIterator[bytes]:
        if length is not None:
            async for data in self._exactly(length):
                yield data
            return
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            async for data in self._exactly(size):
                yield data
            await self._reader.readuntil(b"\r\n")
        await self._reader.readuntil(b"\r\n")

    async def _exactly(self, length: int) -> AsyncIterator[bytes]:
        while length:
            data = await self._reader.read(min(length, READ))
            if not data:
                raise ConnectionError
            length -= len(data)
            yield data

    async def _play(self, behaviour: Behaviour, seen: Seen) -> bool:
        """Do the steps; return whether the connection lives on."""
        seen.behaviour = behaviour.name
        for step in self._host.steps(behaviour, seen):
            match step:
                case bytes():
                    self._writer.write(step)
                    await self._writer.drain()
                    seen.sent += len(step)
                case Wait():
                    await self._pause(step.seconds)
                case Silence():
                    await self._pause(None)
                case Close() | Reset():
                    seen.answered = True
                    if isinstance(step, Reset):
                        self.abort()
                    return False
                case _:
                    assert_never(step)
            if self._gone:
                return False
        seen.answered = True
        return True

    async def _pause(self, seconds: float | None) -> None:
        """Wait for some seconds, or for ever; the peer's leaving ends it."""
        if self._gone:
            return
        woken = asyncio.Event()
        self._wake = woken.set
        clock = self._host.clock
        due = None if seconds is None else Instant(clock.now() + seconds)
        timer = None if due is None else clock.call_at(due, woken.set)
        try:
            await woken.wait()
        finally:
            self._wake = None
            if timer is not None:
                timer.cancel()


class Watched(asyncio.StreamReaderProtocol):
    """asyncio's stream protocol, which also tells at once that the peer has gone."""

    _connection: Connection

    def __init__(self, host: Host) -> None:
        super().__init__(asyncio.StreamReader(HEAD_LIMIT), self._connected)
        self._host = host

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connection = self._host.made(reader, writer)

    def eof_received(self) -> bool | None:
        """Hear that the peer has closed its side."""
        result = super().eof_received()
        self._connection.left()
        return result

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that the connection is no more."""
        super().connection_lost(exc)
        self._connection.left()
        self._host.lost(self._connection)
