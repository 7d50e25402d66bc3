"""One answer after another, read from the bytes of one connection.

Knows httptools and the rules; what was read stands in its attributes after each `feed`. Must never
know a socket, a receiver or time. The parser hands the body's pieces to `list.append` itself, so a
piece costs no Python frame.
"""

import httptools

from proxy.model import Headers
from proxy.wire.rules import (
    MOST_BARE,
    MOST_HEAD,
    MOST_INTERIM,
    UNTIL_EOF,
    Field,
    extent_of,
    framing_fields,
    may_reuse,
    problem_of,
)


class _Stop(Exception):  # noqa: N818 - never seen outside: the one way to halt the parser
    """Raised in a callback: nothing that follows may be parsed."""


class Answer:
    """The state of the answer that is being read. `expect` makes it ready for the next one."""

    __slots__ = (
        "_bare",
        "_fields",
        "_interim",
        "_method",
        "_parser",
        "_room",
        "complete",
        "headers",
        "on_body",
        "parts",
        "problem",
        "reusable",
        "status",
        "until_eof",
    )

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        """Pieces of the body that the last reads have brought; the reader takes them out."""
        self.on_body = self.parts.append
        self._parser = httptools.HttpResponseParser(self)
        self.expect(b"")

    def expect(self, method: bytes) -> None:
        """Forget the last answer: the next bytes answer a request with `method`."""
        self._method = method
        self._fields: list[Field] = []
        self._room = MOST_HEAD
        self._bare = self._interim = 0
        self.status = 0
        """Of the final head; 0 as long as it has not come whole."""
        self.headers: Headers = ()
        self.complete = False
        self.reusable = False
        """Whether the connection may serve again once the answer is complete."""
        self.until_eof = False
        self.problem = ""
        """Why the answer cannot be read on."""

    def feed(self, data: bytes) -> None:
        """Read on; afterwards `status`, `parts`, `complete` and `problem` say what has come."""
        try:
            if not self.status:
                self._feed_head(data)
                return
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.reusable = False
            if not self.complete and not self.problem:
                self.problem = str(error)
        if self.parts:
            self._bare = 0
        elif not self.complete:
            self._count_bare(len(data))

    def close(self) -> None:
        """Read no more; without this the parser and its callbacks would wait for the collector."""
        del self._parser

    def _feed_head(self, data: bytes) -> None:
        room = self._room
        self._room -= len(data)
        self._parser.feed_data(data[:room])
        if len(data) <= room:
            return
        if self.status:
            self._parser.feed_data(data[room:])
        elif not self.problem:
            self.problem = "head too large"

    def _count_bare(self, size: int) -> None:
        self._bare += size
        if self._bare > MOST_BARE and not self.problem:
            self.problem = "no body between chunk headers"

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Halt before anything that follows a whole answer."""
        if self.complete:
            raise _Stop

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field of a head; count those of a trailer."""
        if not self.status:
            self._fields.append((name, value))
            return
        self._room -= len(name) + len(value)
        if self._room < 0:
            self.problem = "trailer too large"
            raise _Stop

    def on_headers_complete(self) -> None:
        """Skip an interim head; judge a final one."""
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:  # noqa: PLR2004 - interim, and the one that is not
            self._skip_interim()
            return
        version = self._parser.get_http_version()
        fields, method = self._fields, self._method
        framing = framing_fields(fields)
        self.problem = problem_of(status, version, fields, framing)
        if self.problem:
            raise _Stop
        extent = extent_of(method, status, framing)
        self.status = status
        self.headers = tuple(fields)
        self.until_eof = extent is UNTIL_EOF
        self.reusable = self._parser.should_keep_alive() and may_reuse(
            method, version, extent, framing
        )
        self._room = MOST_HEAD
        if method == b"HEAD":
            self.complete = True
            raise _Stop

    def on_message_complete(self) -> None:
        """Note the end of a final answer."""
        if self.status:
            self.complete = True

    def _skip_interim(self) -> None:
        self._fields.clear()
        self._interim += 1
        if self._interim > MOST_INTERIM:
            self.problem = "too many interim answers"
            raise _Stop
