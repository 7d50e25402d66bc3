"""Where one request ends and the next begins, in the bytes of one connection.

aiohttp's parser does not tell whether it holds the beginning of a head. That shows in what it has
made of the bytes: what is neither the head that has ended nor body is the beginning of another
request, or the framing of chunks. Must never know what a request means.
"""

from aiohttp import StreamReader
from aiohttp.streams import EMPTY_PAYLOAD

END = b"\r\n\r\n"
"""Of a head: no head has it within."""


class Boundary:
    """Follows the parser, read by read."""

    __slots__ = ("_exact", "_over", "_payload", "_seen", "_tail", "begun", "clean")

    def __init__(self) -> None:
        self.clean = True
        """Whether the next byte is certainly the first of a request."""
        self.begun = False
        """Whether a request has begun of which the parser has told nothing yet."""
        self._payload: StreamReader = EMPTY_PAYLOAD
        self._seen = 0
        """Bytes of it in the reads before."""
        self._over = True
        """Whether it has come to its end."""
        self._exact = True
        """Whether each byte of the request that has come last is head or body."""
        self._tail = b""
        """The last bytes before, where a head's end may lie across two reads."""

    def follow(self, data: bytes, new: int, payload: StreamReader, *, plain: bool) -> None:
        """Hear of a read in which the ends of `new` heads were found.

        `payload` is the body of the last of them, and `plain` says that it is framed by a length.
        """
        size = 0
        if new:
            size = (self._tail + data).find(END) + len(END) - len(self._tail)
            self._payload, self._seen = payload, 0
            self._exact = plain and new == 1 and size > 0 and self._over
        elif self._over:
            self._exact = True  # for all of it lies behind
        body = self._payload.total_bytes - self._seen
        self._seen += body
        self._over = self._payload.is_eof()
        known = self._exact and self._over
        self.clean = known and len(data) == size + body
        self.begun = known and not self.clean
        self._tail = b"" if self.clean else (self._tail + data)[-len(END) + 1 :]
