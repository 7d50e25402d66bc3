"""What an answer's bytes can say, in words that all dialects share.

The files of the dialects (`chat`, `messages`, `responses`, `gemini`) read events and whole bodies
into these; nothing here knows a dialect.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from proxy.model import Usage

Tree = dict[str, object]
"""A decoded JSON object of which no shape is known."""


class Signals:
    """What the bytes of one streamed answer have said so far."""

    __slots__ = (
        "content",
        "done",
        "failed",
        "garbled",
        "overflow",
        "progress",
        "reason",
        "terminal",
        "usage",
    )

    def __init__(self) -> None:
        self.progress = 0
        """Grows with events that are progress or content: what feeds the stall limit."""
        self.content = False
        """Whether something came that a client shows or acts on."""
        self.terminal = False
        """Whether the dialect's proof of completeness has come."""
        self.done = False
        """Whether nothing more is to come: terminal, and the end marker (`[DONE]`) came too."""
        self.failed: bytes | None = None
        """The payload of the first event that says that the answer failed."""
        self.garbled = 0
        """Events that were dropped because they could not be read."""
        self.overflow = False
        """Whether one event was too large to be kept."""
        self.reason = ""
        """Why it ended, in the provider's word."""
        self.usage: Usage | None = None

    @property
    def empty(self) -> bool:
        """Whether it came to its end without content, and without a reason that explains it."""
        return self.terminal and not self.content and self.reason.lower() in _ORDINARY

    def fail(self, payload: bytes) -> None:
        """Take note of an event that says that the answer failed."""
        if self.failed is None:
            self.failed = payload

    def count(self, usage: Usage | None) -> None:
        """Take note of tokens; counts only grow, and some events tell only one of them."""
        if usage is not None:
            old = self.usage or Usage()
            self.usage = Usage(
                input=max(old.input, usage.input), output=max(old.output, usage.output)
            )


@dataclass(frozen=True, slots=True)
class Plain:
    """How to tell, in C and without a look at each, that events are content and nothing else.

    Such an event is one of `prefixes` and a payload that `decode` takes; it raises
    `msgspec.DecodeError` for every event that says more, or cannot be read.
    """

    prefixes: frozenset[bytes]
    decode: Callable[[bytes], object]
    mark: bytes = b""
    """What stands before the text that alone differs from event to event; empty: unknown."""


NEVER_PLAIN = Plain(frozenset(), msgspec.json.decode)
"""Each event must be looked at."""


class Reader(Protocol):
    """Reads the events of one streamed answer in its dialect."""

    @property
    def plain(self) -> Plain:
        """What a plain event looks like."""

    def read(self, name: bytes, payload: bytes, signals: Signals) -> bool:
        """Take one event: its name (empty where it has none) and payload. False: unreadable."""

    def close(self, signals: Signals) -> None:
        """Take the end marker."""


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole answer says of itself. A Struct: it is made five times as fast."""

    content: bool
    """Whether it holds what the client asked for."""
    reason: str | None = None
    """Why it ended: the finish, stop or block reason, where one is said."""
    failed: bytes | None = None
    """What says that it failed all the same: an error's JSON, or the reason that means one."""
    usage: Usage | None = None


_ORDINARY = frozenset({"", "stop", "end_turn", "stop_sequence", "completed"})
"""Reasons of an answer that has said all; safety, length, a refusal explain an empty one."""
_FAILURES = frozenset(
    {"abort", "aborted", "cancelled", "insufficient_system_resource", "timeout"}
    | {"malformed_model_output"}
)
"""Finish reasons of vLLM, DeepSeek, Cohere and Bedrock that mean a broken answer."""


def is_failure(reason: str) -> bool:
    """Whether a finish reason says that the answer broke.

    `error` stands alone or in a compound (`error_finish`, `network_error`). A reason that is not
    known otherwise ends an answer as well as `stop`: providers invent new ones.
    """
    reason = reason.lower()
    return "error" in reason or reason in _FAILURES


def tree(value: object) -> Tree:
    """Return a JSON object, empty where the value is none."""
    return value if isinstance(value, dict) else {}


def tokens(count: object) -> int:
    """Return a count of tokens as a number, 0 where it is none."""
    return count if isinstance(count, int) else 0
