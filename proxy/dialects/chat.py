"""OpenAI Chat Completions, and the legacy Completions with it: what their answers say.

Knows what the many servers that call themselves compatible make of the same fields.
"""

from typing import Annotated, Literal

import msgspec

from proxy.dialects.shape import Shape
from proxy.dialects.signals import NEVER_PLAIN, Plain, Signals, Whole, is_failure, tokens
from proxy.model import Usage


class _Said(msgspec.Struct):
    """What a client shows or acts on; `reasoning*` are those of DeepSeek, vLLM, OpenRouter."""

    content: object = None
    reasoning_content: object = None
    reasoning: object = None
    reasoning_details: object = None
    tool_calls: object = None
    function_call: object = None
    refusal: object = None
    audio: object = None
    images: object = None

    def is_content(self) -> bool:
        return bool(
            self.content
            or self.reasoning_content
            or self.reasoning
            or self.reasoning_details
            or self.tool_calls
            or self.function_call
            or self.refusal
            or self.audio
            or self.images
        )


class _Choice(msgspec.Struct):
    index: object = 0
    delta: _Said | None = None
    message: _Said | None = None
    text: object = None
    finish_reason: object = None
    error: object = None

    def is_content(self) -> bool:
        said = self.delta or self.message
        return bool(self.text) or (said is not None and said.is_content())

    def is_failed(self) -> bool:
        reason = self.finish_reason
        return bool(self.error) or (isinstance(reason, str) and is_failure(reason))


class _Counts(msgspec.Struct):
    prompt_tokens: object = None
    completion_tokens: object = None


class ChatCounts(msgspec.Struct):
    """What is looked at where only the tokens are."""

    counts: _Counts | None = msgspec.field(default=None, name="usage")

    def usage(self) -> Usage | None:
        """Return them as one pair."""
        counts = self.counts
        if counts is None:
            return None
        return Usage(input=tokens(counts.prompt_tokens), output=tokens(counts.completion_tokens))


class _Answer(ChatCounts):
    """An event of a stream, or a whole body: they differ in `delta` and `message` only."""

    choices: list[_Choice] | None = None
    error: object = None
    kind: object = msgspec.field(default=None, name="object")
    type: object = None

    def is_failed(self) -> bool:
        """Whether it is an error: in an envelope, or flat as Mistral and vLLM have it."""
        if self.error or (not self.choices and "error" in {str(self.kind), str(self.type)}):
            return True
        return any(map(_Choice.is_failed, self.choices or ()))


class _PlainChoice(msgspec.Struct):
    index: Literal[0] = 0
    finish_reason: None = None
    error: None = None


class _PlainAnswer(msgspec.Struct):
    choices: Annotated[list[_PlainChoice], msgspec.Meta(min_length=1)]
    error: None = None


class _UsualMessage(msgspec.Struct):
    content: str | None = None
    tool_calls: list[object] | None = None


class _UsualChoice(msgspec.Struct):
    message: _UsualMessage
    finish_reason: Literal["stop", "length", "tool_calls"]
    delta: None = None
    error: None = None


class _UsualAnswer(msgspec.Struct):
    """A whole answer as nearly all are: nothing in it says that it failed."""

    choices: list[_UsualChoice]
    error: None = None


_ANSWER = Shape(_Answer)
_USUAL = Shape(_UsualAnswer)
_PLAIN = Plain(
    frozenset({b"data: "}),
    msgspec.json.Decoder(_PlainAnswer).decode,
    b'"content":"',
)


class ChatReader:
    """Reads one streamed answer: it is whole when each choice has its finish reason."""

    __slots__ = ("_asked", "_finished", "_seen", "plain")

    def __init__(self, choices: int) -> None:
        self.plain = _PLAIN if choices == 1 else NEVER_PLAIN
        self._asked = choices
        self._seen: set[str] = set()
        self._finished: set[str] = set()

    def read(self, name: bytes, payload: bytes, signals: Signals) -> bool:
        """Take one event."""
        answer = _ANSWER.load(payload)
        if name == b"error" or (answer is not None and answer.is_failed()):
            signals.fail(payload)
            return True
        if answer is None:
            return False
        signals.count(answer.usage())
        signals.progress += bool(answer.choices)
        for choice in answer.choices or ():
            signals.content = signals.content or choice.is_content()
            self._seen.add(str(choice.index))
            if choice.finish_reason:
                self._finished.add(str(choice.index))
                signals.reason = str(choice.finish_reason)
        if self._finished and len(self._finished) >= max(self._asked, len(self._seen)):
            signals.terminal = True
        return True

    def close(self, signals: Signals) -> None:
        """Take `[DONE]`: no proof itself, but it says that no further choice will begin."""
        if self._finished and len(self._finished) == len(self._seen):
            signals.terminal = True


def is_usual_chat(body: bytes) -> bool:
    """Whether a whole answer has content and ended as most do; a third of `whole_chat`'s time."""
    answer = _USUAL.load(body)
    if answer is not None:
        for choice in answer.choices:
            if choice.message.content or choice.message.tool_calls:
                return True
    return False


def whole_chat(body: bytes) -> Whole | None:
    """Read a whole answer."""
    answer = _ANSWER.load(body)
    if answer is None:
        return None
    content = False
    reason: object = None
    for choice in answer.choices or ():
        content = content or choice.is_content()
        reason = reason or choice.finish_reason
    return Whole(
        content=content,
        reason=str(reason) if reason else None,
        failed=body if answer.is_failed() else None,
        usage=answer.usage(),
    )
