"""The head of a request, as it goes onto the wire.

Knows HTTP/1.1's request line and framing. Host and framing are its own; all other fields are the
order's. Must never know a socket, and never lets a line end or a space through that is not its own.
"""

import re

from proxy.exchange import Order

_BREAKS_THE_LINE = re.compile(rb"[\x00-\x20\x7f]")
_HAVE_CONTENT = frozenset({b"POST", b"PUT", b"PATCH"})
"""Methods that say their length even when it is 0 (RFC 9110, 8.6)."""
_FIELD = b": ".join


def request_head(order: Order, authority: bytes) -> bytes | None:
    """Render the head; None when a piece of it would break out of its line."""
    method, target, headers = order.method, order.target, order.headers
    if target[:1] != b"/" or not method or _BREAKS_THE_LINE.search(method + target):
        return None
    fields = b"\r\n".join((b"", *map(_FIELD, headers)))
    count = len(headers)
    if fields.count(b"\n") != count or fields.count(b"\r") != count or b"\0" in fields:
        return None
    return b"%b %b HTTP/1.1\r\nHost: %b%b%b\r\n\r\n" % (
        method,
        target,
        authority,
        fields,
        _framing(order),
    )


def _framing(order: Order) -> bytes:
    """Return the field that says how long the body is, its line's end in front."""
    data = order.body.data
    size = order.body.size if data is None else len(data)
    if size is None:
        return b"\r\nTransfer-Encoding: chunked"
    if size or order.method in _HAVE_CONTENT:
        return b"\r\nContent-Length: %d" % size
    return b""
