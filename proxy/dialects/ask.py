"""Read what the client wants: the Ask.

Knows the header fields with which SDKs tell their deadlines and re-sends, and what ties the calls
of one conversation together. What comes of it is policy's business.
"""

import hashlib
import math
import re
from functools import lru_cache

import msgspec

from proxy.dialects.peek import Peeked
from proxy.dialects.recognise import Recognition
from proxy.model import Api, Ask, Headers, Operation, Seconds, changed

_TIMEOUT = (b"x-stainless-timeout", b"x-server-timeout")
"""Seconds in all: the Anthropic SDKs, google-genai."""
_READ_TIMEOUT = b"x-stainless-read-timeout"
"""Seconds of silence: the OpenAI SDK."""
_RESEND = b"x-stainless-retry-count"
_NO_FAILOVER = b"x-faultline-no-failover"
_BACKEND = b"x-faultline-backend"
_SESSION = (
    b"x-claude-code-session-id",
    b"x-session-id",
    b"session-id",
    b"session_id",
    b"thread-id",
)
"""In order of weight; `session-id` and `thread-id` are Codex's."""
_READ = frozenset({*_TIMEOUT, _READ_TIMEOUT, _RESEND, _NO_FAILOVER, _BACKEND, *_SESSION})
_COUNT = re.compile(rb"[0-9]{1,3}")
_NAMED = 256
"""Bytes of a session's name, or of a cache key, that are kept; a longer one is told by its hash:
ten thousand of them are remembered."""
_TOLD = 256
"""Sets of these fields whose meaning is remembered: SDKs send the same ones again and again."""


def read_ask(
    recognition: Recognition,
    headers: Headers,
    peeked: Peeked | None,
    *,
    method: str,
    size: int,
    client: str,
) -> Ask:
    """Put together what routing needs to know. `peeked` is None where no body was looked at."""
    told = _told(tuple([field for field in headers if field[0].lower() in _READ]))
    seen = peeked or _NOTHING
    in_path = recognition.model_at is not None
    if recognition.key is not None:
        headers = (*headers, (b"x-goog-api-key", recognition.key.reveal().encode()))
    ask = Ask(
        dialect=recognition.dialect,
        api=recognition.api,
        operation=Operation.STATEFUL if seen.stateful else recognition.operation,
        method=method,
        path=recognition.path,
        query=recognition.query,
        headers=headers,
        client=client,
        model=recognition.model if in_path else seen.model or recognition.model,
        model_at=recognition.model_at if in_path else seen.model_at,
        model_in_path=in_path,
        stream=recognition.stream or seen.stream,
        size=size,
        choices=seen.choices,
    )
    return changed(
        ask,
        sticky=told.session or _brief(seen.cache_key),
        timeout=told.timeout,
        read_timeout=told.read_timeout,
        resend=told.resend,
        no_failover=told.no_failover,
        backend=told.backend,
    )


_NOTHING = Peeked()


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the fields say; see `Ask`."""

    session: str | None
    timeout: Seconds | None
    read_timeout: Seconds | None
    resend: int
    no_failover: bool
    backend: str | None


@lru_cache(_TOLD)
def _told(headers: Headers) -> _Told:
    told = {name.lower(): value for name, value in headers}
    return _Told(
        session=_session(told),
        timeout=_least(told, _TIMEOUT),
        read_timeout=_least(told, (_READ_TIMEOUT,)),
        resend=_resend(told.get(_RESEND, b"")),
        no_failover=told.get(_NO_FAILOVER, b"").strip().lower() in {b"1", b"true"},
        backend=_name(told.get(_BACKEND, b"")),
    )


def _session(told: dict[bytes, bytes]) -> str | None:
    value = next((told[name] for name in _SESSION if told.get(name)), None)
    if value is None:
        return None
    return _digest(value) if len(value) > _NAMED else value.decode("latin-1")


def _brief(key: str | None) -> str | None:
    return _digest(key.encode()) if key is not None and len(key) > _NAMED else key


def _least(told: dict[bytes, bytes], names: tuple[bytes, ...]) -> Seconds | None:
    times = [time for name in names if (time := _seconds(told.get(name))) is not None]
    return Seconds(min(times)) if times else None


def _seconds(value: bytes | None) -> float | None:
    try:
        seconds = float(value or b"")
    except ValueError:
        return None
    return seconds if 0 < seconds < math.inf else None


def _resend(value: bytes) -> int:
    return int(value) if _COUNT.fullmatch(value) else 0


def _name(value: bytes) -> str | None:
    return value.strip().decode("latin-1") or None


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
    return _digest(opening) if opening else None


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()


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
