"""Google Gemini: what its answers say."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from proxy.dialects.shape import Shape
from proxy.dialects.signals import Plain, Signals, Whole, is_failure, tokens, tree
from proxy.model import Usage

_NO_CONTENT = frozenset({"thought", "thoughtSignature"})
"""What a part may carry beside what it says."""


class _Candidate(msgspec.Struct):
    index: object = 0
    content: object = None
    finish: object = msgspec.field(default=None, name="finishReason")

    def is_content(self) -> bool:
        parts = tree(self.content).get("parts")
        return isinstance(parts, list) and any(
            value for part in parts for key, value in tree(part).items() if key not in _NO_CONTENT
        )

    def is_failed(self) -> bool:
        return isinstance(self.finish, str) and is_failure(self.finish)


class _Counts(msgspec.Struct, rename="camel"):
    prompt_token_count: object = None
    tool_use_prompt_token_count: object = None
    candidates_token_count: object = None
    thoughts_token_count: object = None


class GeminiCounts(msgspec.Struct):
    """What is looked at where only the tokens are."""

    counts: _Counts | None = msgspec.field(default=None, name="usageMetadata")

    def usage(self) -> Usage | None:
        """Return them as one pair."""
        counts = self.counts
        if counts is None:
            return None
        return Usage(
            input=tokens(counts.prompt_token_count) + tokens(counts.tool_use_prompt_token_count),
            output=tokens(counts.candidates_token_count) + tokens(counts.thoughts_token_count),
        )


class _Answer(GeminiCounts):
    """An event of a stream, or a whole body: they are the same."""

    candidates: list[_Candidate] | None = None
    error: object = None
    feedback: object = msgspec.field(default=None, name="promptFeedback")

    def each(self) -> Iterator[_Candidate]:
        return iter(self.candidates or ())

    def is_failed(self) -> bool:
        return bool(self.error) or any(candidate.is_failed() for candidate in self.each())

    def blocked(self) -> object:
        """Why the prompt was blocked: a whole answer, with nothing in it."""
        return tree(self.feedback).get("blockReason")


class _PlainContent(msgspec.Struct):
    """Any object: what it says does not matter any more."""


class _PlainCandidate(msgspec.Struct):
    content: _PlainContent
    index: Literal[0] = 0
    finish: None = msgspec.field(default=None, name="finishReason")


class _PlainAnswer(msgspec.Struct):
    candidates: Annotated[list[_PlainCandidate], msgspec.Meta(min_length=1)]
    error: None = None
    feedback: None = msgspec.field(default=None, name="promptFeedback")


_ANSWER = Shape(_Answer)


def _load(payload: bytes) -> _Answer | None:
    """Decode an answer; Google also sends an error as a list of one."""
    if payload.startswith(b"[") and payload.endswith(b"]"):
        payload = payload[1:-1]
    return _ANSWER.load(payload)


_PLAIN = Plain(
    frozenset({b"data: "}),
    msgspec.json.Decoder(_PlainAnswer).decode,
    b'"text": "',
)


class GeminiReader:
    """Reads one streamed answer: whole when each candidate has its finish reason."""

    __slots__ = ("_finished", "_seen", "plain")

    def __init__(self) -> None:
        self.plain = _PLAIN
        self._seen: set[str] = set()
        self._finished: set[str] = set()

    def read(self, name: bytes, payload: bytes, signals: Signals) -> bool:
        """Take one event."""
        answer = _load(payload)
        if name == b"error" or (answer is not None and answer.is_failed()):
            signals.fail(payload)
            return True
        if answer is None:
            return False
        signals.count(answer.usage())
        signals.progress += bool(answer.candidates)
        for candidate in answer.each():
            signals.content = signals.content or candidate.is_content()
            self._seen.add(str(candidate.index))
            if candidate.finish:
                self._finished.add(str(candidate.index))
                signals.reason = str(candidate.finish)
        if blocked := answer.blocked():
            signals.reason = str(blocked)
        if blocked or (self._finished and self._finished == self._seen):
            signals.terminal = True
        return True

    def close(self, signals: Signals) -> None:
        """Take a `[DONE]` that does not belong here: it proves nothing."""


def whole_gemini(body: bytes) -> Whole | None:
    """Read a whole answer; the reason of a blocked prompt counts as its reason."""
    answer = _load(body.strip())
    if answer is None:
        return None
    reasons = [candidate.finish for candidate in answer.each() if candidate.finish]
    reason = answer.blocked() or (reasons[0] if reasons else None)
    return Whole(
        content=any(candidate.is_content() for candidate in answer.each()),
        reason=str(reason) if reason else None,
        failed=body if answer.is_failed() else None,
        usage=answer.usage(),
    )
