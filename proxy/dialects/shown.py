"""What a client has been shown of a stream: the visible text, and whether it is nothing else.

A stream with anything foreign to a plain text in it is never gone on with, and nothing of it is
kept. Whether another backend could go on is not known here.
"""

import json
from collections.abc import Iterator

from proxy.dialects.pieces import READERS, answer_of, items_of
from proxy.dialects.signals import Tree, tree
from proxy.dialects.sse import END, bare_json, parse
from proxy.model import Api

MOST_TEXT = 64 * 1024
"""Bytes of shown text that are kept for one exchange (design, "Resuming a cut stream")."""
_MOST_RAW = 256 * 1024
"""Bytes of events that are kept unread: a stream that is never cut is mostly never read either."""
_KEPT = ("id", "created", "created_at", "max_output_tokens")
"""What the client keeps of what its first answer said of itself."""


class Shown:
    """Follows what goes to the client; reads it when it is asked for, or grows too large."""

    def __init__(self, api: Api) -> None:
        self.plain = True
        """Whether all that was shown is plain text, and all of it is kept."""
        self.kept: Tree = {}
        """What the answer said of itself first, its id above all: the client keeps it."""
        self.item: object = None
        """The id of the message that holds the text (Responses)."""
        self.number: int | None = None
        """The last event's number (Responses)."""
        self.told: set[str] = set()
        """The types of the events by which the client was told that the text is over."""
        self._read = READERS[api]
        self._texts: list[str] = []
        self._size = 0
        self._raw: list[bytes] = []
        self._unread = 0

    @property
    def text(self) -> str:
        """All of the text; empty where the stream is not plain."""
        self._digest()
        if not self.plain:
            return ""
        self._texts = ["".join(self._texts)]
        return self._texts[0]

    def feed(self, data: bytes) -> None:
        """Take what has just been sent: whole events."""
        if self.plain:
            self._raw.append(data)
            self._unread += len(data)
            if self._unread > _MOST_RAW:
                self._digest()

    def spoil(self) -> None:
        """Take note that this stream can never be gone on with; keep nothing of it."""
        self.plain = False
        self._texts.clear()
        self._raw.clear()

    def _digest(self) -> None:
        data, self._unread = b"".join(self._raw), 0
        self._raw.clear()
        for frame in frames(data):
            _, payload = parse(frame)
            event = None if payload is None else load(payload)
            if event is not None:
                self._take(event)
            elif (payload or b"").strip() or bare_json(frame) is not None:
                self.spoil()
            if not self.plain:
                return

    def _take(self, event: Tree) -> None:
        piece = self._read(event)
        self._keep(event)
        if piece.ends:
            self.told.add(str(event.get("type")))
        self._texts.append(piece.text)
        size = size_of(piece.text)
        self._size += size or 0
        if piece.foreign or size is None or self._size > MOST_TEXT:
            self.spoil()

    def _keep(self, event: Tree) -> None:
        answer = answer_of(event)
        for key in _KEPT:
            if answer.get(key):
                self.kept.setdefault(key, answer[key])
        if self.item is None:
            named = [event.get("item_id"), *(item.get("id") for item in items_of(event))]
            self.item = next(filter(None, named), None)
        number = event.get("sequence_number")
        if isinstance(number, int):
            self.number = number


def size_of(text: str) -> int | None:
    """Return the text's bytes; None where it holds half a character (a lone surrogate)."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return None


def load(payload: bytes) -> Tree | None:
    """Return an event's JSON object; None where it is none."""
    try:
        value: object = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return tree(value) or None


def frames(data: bytes) -> Iterator[bytes]:
    """Yield the events one by one, each with its empty line; the last may lack it."""
    start = 0
    for match in END.finditer(data):
        yield data[start : match.end()]
        start = match.end()
    if start < len(data):
        yield data[start:]


def split_failure(data: bytes, failed: bytes) -> tuple[bytes, bytes]:
    """Return what stands before the event which says that the answer failed, and the rest."""
    start = 0
    for frame in frames(data):
        if failed in {parse(frame)[1], bare_json(frame)}:
            return data[:start], data[start:]
        start += len(frame)
    return data, b""
