"""One client connection: aiohttp parses, this file has requests answered one after the other.

It adds what aiohttp's server lacks: a deadline for the head, an end for a client that neither
reads nor leaves, one task a connection instead of one a request, and no trace of a malformed
request in an answer or a log. It reaches into `RequestHandler` for that, whose version is pinned;
no other file does. What a request means is not known here.
"""

import asyncio
import socket
import struct
from asyncio import TimerHandle
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from aiohttp import StreamReader
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, RequestPayloadError, _ErrInfo
from aiohttp.web_server import Server

from proxy.edge.boundary import Boundary
from proxy.edge.fields import bad_request
from proxy.edge.intake import Pace
from proxy.model import Refusal, Seconds

LIMITS: dict[str, Any] = {
    "max_line_size": 8190,
    "max_field_size": 16 * 1024,
    "max_headers": 128,
    "read_bufsize": 64 * 1024,
    "auto_decompress": False,
    "access_log": None,
}
"""For aiohttp's parser. A body is read at most twice `read_bufsize` ahead of its reader."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 s: closing resets."""


class Serve(Protocol):
    """Answers the requests of all connections."""

    async def __call__(
        self, connection: "Connection", message: RawRequestMessage | Refusal, payload: StreamReader
    ) -> bool:
        """Answer one request; return whether its connection may go on. Only cancellation raises.

        A refusal in place of a message is why no message could be read.
        """


class Shortcut(Protocol):
    """Serves, without the parser and the task, requests that it knows by their bytes."""

    @property
    def busy(self) -> bool:
        """Whether it is serving a request, or one is coming."""

    def take(self, data: bytes) -> bool:
        """Keep these bytes, or say that they are the parser's."""

    def lost(self) -> None:
        """Hear that the client is gone."""

    def end(self) -> None:
        """End what is being served, and say so."""


class Connections(Server):
    """All client connections; aiohttp calls it when one is made and when one is lost."""

    def __init__(self, serve: Serve, pace: Pace) -> None:
        # aiohttp's own handler is never called: `Connection.start` takes its place.
        super().__init__(serve, handler_cancellation=True)  # type: ignore[arg-type]
        self.draining = False
        """Whether every answer is its connection's last."""
        self._serve = serve
        self._pace = pace
        self._open: dict[RequestHandler, asyncio.Transport] = {}
        self._empty = asyncio.Event()

    def __call__(self) -> "Connection":
        """Make the protocol of a connection that was accepted."""
        return Connection(self, self._serve, self._pace)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Keep it."""
        self._open[handler] = transport

    def connection_lost(
        self,
        handler: RequestHandler,
        exc: BaseException | None = None,  # noqa: ARG002 - aiohttp's signature
    ) -> None:
        """Forget it."""
        del self._open[handler]
        if not self._open:
            self._empty.set()

    def cancel(self) -> None:
        """Have every connection say its last words and close."""
        for connection in self._open:
            assert isinstance(connection, Connection)
            connection.cancel()

    def abort(self) -> None:
        """Drop every connection, with what it has not sent."""
        for transport in list(self._open.values()):
            transport.abort()

    async def ended(self) -> None:
        """Wait until there is none."""
        while self._open:
            self._empty.clear()
            await self._empty.wait()


class Connection(RequestHandler):
    """What aiohttp calls when bytes come, and the task that serves them."""

    __slots__ = (
        "_all",
        "_boundary",
        "_pace",
        "_payload",
        "_serve",
        "_timer",
        "full",
        "on_room",
        "shortcut",
    )

    def __init__(self, connections: Connections, serve: Serve, pace: Pace) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(connections, loop=loop, keepalive_timeout=pace.keepalive, **LIMITS)
        self._all = connections
        self.shortcut: Shortcut | None = None
        """What is remembered of this connection by whoever serves it; it ends with it."""
        self.full = False
        """Whether the client reads more slowly than it is written to."""
        self.on_room: Callable[[], None] | None = None
        """Called each time the client has read again after writing had to pause."""
        self._serve = serve
        self._pace = pace
        self._payload: StreamReader = EMPTY_PAYLOAD
        self._boundary = Boundary()
        self._timer: TimerHandle | None = None

    @property
    def can_go_on(self) -> bool:
        """Whether another request may follow this one: its body is read, and we stay."""
        return self._payload.is_eof() and not self._all.draining

    @property
    def draining(self) -> bool:
        """Whether no new request is served."""
        return self._all.draining

    # The task.

    async def start(self) -> None:
        """Serve one request after the other until one of them, or the client, ends it."""
        try:
            while await self._serve_next():
                self._rest()
            await self._linger()
        finally:
            self.force_close()

    async def _serve_next(self) -> bool:
        """Answer the next request; whether another may follow."""
        message, self._payload = await self._next()
        if isinstance(message, _ErrInfo):
            await self._serve(self, _misread(message), EMPTY_PAYLOAD)
            return False
        goes_on = await self._serve(self, message, self._payload)
        self.on_room = None
        if self.full:
            read = asyncio.Event()
            self._when_read(read.set)
            await read.wait()
        return goes_on and self._payload.is_eof() and not self._force_close

    def _rest(self) -> None:
        """Let the connection live for as long as an idle one may."""
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(
                self._next_keepalive_close_time, self._process_keepalive
            )

    def _process_keepalive(self) -> None:
        """Close it if it idles: aiohttp knows of the task only."""
        if self.shortcut is not None and self.shortcut.busy:
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        super()._process_keepalive()

    async def _next(self) -> tuple[RawRequestMessage | _ErrInfo, StreamReader]:
        if not self._messages:
            self._waiter = self._loop.create_future()
            if self._boundary.begun:
                self.arm(self._pace.head, self._head_is_late)
            try:
                await self._waiter
            finally:
                self._waiter = None
        self.disarm()
        message = self._messages.popleft()
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        return message

    async def _linger(self) -> None:
        """Read and drop a body that nobody wants: closed at once, the client would not see why."""
        with suppress(OSError, RequestPayloadError, HttpProcessingError):
            async with asyncio.timeout(self._pace.linger):
                while not self._force_close and await self._payload.readany():
                    pass

    # From the transport.

    def data_received(self, data: bytes) -> None:
        """Show it to the shortcut, where there is one, or parse."""
        shortcut = self.shortcut
        if shortcut is None or not shortcut.take(data):
            self.parse(data)

    @property
    def idle(self) -> bool:
        """Whether no request is being served or has begun: the next byte begins one."""
        waiter = self._waiter
        return waiter is not None and self._boundary.clean and not waiter.done()

    def parse(self, data: bytes) -> None:
        """Parse; a request that is only begun has its deadline, a broken body ends its reader."""
        known = len(self._messages)
        RequestHandler.data_received(self, data)
        new = len(self._messages) - known
        message, payload = self._messages[-1] if new else (None, EMPTY_PAYLOAD)
        plain = isinstance(message, RawRequestMessage) and not message.chunked
        self._boundary.follow(data, new, payload, plain=plain)
        if isinstance(message, _ErrInfo):
            self._break_bodies()
        waiter = self._waiter
        if waiter is not None and self._timer is None and not waiter.done():
            self.arm(self._pace.head, self._head_is_late)

    def _break_bodies(self) -> None:
        """Tell who reads a body that it cannot be read: aiohttp tells only who reads a head."""
        for payload in (self._payload, *(payload for _, payload in self._messages)):
            if not payload.is_eof():
                payload.set_exception(RequestPayloadError("malformed"))

    def _head_is_late(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            late = _ErrInfo(HTTPStatus.REQUEST_TIMEOUT, TimeoutError(), "")
            self._messages.append((late, EMPTY_PAYLOAD))
            waiter.set_result(None)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Go on reading, if reading was paused: aiohttp asks after every read."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def pause_writing(self) -> None:
        """Have the writer know that there is no room."""
        super().pause_writing()
        self.full = True

    def resume_writing(self) -> None:
        """Tell the writer that there is room."""
        super().resume_writing()
        self.full = False
        if self.on_room is not None:
            self.on_room()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the timer and end the body; aiohttp cancels the task."""
        super().connection_lost(exc)
        self.disarm()
        if self.shortcut is not None:
            self.shortcut.lost()
        if not self._payload.is_eof():
            self._payload.set_exception(ConnectionResetError("the client is gone"))
        # They lead back here, and know the app's keys: nothing is left to the collector.
        self.shortcut, self._payload, self._boundary = None, EMPTY_PAYLOAD, Boundary()

    # For the shortcut.

    def hold(self, size: int) -> None:
        """Read no more where much has come behind a request that is being served."""
        if size > LIMITS["read_bufsize"] and self.transport is not None:
            self.transport.pause_reading()

    def release(self, data: bytes) -> None:
        """Go on with what was held."""
        if self.transport is not None:
            self.transport.resume_reading()
        self.data_received(data)

    def go_on(self, then: Callable[[], None], *, keep: bool) -> None:
        """Call `then` once the client has read the answer, or end the connection with it."""
        transport = self.transport
        if transport is None or not keep or self._force_close:
            self.force_close()
            return
        self._rest()
        if self.full:
            self._when_read(then)
        else:
            then()

    def _when_read(self, then: Callable[[], None]) -> None:
        """Call `then` once the client has read: no further answer is made before."""
        self.on_room = partial(self._has_read, then)
        if self.transport is not None:
            self._watch_flush(self.transport)

    def _has_read(self, then: Callable[[], None]) -> None:
        self.disarm()
        self.on_room = None
        then()

    # Endings.

    def cancel(self) -> None:
        """End its task, and so the connection."""
        if self.shortcut is not None:
            self.shortcut.end()
        if self._task_handler is not None:
            self._task_handler.cancel()

    def cut(self, *, framed: bool) -> None:
        """End the connection so that the answer shows as cut.

        Where framing cannot tell, a reset must; and what a stalled client never reads is dropped.
        """
        transport = self.transport
        if transport is None:
            return
        if self.full:
            transport.abort()
        elif not framed:
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.force_close()

    def force_close(self) -> None:
        """Close once all is written, or once the client has read nothing for too long."""
        transport = self.transport
        self.on_room = None
        super().force_close()
        if transport is not None:
            self._watch_flush(transport)

    def _watch_flush(self, transport: asyncio.Transport, left: int | None = None) -> None:
        """Abort when nothing has gone out since `left` bytes were left to write."""
        size = transport.get_write_buffer_size()
        if left is not None and size >= left:
            transport.abort()
        elif size:
            self.arm(self._pace.flush, lambda: self._watch_flush(transport, size))

    def arm(self, delay: Seconds, callback: Callable[[], None]) -> None:
        """Call back after `delay`: a connection waits for one thing at a time, with one timer."""
        self.disarm()
        self._timer = self._loop.call_later(delay, callback)

    def disarm(self) -> None:
        """Forget what was to be called back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _misread(error: _ErrInfo) -> Refusal:
    """Say why a head could not be read; never with the bytes of it, which may hold a token."""
    if error.status == HTTPStatus.REQUEST_TIMEOUT:
        return bad_request("The request's head came too slowly.", HTTPStatus.REQUEST_TIMEOUT)
    if isinstance(error.exc, LineTooLong):
        return bad_request(
            "A line of the request's head is too long.", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        )
    return bad_request("This is not a request in HTTP/1.1.")
