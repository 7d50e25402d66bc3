"""Anthropic Messages: what its answers say."""

from typing import Literal

import msgspec

from proxy.dialects.shape import Shape
from proxy.dialects.signals import Plain, Signals, Whole, is_failure, tokens, tree
from proxy.model import Usage

_PROGRESS = frozenset(
    {"message_start", "content_block_start", "content_block_stop", "message_delta"}
)


class _Counts(msgspec.Struct):
    input_tokens: object = None
    cache_creation_input_tokens: object = None
    cache_read_input_tokens: object = None
    output_tokens: object = None

    def usage(self) -> Usage:
        """Sum up: Anthropic counts cached input apart, the other dialects count it in."""
        cached = tokens(self.cache_creation_input_tokens) + tokens(self.cache_read_input_tokens)
        return Usage(input=tokens(self.input_tokens) + cached, output=tokens(self.output_tokens))


class _Message(msgspec.Struct):
    counts: _Counts | None = msgspec.field(default=None, name="usage")


class MessageCounts(msgspec.Struct):
    """What is looked at where only the tokens are."""

    message: _Message | None = None
    counts: _Counts | None = msgspec.field(default=None, name="usage")

    def usage(self) -> Usage | None:
        """Return them as one pair."""
        counts = self.message.counts if self.message is not None else self.counts
        return None if counts is None else counts.usage()


class _Answer(MessageCounts):
    """An event of a stream, or a whole body."""

    type: str = ""
    delta: object = None
    content: object = None
    stop_reason: object = None
    error: object = None

    def is_failed(self) -> bool:
        return self.type == "error" or bool(self.error)


class _PlainEvent(msgspec.Struct):
    type: Literal["content_block_delta"]
    error: None = None


_ANSWER = Shape(_Answer)
_PLAIN = Plain(
    frozenset({b"event: content_block_delta\ndata: "}),
    msgspec.json.Decoder(_PlainEvent).decode,
    b'"text":"',
)


class MessagesReader:
    """Reads one streamed answer: only `message_stop` proves that it is whole."""

    __slots__ = ("plain",)

    def __init__(self) -> None:
        self.plain = _PLAIN

    def read(self, name: bytes, payload: bytes, signals: Signals) -> bool:
        """Take one event."""
        event = _ANSWER.load(payload)
        if name == b"error" or (event is not None and event.is_failed()):
            signals.fail(payload)
            return True
        if event is None:
            return False
        signals.count(event.usage())
        if event.type == "content_block_delta":
            signals.progress += 1
            delta = tree(event.delta)
            # Text, thinking, JSON, a signature, a citation: whatever stands beside the type.
            if any(value for key, value in delta.items() if key != "type"):
                signals.content = True
        elif event.type == "message_delta":
            signals.reason = str(tree(event.delta).get("stop_reason") or "")
        elif event.type == "message_stop":
            signals.terminal = True
        signals.progress += event.type in _PROGRESS
        return True

    def close(self, signals: Signals) -> None:
        """Take a `[DONE]` that does not belong here: it proves nothing."""


def whole_message(body: bytes) -> Whole | None:
    """Read a whole answer."""
    answer = _ANSWER.load(body)
    if answer is None:
        return None
    reason = str(answer.stop_reason) if answer.stop_reason else None
    failed = answer.is_failed() or (reason is not None and is_failure(reason))
    return Whole(
        content=bool(answer.content),
        reason=reason,
        failed=body if failed else None,
        usage=answer.usage(),
    )
