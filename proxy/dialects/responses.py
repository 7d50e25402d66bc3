"""OpenAI Responses: what its answers say."""

from typing import Literal

import msgspec

from proxy.dialects.shape import Shape
from proxy.dialects.signals import Plain, Signals, Whole, tokens, tree
from proxy.model import Usage

_TERMINAL = frozenset({"response.completed", "response.incomplete"})
_FAILED = frozenset({"error", "response.failed"})
_PlainType = Literal[
    "response.audio.delta",
    "response.code_interpreter_call_code.delta",
    "response.custom_tool_call_input.delta",
    "response.function_call_arguments.delta",
    "response.output_text.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
]
_PLAIN_NAMES = (
    b"response.function_call_arguments.delta",
    b"response.output_text.delta",
    b"response.reasoning_summary_text.delta",
    b"response.reasoning_text.delta",
)


class _Counts(msgspec.Struct):
    input_tokens: object = None
    output_tokens: object = None


class ResponseCounts(msgspec.Struct):
    """What is looked at where only the tokens are."""

    counts: _Counts | None = msgspec.field(default=None, name="usage")

    def usage(self) -> Usage | None:
        """Return them as one pair."""
        counts = self.counts
        if counts is None:
            return None
        return Usage(input=tokens(counts.input_tokens), output=tokens(counts.output_tokens))


class _Response(ResponseCounts):
    """A whole body; of it the last event of a stream has a copy."""

    type: object = None
    error: object = None
    status: object = None
    output: object = None
    incomplete_details: object = None


class _Event(msgspec.Struct):
    type: str = ""
    delta: object = None
    item: object = None
    response: _Response | None = None
    error: object = None


class _PlainEvent(msgspec.Struct):
    type: _PlainType
    error: None = None


_EVENT = Shape(_Event)
_RESPONSE = Shape(_Response)
_PLAIN = Plain(
    frozenset(b"event: " + name + b"\ndata: " for name in _PLAIN_NAMES),
    msgspec.json.Decoder(_PlainEvent).decode,
)


class ResponsesReader:
    """Reads one streamed answer: `response.completed` and `response.incomplete` prove it whole."""

    __slots__ = ("plain",)

    def __init__(self) -> None:
        self.plain = _PLAIN

    def read(self, name: bytes, payload: bytes, signals: Signals) -> bool:
        """Take one event."""
        event = _EVENT.load(payload)
        if name == b"error" or (event is not None and (event.type in _FAILED or bool(event.error))):
            signals.fail(payload)
            return True
        if event is None:
            return False
        if event.response is not None:
            signals.count(event.response.usage())
        signals.content = signals.content or _is_content(event)
        if event.type in _TERMINAL:
            signals.terminal = True
            signals.reason = event.type.removeprefix("response.")
        signals.progress += event.type.startswith("response.")
        return True

    def close(self, signals: Signals) -> None:
        """Take a `[DONE]` that some compatible servers send: it proves nothing."""


def _is_content(event: _Event) -> bool:
    """Whether a client shows it or acts on it; a finished item counts, but for bare reasoning."""
    if event.type.endswith(".delta"):
        return bool(event.delta)
    if event.type == "response.output_item.done":
        return tree(event.item).get("type") != "reasoning"
    return event.type.endswith(".partial_image")


def whole_response(body: bytes) -> Whole | None:
    """Read a whole answer. One that is still queued, or was cancelled, is no failure."""
    answer = _RESPONSE.load(body)
    if answer is None:
        return None
    reason = tree(answer.incomplete_details).get("reason") or answer.status
    failed = bool(answer.error) or answer.status == "failed" or answer.type == "error"
    return Whole(
        content=bool(answer.output) or answer.status in {"queued", "in_progress"},
        reason=str(reason) if reason else None,
        failed=body if failed else None,
        usage=answer.usage(),
    )
