"""Make what is sent to one target out of what the client sent.

The body's bytes stay as they are but for one named rule: where the target serves another model
than the one asked for, the model's name is replaced in place. A translation to another dialect
will have its place here. Which target is right is not known here.

A body is read asynchronously, so the spliced body's `chunks` is the one generator of this room
that is `async`; nothing in it waits for anything but the body itself.
"""

from collections.abc import AsyncIterator
from urllib.parse import quote

import msgspec

from proxy.model import Ask, Body, Dialect, Refusal, Splice, Target

_VERSION = {Dialect.OPENAI: "/v1", Dialect.ANTHROPIC: "/v1", Dialect.GEMINI: "/v1beta"}
"""What stands in a normal path where a backend's URL has its own."""
_UPLOAD = "/upload"
"""What Google's uploads have before the version."""


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent to one target. A Struct: it is made in a third of the time."""

    target: bytes
    """Path and query, as they stand in the request line."""
    body: Body


def render(ask: Ask, body: Body, target: Target) -> Rendered:
    """Return path, query and body for `target`. A body that names no model stays as it is."""
    path, served = ask.path, target.served_model(ask.model)
    if served is not None and served != ask.model and ask.model_at is not None:
        start, end = ask.model_at
        if ask.model_in_path:
            path = path[:start] + quote(served, safe="/@") + path[end:]
        else:
            splice = Splice(start=start, end=end, data=msgspec.json.encode(served))
            body = Spliced(body, splice)
    path = _behind(target.backend.url.path, path, _VERSION[ask.dialect])
    query = f"?{ask.query}" if ask.query else ""
    return Rendered(target=(path + query).encode("ascii"), body=body)


def _behind(base: str, path: str, version: str) -> str:
    """Put a backend's own path where the version stands; a path at the host's root stays."""
    before, found, rest = path.partition(version)
    return before + base + rest if found and before in {"", _UPLOAD} else path


class Spliced:
    """A body with one replacement; as replayable as the body that it is made of."""

    __slots__ = ("_body", "_data", "_splice")

    def __init__(self, body: Body, splice: Splice) -> None:
        self._body = body
        self._splice = splice
        self._data: bytes | None = None

    @property
    def size(self) -> int | None:
        """Bytes in all."""
        size, splice = self._body.size, self._splice
        return None if size is None else size - (splice.end - splice.start) + len(splice.data)

    @property
    def replayable(self) -> bool:
        """Whether the body can be read again from its start."""
        return self._body.replayable

    @property
    def data(self) -> bytes | None:
        """The whole body where it lies in memory; put together once."""
        if self._data is None:
            data, splice = self._body.data, self._splice
            if data is not None:
                self._data = b"".join((data[: splice.start], splice.data, data[splice.end :]))
        return self._data

    @property
    def refusal(self) -> Refusal | None:
        """What to tell a client that did not deliver the body as it should."""
        return self._body.refusal

    async def chunks(self) -> AsyncIterator[bytes]:
        """Read the body from its start; the replacement comes with the chunk where it begins."""
        splice, offset = self._splice, 0
        async for chunk in self._body.chunks():
            before = chunk[: max(splice.start - offset, 0)]
            after = chunk[max(splice.end - offset, 0) :]
            here = offset <= splice.start < offset + len(chunk)
            piece = before + (splice.data if here else b"") + after
            offset += len(chunk)
            if piece:
                yield piece
