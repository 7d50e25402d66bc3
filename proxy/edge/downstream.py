"""The client's side of one exchange: head and bytes onto the client's connection.

A head and the bytes that are there with it go out in one write, and chunks are framed by hand: on
the hot path nothing stands between an upstream's read and this write. What the bytes mean is not
known here.
"""

from collections.abc import Callable

from proxy.edge.connection import Connection
from proxy.edge.head import Framing, render_head
from proxy.model import Headers

NONE, LENGTH, CHUNKED, CLOSE = Framing.NONE, Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE
"""Names for each chunk of each stream to go by."""


class Reply:
    """The one answer to one request: `proxy.exchange.Downstream`."""

    __slots__ = (
        "_bodiless",
        "_chunks",
        "_connection",
        "_framing",
        "_left",
        "begun",
        "ended",
        "keep",
    )

    def __init__(self, connection: Connection, *, bodiless: bool, chunks: bool, keep: bool) -> None:
        """`bodiless`: a HEAD asked; `chunks`: it speaks HTTP/1.1; `keep`: it may ask again."""
        self.begun = False
        self.ended = False
        self.keep = keep
        self._connection = connection
        self._bodiless = bodiless
        self._chunks = chunks
        self._framing = NONE
        self._left = 0

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self._connection.transport is None

    def invite(self) -> None:
        """Ask for the body that a client holds back (`Expect: 100-continue`)."""
        if self._chunks:
            self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def begin(self, status: int, headers: Headers, data: bytes, *, last: bool) -> None:
        """Write the head and what is there of the body."""
        assert not self.begun
        self.begun = True
        head = render_head(
            status,
            headers,
            size=len(data) if last else None,
            bodiless=self._bodiless,
            chunks=self._chunks,
            keep=self.keep and self._connection.can_go_on,
        )
        self.keep = head.keep
        self._framing = head.framing
        self._left = head.length
        self.ended = last
        self._send(head.data + self._frame(data))

    def write(self, data: bytes) -> bool:
        """Pass bytes on; False when the client is slow or gone."""
        connection = self._connection
        transport = connection.transport
        if transport is None or transport.is_closing():
            return False
        if data and self._framing is CHUNKED:
            transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        elif data := self._frame(data):
            transport.write(data)
        return not connection.full

    def end(self) -> None:
        """Finish the body; one that is shorter than its head promised shows as cut."""
        if self._framing is LENGTH and self._left:
            self.abort()
            return
        self.ended = True
        if self._framing is CHUNKED:
            self._send(b"0\r\n\r\n")

    def abort(self, data: bytes = b"") -> None:
        """Write `data` and cut, unless the answer has ended before."""
        if self.ended:
            return
        self.ended = True
        self.keep = False
        chunked = self._framing is CHUNKED
        if chunked or self._framing is CLOSE:
            # In a body of a given length the error event could fill it up: whole to the eye.
            self._send(self._frame(data))
        self._connection.cut(framed=chunked or self._left > 0 or not self.begun)

    def on_room(self, callback: Callable[[], None] | None) -> None:
        """Have `callback` called when the client has read again."""
        self._connection.on_room = callback

    def _frame(self, data: bytes) -> bytes:
        """Return the next bytes of the body as the head has promised them."""
        framing = self._framing
        if framing is CHUNKED:
            return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        if framing is LENGTH:
            data = data[: self._left]
            self._left -= len(data)
        return data if framing is not NONE else b""

    def _send(self, data: bytes) -> None:
        transport = self._connection.transport
        if data and transport is not None and not transport.is_closing():
            transport.write(data)
