"""The mould of a stream's plain events: the bytes around the one string that differs.

Most servers send token after token in the same JSON around another text. Once one such event has
been decoded, its like need no decoding: between the same bytes, a text without quote, backslash and
control character is a JSON string, whatever it says (RFC 8259, section 7). That costs a third of a
decode, and is what most bytes of most streams are. It never knows what an event means: who learns a
mould has read the event.
"""

import re

from proxy.dialects.shape import is_utf8

_UNSOUND = bytes(range(0x20)) + b"\\\x7f"
"""What does not stand in a string as it is; DEL may, and is as rare."""
_RUN = re.compile(rb'([^\0]*+)\0([^\0]*+)\0(?:\1[^\x00-\x1f"\\\x7f]*+\2)*+').match
"""What stands before and after each text, then a run of such events: one pattern for all moulds,
for to compile one costs more than to read a hundred events."""


class Mould:
    """What stands before and after a text."""

    __slots__ = ("_after", "_before", "_key", "_offset", "_skip", "_tail")

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before = before
        self._after = after
        self._skip, self._tail = len(before), len(after)
        self._key = before + b"\0" + after + b"\0"
        self._offset = len(self._key)

    def follow(self, data: bytes) -> int:
        """Return where the run of this mould's events ends with which `data` begins."""
        if not data.startswith(self._before):
            return 0
        end = len(data)
        if data.find(b'"', self._skip) == end - self._tail and data.endswith(self._after):
            said = data[self._skip : -self._tail]  # one event, as a read mostly brings
            if len(said.translate(None, _UNSOUND)) != len(said):
                return 0
        else:
            run = _RUN(self._key + data)
            assert run is not None
            end = run.end() - self._offset
            said = data[:end]
        return end if said.isascii() or is_utf8(said) else 0


def mould_of(event: bytes, mark: bytes) -> Mould | None:
    """Learn from an event that was decoded; `mark` is the text's key as it stands before it.

    A bare quote stands at the edges of strings only: the mark cannot be met inside of one.
    """
    start = event.find(mark) + len(mark)
    end = event.find(b'"', start)
    if start < len(mark) or end < 0 or b"\\" in event[start:end]:
        return None
    return Mould(event[:start], event[end:])
