"""A head that has been let in before, known by its bytes.

SDKs send the same head again and again; only the length of the body is another. What has been
parsed, judged and recognised once need not be a second time. Pure; what is done with a request that
is known is not known here.
"""

import re
from dataclasses import replace

from aiohttp import HttpVersion11
from aiohttp.http import RawRequestMessage

from proxy.edge.admission import Errand
from proxy.edge.door import Door
from proxy.model import Passed, changed

END = b"\r\n"
LONGEST = 9
"""Digits of a length that is known by sight; a longer one is the parser's to read."""
_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n", re.IGNORECASE)
_FRAMED_OTHERWISE = (b"transfer-encoding", b"expect", b"upgrade")
"""Fields beside which a length does not say all about what follows the head."""


class Familiar:
    """The head of a POST, and what it is about. It ends with its connection: it holds the keys."""

    __slots__ = ("_after", "_before", "door", "errand")

    def __init__(self, before: bytes, after: bytes, errand: Errand, door: Door) -> None:
        self._before = before
        self._after = after
        self.errand = replace(errand, head=changed(errand.head, passed=Passed()))
        self.door = door
        """Who has let it in: another table has another."""

    def measure(self, data: bytes) -> tuple[int, int] | None:
        """Return where the body begins and how long it is; None where this is another head."""
        before, after = self._before, self._after
        if not data.startswith(before):
            return None
        start = len(before)
        end = data.find(END, start, start + LONGEST + len(END))
        digits = data[start:end]
        if end < 0 or not digits.isdigit() or digits[:1] == b"0" or not data.startswith(after, end):
            return None
        return end + len(after), int(digits)


def remember(message: RawRequestMessage, errand: Errand, door: Door) -> Familiar | None:
    """Return what is to be known again; None where a head's bytes do not say it all.

    It is known as clients write it, `Name: value`: another with the same meaning is the parser's.
    """
    if message.method != "POST" or message.version != HttpVersion11 or message.should_close:
        return None
    if any(name in errand.fields for name in _FRAMED_OTHERWISE) or not message.path.isascii():
        return None
    lines = [b"POST %b HTTP/1.1" % message.path.encode(), *map(b": ".join, message.raw_headers)]
    head = END.join(lines) + END * 2
    lengths = list(_LENGTH.finditer(head))
    if len(lengths) != 1:
        return None
    start, end = lengths[0].span(1)
    return Familiar(head[:start], head[end:], errand, door)
