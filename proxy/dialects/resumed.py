"""The bytes of an answer that goes on where another was cut: held to the seam, then fitted.

Until the seam is joined nothing of the new stream may go on. From then on its events do, fitted to
what the client already has: no second beginning, the first ids and numbers, the open block, the
event at the boundary split, the text where it is told again as a whole, and the usage of the text
that was shown. Which backend speaks is not known here.
"""

import json
from collections.abc import Callable, Mapping

from proxy.dialects.chat import ChatReader
from proxy.dialects.gate import State
from proxy.dialects.messages import MessagesReader
from proxy.dialects.pieces import READERS, Piece, answer_of, is_first, message_of, parts_of
from proxy.dialects.responses import ResponsesReader
from proxy.dialects.seam import Seam
from proxy.dialects.seam import State as Joint
from proxy.dialects.shown import Shown, frames, load, size_of
from proxy.dialects.signals import Reader, Tree, tree
from proxy.dialects.sse import parse
from proxy.dialects.watch import MOST_EVENT, EventWatch
from proxy.model import Api

BYTES_PER_TOKEN = 4
"""The usual rule of thumb: four letters of English, one character of Chinese and a bit."""
_WATCHERS: Mapping[Api, Callable[[], Reader]] = {
    Api.CHAT: lambda: ChatReader(1),
    Api.MESSAGES: MessagesReader,
    Api.RESPONSES: ResponsesReader,
}
_CLOSE = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
_INPUT = ("prompt_tokens", "input_tokens")
_OUTPUT = ("completion_tokens", "output_tokens")


def tokens_of(text: str) -> int:
    """Estimate how many tokens a text is; a tokenizer for each model would be no better."""
    return -(-(size_of(text) or 0) // BYTES_PER_TOKEN)


class ResumedWatch(EventWatch):
    """Follows the new stream, and makes of its events those that go on."""

    __slots__ = ("_kept", "_message", "_note", "_piece_of", "_told", "seam")

    def __init__(self, api: Api, shown: Shown, seam: Seam, note: bytes) -> None:
        """`note` is the comment that goes down at the seam."""
        super().__init__(api, _WATCHERS[api]())
        self.seam = seam
        self._piece_of = READERS[api]
        self._note = note
        self._kept, self._told = dict(shown.kept), frozenset(shown.told)
        self._message = Message(shown) if api is Api.RESPONSES else None

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return the fitted events that may go on."""
        return self._fit(super().feed(data))

    def end(self) -> bytes:
        """Take note that no more bytes come."""
        return self._fit(super().end())

    def _fit(self, data: bytes) -> bytes:
        return b"".join(map(self._fit_one, frames(data)))

    def _fit_one(self, frame: bytes) -> bytes:
        name, payload = parse(frame)
        joined = self.seam.state is Joint.JOINED
        if self.failed is not None and not joined:
            return b""  # it has failed: nothing is compared any more
        if payload is None or not payload.strip() or payload == self.failed:
            return frame if joined else b""
        event = load(payload)
        if event is not None:
            piece = self._piece_of(event)
            return self._rewrite(name, piece) if joined else self._approach(name, piece)
        if not joined:
            self.seam.state = Joint.FAILED  # what it says cannot be compared
        return frame if joined else b""

    def _approach(self, name: bytes, piece: Piece) -> bytes:
        """Compare; at the boundary return the note, and of the event what stands behind it."""
        seam = self.seam
        if seam.state is Joint.FAILED:
            return b""
        rest = seam.take(piece.text) if piece.text else ""
        if piece.ends and seam.state is Joint.OPEN:
            seam.end()
        if piece.foreign or (rest and self._told):
            seam.state = Joint.FAILED
        if seam.state is not Joint.JOINED:
            return b""
        if piece.text:
            _say(piece.event, rest)
            piece.text = rest
        note = self._note
        if piece.event.get("type") == "message_delta" and not self._told:
            note += _CLOSE  # the new answer had nothing to say, not even a block
        return note + self._rewrite(name, piece)

    def _rewrite(self, name: bytes, piece: Piece) -> bytes:
        """Return an event as the client has to see it; nothing where it was told before."""
        event = piece.event
        if piece.ends and not piece.foreign and str(event.get("type")) in self._told:
            return b""
        answer = answer_of(event)
        answer.update((key, kept) for key, kept in self._kept.items() if key in answer)
        self._count_shown(tree(answer.get("usage")))
        if self._message is not None:
            self._message.fit(piece)
            self.overflow = self.overflow or self._message.size > MOST_EVENT
        line = b"event: %b\n" % name if name else b""
        return line + b"data: %b\n\n" % json.dumps(event, separators=(",", ":")).encode()

    def _count_shown(self, usage: Tree) -> None:
        """Count the shown text as said and not as asked; the sum stays the provider's."""
        extra = tokens_of(self.seam.unsaid)
        for key in _INPUT:
            count = usage.get(key)
            if isinstance(count, int):
                extra = min(extra, count)
                usage[key] = count - extra
        for key in _OUTPUT:
            count = usage.get(key)
            if isinstance(count, int):
                usage[key] = count + extra


class Message:
    """The one message of a Responses stream, of which the client has the beginning.

    Its id, the number of its last event, and all of its text: the API tells it again as a whole.
    """

    __slots__ = ("_id", "_number", "_texts", "size")

    def __init__(self, shown: Shown) -> None:
        self._id, self._number = shown.item, shown.number
        self._texts = [shown.text]
        self.size = len(shown.text)
        """Characters. No event could tell more of them than `MOST_EVENT`."""

    def fit(self, piece: Piece) -> None:
        """Fit one event that goes on."""
        event = piece.event
        if self._number is not None:
            self._number += 1
            event["sequence_number"] = self._number
        self._texts.append(piece.text)
        self.size += len(piece.text)
        if self._id is not None and not event.get("output_index"):
            self._name(event)
        if piece.ends and is_first(event):
            self._tell_whole(event)

    def _name(self, event: Tree) -> None:
        if "item_id" in event:
            event["item_id"] = self._id
        message = message_of(event)
        if message:
            message["id"] = self._id

    def _tell_whole(self, event: Tree) -> None:
        parts = [part for part in parts_of(event)[:1] if part.get("type") == "output_text"]
        for told in (event, *parts):
            if isinstance(told.get("text"), str):
                told["text"] = self._text()
        answer = answer_of(event)
        if isinstance(answer.get("output_text"), str):  # some servers tell it once more
            answer["output_text"] = self._text()

    def _text(self) -> str:
        self._texts = ["".join(self._texts)]
        return self._texts[0]


class SeamGate:
    """Holds a resumed stream to its seam; whatever goes wrong before it is a failure."""

    __slots__ = ("_progress", "held", "watch")

    def __init__(self, watched: ResumedWatch) -> None:
        self.watch: ResumedWatch = watched
        self.held: list[bytes] = []
        self._progress = 0

    @property
    def mismatched(self) -> bool:
        """Whether the answer was another than the one that was shown."""
        return self.watch.seam.state is Joint.FAILED

    def feed(self, data: bytes) -> State:
        """Take the next bytes."""
        watched = self.watch
        kept = watched.feed(data)
        if watched.failed is not None or watched.overflow or watched.garbled or self.mismatched:
            return State.FAILED
        if kept:
            self.held.append(kept)
        if watched.seam.state is Joint.JOINED:
            return State.READY
        moved, self._progress = watched.progress != self._progress, watched.progress
        return State.MOVING if moved and watched.content else State.HOLD


def _say(event: Tree, text: str) -> None:
    """Have an event say `text`, and not begin a turn."""
    choices = event.get("choices")
    if isinstance(choices, list):
        delta = tree(tree(choices[0]).get("delta"))
        delta.pop("role", None)
        delta["content"] = text
    elif isinstance(event.get("delta"), str):
        event["delta"] = text
    else:
        tree(event.get("delta"))["text"] = text
