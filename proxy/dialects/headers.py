"""Which header fields cross Faultline, in both directions, and which it adds.

Fields pass by default: providers and SDKs add new ones every month. What never passes is data in
this file: hop-by-hop fields and framing (RFC 9110, section 7.6.1; the wire and the edge make
their own), credentials (each backend sees its own only), and what browsers add. Which backend is
right is not known here.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

from proxy.model import (
    PROXY_STATUS,
    Ask,
    AttemptRecord,
    Backend,
    CredentialKind,
    Degraded,
    Drill,
    Headers,
)

VIA = b"1.1 faultline"
"""How Faultline names itself in `Via`; a request that already carries it goes in a circle."""

_HOP = frozenset(
    {
        b"expect",
        b"host",
        b"http2-settings",
        b"keep-alive",
        b"te",
        b"trailer",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
    }
)
_USUAL = frozenset({b"", b"keep-alive", b"close"})
"""What `Connection` says when it nominates nothing."""
_CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"})
_BROWSER = frozenset({b"cookie", b"origin", b"referer"})
_FORWARDED = frozenset({b"forwarded", b"x-real-ip"})
_REQUEST_DROPS = _HOP | _BROWSER | _FORWARDED | {b"content-length"}
_REQUEST_PREFIXES = (b"proxy-", b"sec-", b"x-forwarded-", b"x-faultline-")
_RESPONSE_DROPS = _HOP | {
    b"alt-svc",
    b"proxy-authenticate",
    b"proxy-authentication-info",
    b"proxy-connection",
    b"server",
    b"set-cookie",
    b"set-cookie2",
    b"strict-transport-security",
}
_RESPONSE_PREFIXES = (b"access-control-", b"x-faultline-")

_CONTROLS = bytes(set(range(0x20)) - {ord("\t")}) + b"\x7f"
"""Never part of a field's value (RFC 9110, section 5.5)."""
_PRINTABLE = bytes(code if code in range(0x20, 0x7F) else ord("?") for code in range(256))
"""Printable ASCII as it is, a question mark for all else."""
_NAMES = 512
"""Field names and origins of answers that are remembered; a client cannot make it more."""


def request_headers(ask: Ask, backend: Backend) -> Headers:
    """Return the fields for `backend`: made new from the client's, with this credential only.

    Host and framing are the wire's. With `key: client` the app's own credential passes; the token
    that opens Faultline itself must have been taken out before. For a head that comes again they
    are made once: the very backend and the very fields are kept beside them.
    """
    passed = ask.passed
    if passed is None:
        return _passing(ask, backend)
    key = (backend.name, ask.stream)
    last = passed.get(key)
    if last is None or last[0] is not backend or last[1] is not ask.headers:
        last = passed[key] = (backend, ask.headers, _passing(ask, backend))
    return last[2]


def _passing(ask: Ask, backend: Backend) -> Headers:
    own = backend.credential.headers()
    added = backend.headers + own
    replaced = {name.lower() for name, _ in added}
    if backend.credential.kind is not CredentialKind.CLIENT:
        replaced |= _CREDENTIALS
    if ask.stream:
        replaced.add(b"accept-encoding")
        added = ((b"accept-encoding", b"identity"), *added)
    return (*_kept(ask.headers, _request_key, replaced), (b"via", VIA), *added)


def response_headers(headers: Headers) -> Headers:
    """Return the fields of a backend's answer that may reach the client.

    `content-length` and `content-encoding` stay: they are facts of the body, which stays too.
    """
    kept = _kept(headers, _response_key, frozenset())
    if _has_controls(b"".join([value for _, value in kept])):
        kept = [field for field in kept if not _has_controls(field[1])]
    return tuple(kept)


def answer_headers(
    headers: Headers,
    *,
    backend: str,
    model: str | None,
    request_id: str,
    sent: int,
    failed: Sequence[AttemptRecord] = (),
) -> Headers:
    """Return the fields of a relayed answer: the backend's that may pass, and Faultline's own.

    `sent` counts the attempts made so far, `failed` are those that a reroute left behind.
    """
    return (
        *response_headers(headers),
        *_origin(backend, model, sent),
        (b"x-faultline-request-id", request_id.encode()),
        *reroute_headers(failed),
    )


@lru_cache(_NAMES)
def _origin(backend: str, model: str | None, sent: int) -> Headers:
    """Say where an answer comes from; of one backend and model it is mostly the same."""
    named = ((b"x-faultline-model", _visible(model)),) if model is not None else ()
    return (
        (b"x-faultline-backend", _visible(backend)),
        *named,
        (b"x-faultline-attempts", b"%d" % sent),
    )


def degraded_headers(degraded: Degraded | None) -> Headers:
    """Tell of an answer that is less than what was asked for."""
    return () if degraded is None else ((b"x-faultline-degraded", degraded.value.encode()),)


def drill_headers(backend: str, drill: Drill | None) -> Headers:
    """Tell of an answer of a backend that plays a fault: it may be late, or be cut yet."""
    return () if drill is None else ((b"x-faultline-drill", _visible(f"{backend}={drill}")),)


def refusal_headers(*, request_id: str, failed: Sequence[AttemptRecord] = ()) -> Headers:
    """Return Faultline's own fields of an answer that no backend gave."""
    return (
        (b"x-faultline-attempts", b"%d" % len(failed)),
        (b"x-faultline-request-id", request_id.encode()),
        *reroute_headers(failed),
    )


def reroute_headers(failed: Sequence[AttemptRecord]) -> Headers:
    """Tell why other backends were left: for people, and for machines that know RFC 9209."""
    if not failed:
        return ()
    reason = ", ".join(f"{a.backend}={a.verdict.cause.value}" for a in failed)
    drills = ", ".join(f"{a.backend}={a.drill.value}" for a in failed if a.drill is not None)
    return (
        (b"x-faultline-reason", _visible(reason)),
        *(((b"x-faultline-drill", _visible(drills)),) if drills else ()),
        (b"proxy-status", b", ".join(_proxy_status(attempt) for attempt in failed)),
    )


def _proxy_status(attempt: AttemptRecord) -> bytes:
    """Return one member of `Proxy-Status` (RFC 9209, section 2.1)."""
    member = b"faultline; next-hop=" + _quoted(attempt.backend)
    if error := PROXY_STATUS[attempt.verdict.cause]:
        member += b"; error=" + error.encode()
    if attempt.status is not None:
        member += b"; received-status=%d" % attempt.status
    return member + b"; details=" + _quoted(attempt.verdict.cause.value)


def _visible(text: str) -> bytes:
    """Return text as a field's value: printable ASCII, whatever a model calls itself."""
    return text.encode("ascii", "replace").translate(_PRINTABLE)


def _quoted(text: str) -> bytes:
    """Return text as a structured field's string (RFC 8941, section 3.3.3)."""
    return b'"' + _visible(text).replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _kept(
    headers: Headers, key_of: Callable[[bytes], bytes | None], dropped: AbstractSet[bytes]
) -> list[tuple[bytes, bytes]]:
    """Return the fields that pass: neither dropped, nor made hop-by-hop by `Connection`."""
    kept, nominated = [], b""
    for field in headers:
        key = key_of(field[0])
        if key == b"connection":
            nominated += b"," + field[1].lower()
        elif key is not None and key not in dropped:
            kept.append(field)
    if nominated.strip(b",") in _USUAL:
        return kept
    names = {name.strip() for name in nominated.split(b",")}
    return [field for field in kept if field[0].lower() not in names]


def _has_controls(value: bytes) -> bool:
    return len(value.translate(None, _CONTROLS)) != len(value)


@lru_cache(_NAMES)
def _request_key(name: bytes) -> bytes | None:
    """Return a name in lower case, None where the field may not pass.

    An underscore counts as a hyphen: many servers cannot tell `content_length` from the real one.
    """
    key = name.lower().replace(b"_", b"-")
    drop = key in _REQUEST_DROPS or key.startswith(_REQUEST_PREFIXES)
    return None if drop else key


@lru_cache(_NAMES)
def _response_key(name: bytes) -> bytes | None:
    key = name.lower()
    drop = key in _RESPONSE_DROPS or key.startswith(_RESPONSE_PREFIXES) or not _is_token(key)
    return None if drop else key


def _is_token(name: bytes) -> bool:
    """Whether a field's name is one (RFC 9110, section 5.6.2)."""
    return bool(name) and not name.translate(None, _TCHAR)


_TCHAR = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
