"""The head of a request, as it goes onto the wire.

Knows HTTP/1.1's request line and framing. Host and framing are its own; all other fields are the
order's. Must never know a socket, and never lets a line end or a space through that is not its own.
"""

import re

from proxy.exchange import Order
from proxy.model import Headers
from proxy.wire.connection import Lane

_BREAKS_THE_LINE = re.compile(rb"[\x00-\x20\x7f]")
_HAVE_CONTENT = frozenset({b"POST", b"PUT", b"PATCH"})
"""Methods that say their length even when it is 0 (RFC 9110, 8.6)."""
_FIELD = b": ".join


def request_head(order: Order, lane: Lane) -> bytes | None:
    """Render the head; None when a piece of it would break out of its line.

    SDKs ask the same again and again: what a lane was asked last is not rendered and looked
    through a second time.
    """
    asked = (order.method, order.target, order.headers)
    if asked != lane.asked:
        lines = _lines(*asked, lane.authority)
        if lines is None:
            return None
        lane.asked, lane.lines = asked, lines
    return b"%b%b\r\n\r\n" % (lane.lines, _framing(order))


def _lines(method: bytes, target: bytes, headers: Headers, authority: bytes) -> bytes | None:
    """Return all lines but for the framing's, without the last line's end."""
    if target[:1] != b"/" or not method or _BREAKS_THE_LINE.search(method + target):
        return None
    fields = b"\r\n".join((b"", *map(_FIELD, headers)))
    count = len(headers)
    if fields.count(b"\n") != count or fields.count(b"\r") != count or b"\0" in fields:
        return None
    return b"%b %b HTTP/1.1\r\nHost: %b%b" % (method, target, authority, fields)


def _framing(order: Order) -> bytes:
    """Return the field that says how long the body is, its line's end in front."""
    data = order.body.data
    size = order.body.size if data is None else len(data)
    if size is None:
        return b"\r\nTransfer-Encoding: chunked"
    if size or order.method in _HAVE_CONTENT:
        return b"\r\nContent-Length: %d" % size
    return b""
