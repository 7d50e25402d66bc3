"""Read what the client wants: the Ask.

Knows what ties the calls of one conversation together. What comes of it is policy's business.
"""

import msgspec

from proxy.dialects.peek import Peeked
from proxy.dialects.recognise import Recognition
from proxy.dialects.told import brief, digest
from proxy.model import Api, Ask, Headers, Operation, changed

STATEFUL = Operation.STATEFUL
"""A name for each request to go by."""


def read_ask(recognition: Recognition, headers: Headers, *, method: str, client: str) -> Ask:
    """Put together what a head says of what routing needs to know; `with_body` adds the rest."""
    told = recognition.told
    if recognition.key is not None:
        headers = (*headers, (b"x-goog-api-key", recognition.key.reveal().encode()))
    ask = Ask(
        dialect=recognition.dialect,
        api=recognition.api,
        operation=recognition.operation,
        method=method,
        path=recognition.path,
        query=recognition.query,
        headers=headers,
        client=client,
        model=recognition.model,
        model_at=recognition.model_at,
        model_in_path=recognition.model_at is not None,
        stream=recognition.stream,
    )
    return changed(
        ask,
        sticky=told.session,
        timeout=told.timeout,
        read_timeout=told.read_timeout,
        resend=told.resend,
        no_failover=told.no_failover,
        backend=told.backend,
    )


def with_body(ask: Ask, peeked: Peeked | None, size: int) -> Ask:
    """Return the ask of a head, and of its body too; `peeked` is None where it was not looked at.

    A head may come again and again: only what the body says is put into its ask.
    """
    if peeked is None:
        return changed(ask, size=size)
    model, model_at = ask.model, ask.model_at
    if not ask.model_in_path:
        model, model_at = peeked.model or model, peeked.model_at
    return changed(
        ask,
        operation=STATEFUL if peeked.stateful else ask.operation,
        model=model,
        model_at=model_at,
        stream=ask.stream or peeked.stream,
        size=size,
        sticky=ask.sticky or brief(peeked.cache_key),
        choices=peeked.choices,
    )


def sticky_key(ask: Ask, body: bytes | None) -> str | None:
    """Return what ties this call to its conversation, None where nothing does.

    What the client says itself, else a hash of the system prompt and the first turn: both stay the
    same while a conversation grows. Read only where a route has several equals to choose from.
    """
    if ask.sticky is not None:
        return ask.sticky
    if body is None:
        return None
    try:
        opening = _OPENINGS[ask.api](body)
    except (KeyError, ValueError, msgspec.DecodeError, RecursionError):
        return None
    return digest(opening) if opening else None


class _Turn(msgspec.Struct):
    role: str = ""
    content: msgspec.Raw = msgspec.Raw()


class _Chat(msgspec.Struct):
    messages: list[_Turn]


class _Messages(msgspec.Struct):
    messages: list[msgspec.Raw]
    system: msgspec.Raw = msgspec.Raw()


class _Responses(msgspec.Struct):
    input: str | list[msgspec.Raw]
    instructions: str | None = None


class _Gemini(msgspec.Struct):
    contents: list[msgspec.Raw]
    system: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="systemInstruction")


def _chat(body: bytes) -> bytes:
    opening = b""
    for turn in _CHAT.decode(body).messages:
        opening += bytes(turn.content) + b"\n"
        if turn.role not in {"system", "developer"}:
            break
    return opening


def _messages(body: bytes) -> bytes:
    read = _MESSAGES.decode(body)
    return b"\n".join(map(bytes, (read.system, *read.messages[:1])))


def _responses(body: bytes) -> bytes:
    read = _RESPONSES.decode(body)
    first = read.input.encode() if isinstance(read.input, str) else b"".join(read.input[:1])
    return (read.instructions or "").encode() + b"\n" + first


def _gemini(body: bytes) -> bytes:
    read = _GEMINI.decode(body)
    return b"\n".join(map(bytes, (read.system, *read.contents[:1])))


_CHAT = msgspec.json.Decoder(_Chat)
_MESSAGES = msgspec.json.Decoder(_Messages)
_RESPONSES = msgspec.json.Decoder(_Responses)
_GEMINI = msgspec.json.Decoder(_Gemini)
_OPENINGS = {
    Api.CHAT: _chat,
    Api.MESSAGES: _messages,
    Api.RESPONSES: _responses,
    Api.GEMINI: _gemini,
}
