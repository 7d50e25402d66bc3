"""A good answer, taken apart so that a behaviour can break it anywhere.

Pure. It must never know a dialect, nor what is done to it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from proxy.model import Headers
from proxy.sim import framing

JSON = b"application/json"
SSE = b"text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A good answer. A unary one is a stream of one content event: its body."""

    headers: Headers
    """Without framing."""
    lead: tuple[bytes, ...] = ()
    """Events before the first content: a role, a start, a ping."""
    content: tuple[bytes, ...]
    """Events that a client shows or acts on: one a token."""
    closing: tuple[bytes, ...] = ()
    """Events after the last content, the terminal one among them."""
    stream: bool = False

    @property
    def events(self) -> tuple[bytes, ...]:
        """Return all events in their order."""
        return self.lead + self.content + self.closing

    @property
    def size(self) -> int:
        """Return the bytes of the body, without framing."""
        return sum(map(len, self.events))

    def begin(self, *more: tuple[bytes, bytes]) -> bytes:
        """Return the head, with the fields `more` behind its own."""
        length = (b"content-length", b"%d" % self.size)
        framed = (b"transfer-encoding", b"chunked") if self.stream else length
        return framing.head(200, (*self.headers, framed, *more))

    def frame(self, *events: bytes) -> bytes:
        """Return events as they go onto the wire: each a chunk, or (unary) as they are."""
        return b"".join(map(framing.chunk, events) if self.stream else events)

    def end(self) -> bytes:
        """Return what ends the body."""
        return framing.LAST_CHUNK if self.stream else b""

    def first(self, tokens: int) -> tuple[bytes, ...]:
        """Return the events up to that many tokens; of a unary answer the first half."""
        if not self.stream:
            return (self.content[0][: len(self.content[0]) // 2],)
        return self.lead + self.content[:tokens]

    def labelled(self, content_type: bytes) -> "Answer":
        """Return it under another content type."""
        others = tuple(f for f in self.headers if f[0] != b"content-type")
        return replace(self, headers=((b"content-type", content_type), *others))


def unary(value: object, headers: Headers = ()) -> Answer:
    """Return a JSON answer."""
    body = json.dumps(value).encode()
    return Answer(headers=((b"content-type", JSON), *headers), content=(body,))


def streamed(
    lead: Iterable[bytes], content: Iterable[bytes], closing: Iterable[bytes], headers: Headers
) -> Answer:
    """Return an event stream."""
    return Answer(
        headers=((b"content-type", SSE), (b"cache-control", b"no-cache"), *headers),
        lead=tuple(lead),
        content=tuple(content),
        closing=tuple(closing),
        stream=True,
    )


def event(value: Mapping[str, object], name: str | None = None) -> bytes:
    """Return one server-sent event with a JSON payload."""
    line = b"" if name is None else b"event: %b\n" % name.encode()
    return line + b"data: %b\n\n" % json.dumps(value, separators=(",", ":")).encode()
