"""Read a whole answer that came with a good status: 2xx is not success yet."""

from collections.abc import Callable, Mapping

import msgspec

from proxy.dialects.chat import is_usual_chat, whole_chat
from proxy.dialects.gemini import whole_gemini
from proxy.dialects.messages import whole_message
from proxy.dialects.responses import whole_response
from proxy.dialects.shape import Shape, is_json
from proxy.dialects.signals import Whole, tokens
from proxy.model import Api, Usage

__all__ = ["Whole", "is_usual", "read_whole"]


class _Vector(msgspec.Struct):
    """One embedding, of which nothing is looked at: its numbers are many."""


class _Counts(msgspec.Struct):
    prompt_tokens: object = None


class _Embeddings(msgspec.Struct):
    data: list[_Vector] | None = None
    error: object = None
    usage: _Counts | None = None


class _Json(msgspec.Struct):
    error: object = None


CHAT = Api.CHAT
"""A name for each answer to go by."""
_EMBEDDINGS = Shape(_Embeddings)
_JSON = Shape(_Json)


def is_usual(api: Api, body: bytes) -> bool:
    """Whether a whole answer has content, and a usual reason to end: known at a glance."""
    return api is CHAT and is_usual_chat(body)


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
    counts = answer.usage
    return Whole(
        content=bool(answer.data),
        failed=body if answer.error else None,
        usage=None if counts is None else Usage(input=tokens(counts.prompt_tokens)),
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
