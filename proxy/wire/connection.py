"""One connection to a backend, the `asyncio.Protocol` on it, and the lane that it belongs to.

It feeds what it reads to its `Answer` and tells the one attempt that uses it. Bytes or an end that
come while nobody uses it close it. Must never know orders, pools or policies.
"""

import asyncio
import os
import socket
import ssl
from contextlib import suppress
from typing import Protocol, cast

from proxy.model import Fault, Instant
from proxy.wire.answer import Answer

MOST_HANDSHAKES = 16
"""TLS handshakes of one lane at a time: each holds the loop for 1 to 2 ms when it verifies."""

MOST_READ = 64 * 1024
"""Bytes of one read from a socket that the loop has given up."""


class Lane:
    """One place to connect to with one credential: only what agrees in both shares connections.

    It lives as long as a backend of the table or a connection refers to it.
    """

    __slots__ = (
        "__weakref__",
        "asked",
        "authority",
        "handshakes",
        "key",
        "lines",
        "retired",
        "waiting",
    )

    def __init__(self, key: tuple[object, ...], authority: bytes) -> None:
        self.key = key
        self.authority = authority
        """The Host header's value."""
        self.asked: tuple[object, ...] = ()
        """Method, target and fields of the last request. A client's own key may be in them: a lane
        that was made for such a key ends with its connections."""
        self.lines = b""
        """How that request's head begins, as `request` has rendered it."""
        self.retired = False
        """The table no longer has it: its connections end with the request that they carry."""
        self.waiting: list[Connection] = []
        """The one that served last stands last."""
        self.handshakes = asyncio.Semaphore(MOST_HANDSHAKES)


class User(Protocol):
    """The attempt that uses a connection."""

    def on_read(self, size: int) -> None:
        """Hear that the answer has been fed `size` bytes."""

    def on_lost(self, error: Exception | None, *, clean: bool) -> None:
        """Hear that the connection is over; `clean` says that the peer ended it properly."""

    def fail(self, fault: Fault, detail: str) -> None:
        """End, and tell why."""


class Keeper(Protocol):
    """Who keeps the connections."""

    def on_idle(self, connection: "Connection") -> None:
        """Hear of one that may serve again."""

    def on_closed(self, connection: "Connection") -> None:
        """Hear of the end of one."""


class Connection(asyncio.Protocol):
    """Serves one attempt at a time."""

    __slots__ = (
        "_drained",
        "_keeper",
        "answer",
        "idle_since",
        "lane",
        "served",
        "transport",
        "user",
    )

    transport: asyncio.Transport

    def __init__(self, lane: Lane, keeper: Keeper) -> None:
        self.lane = lane
        self.answer = Answer()
        self.user: User | None = None
        self.served = 0
        """Requests that it has begun to carry."""
        self.idle_since = Instant(0.0)
        self._keeper = keeper
        self._drained: asyncio.Future[None] | None = None

    def use(self, user: User, method: bytes) -> None:
        """Serve `user`, who is about to send a request with `method`."""
        self.user = user
        self.served += 1
        self.answer.expect(method)

    def leave(self) -> None:
        """Serve nobody, and be ready for the next."""
        self.user = None
        self._keeper.on_idle(self)

    def is_open(self) -> bool:
        """Say whether it can still be written to."""
        return not self.transport.is_closing()

    def close(self) -> None:
        """Close it at once: no TLS farewell, no lingering."""
        self.user = None
        self.transport.abort()

    async def writable(self) -> None:
        """Return when more may be written: the peer takes it, and everyone else had a turn."""
        if self._drained is not None:
            await self._drained
        await asyncio.sleep(0)
        if not self.is_open():
            await asyncio.Future()  # its loss is about to be told, and that ends the writer

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be open."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Read on, or close where nobody asked for anything."""
        user = self.user
        if user is None:
            self.transport.abort()
            return
        self.answer.feed(data)
        user.on_read(len(data))

    def eof_received(self) -> None:
        """Hear that the peer sends no more; for an idle connection that is the end, too."""
        self._end(None, clean=self._said_farewell())
        self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Be closed. uvloop calls only this where TLS ends without a farewell."""
        if error is not None:
            self._read_the_rest()
        self._end(error, clean=False)
        self.resume_writing()
        self.answer.close()
        self._keeper.on_closed(self)

    def pause_writing(self) -> None:
        """Have writers wait."""
        self._drained = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let writers go on."""
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def _end(self, error: Exception | None, *, clean: bool) -> None:
        user, self.user = self.user, None
        if user is not None:
            user.on_lost(error, clean=clean)

    def _read_the_rest(self) -> None:
        """Read what the peer had sent before a write to it failed.

        A peer that answers early and hangs up makes the next write fail, and both loops then close
        the socket unread; the answer is still in it. Under TLS it cannot be had any more.
        """
        if self.user is None or self._tls() is not None:
            return
        with suppress(OSError):
            number = os.dup(self.transport.get_extra_info("socket").fileno())
            with socket.socket(fileno=number) as sock:
                while data := sock.recv(MOST_READ):
                    self.data_received(data)

    def _tls(self) -> ssl.SSLObject | None:
        tls: ssl.SSLObject | None = self.transport.get_extra_info("ssl_object")
        return tls

    def _said_farewell(self) -> bool:
        """Say whether TLS, where it is used, ended with a `close_notify`: else a cut is likely."""
        tls = self._tls()
        if tls is None:
            return True
        try:
            return tls.read(1) == b""
        except ssl.SSLError:
            return False
