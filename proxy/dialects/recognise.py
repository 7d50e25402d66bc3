"""Recognise a request by its method, its path and its header fields.

Knows what may stand in a path (the rest is refused before anything is sent anywhere) and the many
ways in which clients write the same call. It never sees a body and never learns what backends
there are.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

import msgspec

from proxy.dialects.paths import FAMILIES, GEMINI_METHODS, MODELS, POSTS, UNKNOWN, Call
from proxy.dialects.told import Told, read_told
from proxy.model import Api, Dialect, Headers, Operation, Refusal, Secret

MOST_URL = 8 * 1024
"""Bytes of a request target, as most servers have it."""

_TROUBLE = re.compile(
    r"""[^!-~]|\#|\\           # controls, space, anything beyond ASCII; fragment; backslash
      |%(?:2[eEfF]|5[cC]|7[fF]|[01][0-9a-fA-F])   # dot, slash, backslash, controls in disguise
      |//|/\.\.?(?:[/;]|$)    # what servers make one path of, each in its own way
    """,
    re.VERBOSE,
)
_NOT_A_QUERY = re.compile(r"[^!-~]|\#")
_VERSIONS = re.compile(r"(?:/(?:v1|v1beta|v1alpha)(?=/|$))+")
_PREFIX = re.compile(r"/api(?=/v1/)|/openai(?:/deployments/(?P<deployment>[^/]+))?(?=/)")
"""What OpenRouter (`/api/v1`), Azure and Groq (`/openai/v1`) have before or instead of `/v1`."""
_GEMINI_CALL = re.compile(r"/(?:models|tunedModels)/(?P<model>[^/:]+):(?P<method>\w+)")
_KEYS = frozenset({"key", "api_key", "api-key", "access_token", "oauth_token"})
"""Query parameters with which Google's APIs, and some others, take a credential."""
_PLACES = 256
"""Paths whose place in the table is remembered."""
_READ = frozenset(
    {b"anthropic-version", b"content-type", b"host", b"upgrade", b"via", b"x-api-key"}
    | {b"x-goog-api-key"}
)


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is, as far as its head tells. A Struct: it is made five times as fast."""

    dialect: Dialect
    api: Api
    operation: Operation
    told: Told
    """What the fields say of the call itself."""
    path: str
    """Normal: exactly one `/v1`, or Gemini's `/v1beta`, in front."""
    query: str = ""
    """Without the client's credential."""
    key: Secret | None = None
    """The credential that stood in the query."""
    model: str | None = None
    """Where the path names it."""
    model_at: tuple[int, int] | None = None
    """Where in `path` the model stands; None where its place is not in the normal path."""
    stream: bool = False
    reads_body: bool = False
    """Whether the body is JSON and worth a peek."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What a path alone tells."""

    call: Call
    rest: str
    """The path behind its version."""
    gemini: bool
    """Whether the version is one of Gemini's."""
    rooted: bool = False
    """Whether the path stands at the host's root, before any version."""
    dated: bool = False
    """Whether it is of Azure's older form, whose `api-version` no other backend knows."""
    model: str | None = None
    model_at: tuple[int, int] | None = None
    """In `rest`."""


def recognise(method: str, raw_target: str, headers: Headers) -> Recognition | Refusal:
    """Say what a request is, or why it is refused. `raw_target` is as the request line had it."""
    told = {field: value for name, value in headers if (field := name.lower()) in _READ}
    if len(raw_target) > MOST_URL:
        return _bad(f"The URL is longer than {MOST_URL} bytes.")
    target = raw_target if raw_target.startswith("/") else _origin_form(raw_target, told)
    path, _, query = target.partition("?")
    place = _place(method, path)
    if place is None or _NOT_A_QUERY.search(query):
        return _bad("The URL is not a path, or has a part that servers read in different ways.")
    if refusal := _refuse_route(method, told, headers):
        return refusal
    call = _by_type(place.call, told.get(b"content-type", b""))
    query, key = _without_key(query) if query else ("", None)
    if place.dated:
        query = _without(query, frozenset({"api-version"}))
    dialect = call.dialect or _guess(place, told)
    version = "" if place.rooted else "/v1beta" if dialect is Dialect.GEMINI else "/v1"
    at = place.model_at
    array = call.stream and "alt=sse" not in query.split("&")
    return Recognition(
        dialect=dialect,
        # Without `alt=sse` the stream is one JSON array: its end is its framing's.
        api=Api.OPAQUE if array else call.api,
        operation=call.operation,
        told=read_told(headers),
        path=version + place.rest,
        query=query,
        key=key,
        model=place.model,
        model_at=None if at is None else (at[0] + len(version), at[1] + len(version)),
        stream=call.stream,
        reads_body=call.reads_body,
    )


def _origin_form(target: str, told: dict[bytes, bytes]) -> str:
    """Return an absolute target's path, where its authority is the Host; else the target."""
    scheme, mark, rest = target.partition("://")
    if not mark or scheme.lower() not in {"http", "https"}:
        return target
    authority, slash, path = rest.partition("/")
    host = told.get(b"host", b"").decode("latin-1")
    return slash + path if authority and authority.lower() == host.lower() else target


def _refuse_route(method: str, told: dict[bytes, bytes], headers: Headers) -> Refusal | None:
    """Refuse what would never come to a good end: a protocol not spoken here, a circle."""
    if b"via" in told and _is_circle(headers):
        message = "Faultline: this request has already passed through Faultline: a backend's URL"
        return Refusal(status=508, code="loop_detected", message=f"{message} leads back to it.")
    if method == "GET" and told.get(b"upgrade", b"").strip().lower() == b"websocket":
        message = "Faultline: WebSocket is not served here; please use HTTP."
        return Refusal(status=426, code="upgrade_required", message=message, close=True)
    return None


def _bad(message: str) -> Refusal:
    return Refusal(status=400, code="bad_request", message=f"Faultline: {message}", close=True)


def _is_circle(headers: Headers) -> bool:
    members = b",".join(value for name, value in headers if name.lower() == b"via").split(b",")
    return any(member.lower().split()[1:2] == [b"faultline"] for member in members)


@lru_cache(_PLACES)
def _place(method: str, path: str) -> _Place | None:
    """Find a path in the table; None where it must not go on."""
    if not path.startswith("/") or _TROUBLE.search(path):
        return None
    prefix = _PREFIX.match(path)
    rest = path[prefix.end() :] if prefix else path
    versions = _VERSIONS.match(rest)
    rest = rest[versions.end() :] if versions else rest
    gemini = versions is not None and versions[0].endswith(("beta", "alpha"))
    call = _GEMINI_CALL.fullmatch(rest)
    if call is not None:
        return _Place(
            call=GEMINI_METHODS.get(call["method"], UNKNOWN) if method == "POST" else UNKNOWN,
            rest=rest,
            gemini=True,
            model=unquote(call["model"]),
            model_at=call.span("model"),
        )
    first = rest[1:].partition("/")[0]
    if first == "models" and method in {"GET", "HEAD"}:
        model = unquote(rest[len("/models/") :]) or None
        return _Place(call=MODELS, rest=rest, gemini=gemini, model=model)
    deployment = prefix["deployment"] if prefix else None
    return _Place(
        call=(POSTS.get(rest.rstrip("/")) if method == "POST" else None)
        or FAMILIES.get(first, UNKNOWN),
        rest=rest,
        gemini=gemini,
        rooted=versions is None and first in {"api", "upload"},
        dated=prefix is not None and versions is None,
        model=None if deployment is None else unquote(deployment),
    )


def _by_type(call: Call, content_type: bytes) -> Call:
    """Pass a form with files in it like an unknown call: it is not looked into."""
    if call.reads_body and content_type.lower().startswith(b"multipart/"):
        return Call(call.dialect, Api.OPAQUE, Operation.OTHER)
    return call


def _guess(place: _Place, told: dict[bytes, bytes]) -> Dialect:
    if place.gemini or b"x-goog-api-key" in told:
        return Dialect.GEMINI
    hello = place.rest == "/api/hello"
    if hello or b"anthropic-version" in told or b"x-api-key" in told:
        return Dialect.ANTHROPIC
    return Dialect.OPENAI


def _without_key(query: str) -> tuple[str, Secret | None]:
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if unquote_plus(name) in _KEYS:
            key = unquote_plus(value)
            # It will become a header field: what cannot stand in one is no key.
            sound = key.isascii() and key.isprintable()
            return _without(query, _KEYS), Secret(key) if sound else None
    return query, None


def _without(query: str, names: frozenset[str]) -> str:
    parts = query.split("&")
    return "&".join(p for p in parts if unquote_plus(p.partition("=")[0]) not in names)
