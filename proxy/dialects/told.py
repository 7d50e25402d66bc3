"""Read what a client's header fields tell of the call itself.

Knows with which fields SDKs tell their deadlines and re-sends, which name the conversation that a
call belongs to, and which a person sets for Faultline. What comes of it is policy's business.
"""

import hashlib
import math
import re

import msgspec

from proxy.model import Headers, Seconds

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


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the fields say; see `Ask`."""

    session: str | None
    timeout: Seconds | None
    read_timeout: Seconds | None
    resend: int
    no_failover: bool
    backend: str | None


def read_told(headers: Headers) -> Told:
    """Return what a head's fields say; of one that stands twice, the last counts."""
    told = {key: value for name, value in headers if (key := name.lower()) in _READ}
    return Told(
        session=_session(told),
        timeout=_least(told, _TIMEOUT),
        read_timeout=_least(told, (_READ_TIMEOUT,)),
        resend=_resend(told.get(_RESEND, b"")),
        no_failover=told.get(_NO_FAILOVER, b"").strip().lower() in {b"1", b"true"},
        backend=_name(told.get(_BACKEND, b"")),
    )


def brief(key: str | None) -> str | None:
    """Return a name that may be remembered: a long one's digest in its place."""
    return digest(key.encode()) if key is not None and len(key) > _NAMED else key


def digest(data: bytes) -> str:
    """Return a short name for data: the same for the same data, in each process."""
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def _session(told: dict[bytes, bytes]) -> str | None:
    value = next((told[name] for name in _SESSION if told.get(name)), None)
    if value is None:
        return None
    return digest(value) if len(value) > _NAMED else value.decode("latin-1")


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
