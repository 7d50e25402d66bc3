"""What a client has been shown of a stream: the visible text, and whether it is nothing else.

Reads the events of two APIs as far as going on with a cut stream needs it. Strict on purpose: an
event that holds anything but plain text of the one answer (a tool call, thinking, a refusal,
logprobs, a second block, an unknown field with a value) is *foreign*, and such a stream is never
gone on with. Whether another backend could go on is not known here.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from proxy.dialects.signals import Tree, tree
from proxy.dialects.sse import END, bare_json, parse
from proxy.model import Api

MOST_TEXT = 64 * 1024
"""Bytes of shown text that are kept for one exchange (design, "Resuming a cut stream")."""
_MOST_RAW = 256 * 1024
"""Bytes of events that are kept unread: a stream that is never cut is mostly never read either."""
_CHAT_DELTA = frozenset({"role", "content"})
_TEXT_DELTA = frozenset({"type", "text"})


@dataclass(slots=True)
class Piece:
    """One event, as going on sees it."""

    event: Tree
    text: str = ""
    foreign: bool = False
    ends: bool = False
    """Whether no more of the text comes: a finish reason, the end of its block."""


def read_chat(event: Tree) -> Piece:
    """Read one chunk of Chat Completions."""
    choices = event.get("choices")
    if not choices:
        return Piece(event)  # usage, or what Azure found out about the prompt
    if not isinstance(choices, list) or len(choices) > 1:
        return Piece(event, foreign=True)
    choice = tree(choices[0])
    delta = tree(choice.get("delta"))
    text = delta.get("content") or ""
    others = any(value for key, value in delta.items() if key not in _CHAT_DELTA)
    odd = choice.get("index") or choice.get("logprobs") or choice.get("message")
    if others or odd or not isinstance(text, str):
        return Piece(event, foreign=True)
    return Piece(event, text, ends=bool(choice.get("finish_reason")))


def read_message(event: Tree) -> Piece:
    """Read one event of Messages."""
    kind = event.get("type")
    index = event.get("index")
    if kind == "content_block_delta":
        delta = tree(event.get("delta"))
        text = delta.get("text")
        others = any(value for key, value in delta.items() if key not in _TEXT_DELTA)
        if index == 0 and delta.get("type") == "text_delta" and isinstance(text, str):
            return Piece(event, text, foreign=others)
    elif kind == "content_block_start":
        block = tree(event.get("content_block"))
        empty = not any(value for key, value in block.items() if key != "type")
        return Piece(event, foreign=index != 0 or block.get("type") != "text" or not empty)
    elif kind == "message_start":
        return Piece(event, foreign=bool(tree(event.get("message")).get("content")))
    elif kind == "content_block_stop":
        return Piece(event, ends=True, foreign=index != 0)
    elif kind in {"message_delta", "message_stop"}:
        return Piece(event, ends=True)
    return Piece(event, foreign=kind != "ping")


READERS: Mapping[Api, Callable[[Tree], Piece]] = {
    Api.CHAT: read_chat,
    Api.MESSAGES: read_message,
}
"""The APIs whose cut streams can be gone on with."""


class Shown:
    """Follows what goes to the client; reads it when it is asked for, or grows too large."""

    def __init__(self, api: Api) -> None:
        self.plain = True
        """Whether all that was shown is plain text, and all of it is kept."""
        self.id: object = None
        """The first event's own (`id` of Chat Completions): the client keeps it."""
        self.created: object = None
        self.closed = False
        """Whether the client was told that the text's block is over."""
        self.stopped = False
        """Whether the client was told why the answer has ended."""
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
        self.id = self.id or event.get("id")
        self.created = self.created or event.get("created")
        self.closed = self.closed or piece.ends
        self.stopped = self.stopped or event.get("type") == "message_delta"
        self._texts.append(piece.text)
        size = size_of(piece.text)
        self._size += size or 0
        if piece.foreign or size is None or self._size > MOST_TEXT:
            self.spoil()


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
