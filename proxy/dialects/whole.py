"""Read a whole answer that came with a good status: 2xx is not success yet."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from proxy.dialects.chat import ChatCounts, is_usual_chat, whole_chat
from proxy.dialects.encoding import bounded_decode, encoding_of
from proxy.dialects.gemini import GeminiCounts, whole_gemini
from proxy.dialects.messages import MessageCounts, whole_message
from proxy.dialects.responses import ResponseCounts, whole_response
from proxy.dialects.shape import Shape, is_json
from proxy.dialects.signals import Whole, tokens
from proxy.model import Api, Headers, Usage

__all__ = ["Whole", "is_usual", "read_whole", "usage_of"]


class _Vector(msgspec.Struct):
    """One embedding, of which nothing is looked at: its numbers are many."""


class _Counts(msgspec.Struct):
    prompt_tokens: object = None


class _EmbeddingCounts(msgspec.Struct):
    counts: _Counts | None = msgspec.field(default=None, name="usage")

    def usage(self) -> Usage | None:
        counts = self.counts
        return None if counts is None else Usage(input=tokens(counts.prompt_tokens))


class _Embeddings(_EmbeddingCounts):
    data: list[_Vector] | None = None
    error: object = None


class _Json(msgspec.Struct):
    error: object = None


CHAT = Api.CHAT
"""A name for each answer to go by."""
MOST_COUNTED = 1024 * 1024
"""Bytes of a compressed answer that is unpacked for its tokens only."""
_COUNTS: Mapping[Api, Shape[Any]] = {
    Api.CHAT: Shape(ChatCounts),
    Api.COMPLETIONS: Shape(ChatCounts),
    Api.RESPONSES: Shape(ResponseCounts),
    Api.MESSAGES: Shape(MessageCounts),
    Api.GEMINI: Shape(GeminiCounts),
    Api.EMBEDDINGS: Shape(_EmbeddingCounts),
}
_EMBEDDINGS = Shape(_Embeddings)
_JSON = Shape(_Json)


def is_usual(api: Api, body: bytes) -> bool:
    """Whether a whole answer has content, and a usual reason to end: known at a glance."""
    return api is CHAT and is_usual_chat(body)


def usage_of(api: Api, headers: Headers, body: bytes) -> Usage | None:
    """Return the tokens that a whole answer tells; None where it tells none, or is not read."""
    counts = _COUNTS.get(api)
    if counts is None:
        return None
    if not body.startswith(b"{") and encoding_of(headers):
        decoded = bounded_decode(headers, body, MOST_COUNTED)
        if decoded is None or len(decoded) == MOST_COUNTED:
            return None
        body = decoded
    told = counts.load(body)
    return None if told is None else told.usage()


def read_whole(api: Api, body: bytes) -> Whole | None:
    """Return what a whole answer says; None where it is not JSON.

    JSON of another form than the API's has no content. Of an API whose answers may be any bytes
    nothing is said: they are content.
    """
    if api is Api.OPAQUE:
        return Whole(content=bool(body))
    read = _READERS[api](body)
    if read is None and is_json(body):
        return Whole(content=api is Api.JSON)
    return read


def _whole_embeddings(body: bytes) -> Whole | None:
    answer = _EMBEDDINGS.load(body)
    if answer is None:
        return None
    return Whole(
        content=bool(answer.data),
        failed=body if answer.error else None,
        usage=answer.usage(),
    )


def _whole_json(body: bytes) -> Whole | None:
    answer = _JSON.load(body)
    return None if answer is None else Whole(content=True, failed=body if answer.error else None)


_READERS: Mapping[Api, Callable[[bytes], Whole | None]] = {
    Api.CHAT: whole_chat,
    Api.COMPLETIONS: whole_chat,
    Api.RESPONSES: whole_response,
    Api.MESSAGES: whole_message,
    Api.GEMINI: whole_gemini,
    Api.EMBEDDINGS: _whole_embeddings,
    Api.JSON: _whole_json,
}
