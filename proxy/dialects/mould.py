"""The mould of a stream's plain events: the bytes around the one string that differs.

Most servers send token after token in the same JSON around another text. Once one such event has
been decoded, its like need no decoding: between the same bytes, a text without quote, backslash and
control character is a JSON string, whatever it says (RFC 8259, section 7). That costs a third of a
decode, and is what most bytes of most streams are. It never knows what an event means: who learns a
mould has read the event.
"""

from proxy.dialects.shape import is_utf8

_UNSOUND = bytes(range(0x20)) + b"\\\x7f"
"""What does not stand in a string as it is; DEL may, and is as rare."""


class Mould:
    """What stands before and after a text."""

    __slots__ = ("_after", "_before", "_between")

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before = before
        self._after = after
        self._between = after + before

    def follow(self, data: bytes, start: int) -> tuple[int, int] | None:
        """Return where the run of this mould's events from `start` ends, and how many they are.

        None where their texts cannot be taken as they are: then the mould is of no use here.
        """
        before, after, between = self._before, self._after, self._between
        if not data.startswith(before, start):
            return start, 0
        texts = []
        at = start + len(before)
        while True:
            quote = data.find(b'"', at)
            texts.append(data[at:quote])
            if not data.startswith(between, quote):
                break
            at = quote + len(between)
        if quote >= 0 and data.startswith(after, quote):
            end = quote + len(after)
        else:
            del texts[-1]
            end = at - len(before)
        said = b"".join(texts)
        if len(said.translate(None, _UNSOUND)) != len(said):
            return None
        return (end, len(texts)) if said.isascii() or is_utf8(said) else None


def mould_of(event: bytes, mark: bytes) -> Mould | None:
    """Learn from an event that was decoded; `mark` is the text's key as it stands before it.

    A bare quote stands at the edges of strings only: the mark cannot be met inside of one.
    """
    start = event.find(mark) + len(mark)
    end = event.find(b'"', start)
    if start < len(mark) or end < 0 or b"\\" in event[start:end]:
        return None
    return Mould(event[:start], event[end:])
