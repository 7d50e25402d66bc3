"""Peek at a request's body: its model, whether to stream, whether it leans on stored state.

Three ways with one result. A small body is decoded in C (msgspec, only its top level) and then
proven to be read alike by everyone: each key once, in no other spelling, not too deep; one that
says what most do, and no more, is decoded into just that. All else, and whatever cannot be proven
so, goes through the exact `Scanner`. The model that is read is the model that is sent: what JSON
readers could read in two ways is refused.
"""

import re
from typing import Annotated, cast

import msgspec

from proxy.dialects.encoding import bounded_decode, encoding_of
from proxy.dialects.scan import MOST_DEPTH, Field, Scanner
from proxy.dialects.shape import is_utf8
from proxy.model import Headers, Refusal

SMALL = 256 * 1024
"""Bytes of a body that is decoded at one go: at most some 15 ms, mostly 0.2 ms."""
MOST_DECOMPRESSED = 1024 * 1024
"""Bytes that a compressed body may have to be looked into."""
MOST_MODEL = 2048
"""Characters of a model's name (Bedrock's limit, the longest): headers, journal and memories of
failures repeat it."""

_STATE = frozenset(
    {"background", "cachedContent", "cached_content", "container", "conversation"}
    | {"previous_response_id"}
)
"""Keys that name what one account holds. `store` is none: it is on by default and names nothing."""
_NO_STATE = frozenset({b"null", b"false", b'""'})
_KEYS = _STATE | {"model", "stream", "n", "prompt_cache_key"}
_QUOTED = {key: b'"%b"' % key.encode() for key in _KEYS}
"""The keys as they stand in a body."""
_SPELT_OUT = re.compile(rb"\\u00[4-7]")
"""An escape that could spell a letter of a key."""
_BACKSLASH = ord("\\")
_COUNT = re.compile(rb"[1-9][0-9]{0,2}")
_BOOLS = {b"true": True, b"false": False, b"null": False}
_NULL = Field(b"null")

_TOP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_STRING = msgspec.json.Decoder(str)
_PLACE = re.compile(rb'"model"[ \t\n\r]*:[ \t\n\r]*("[^"\\]*")').match
_TO_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b'"[]{}'))


class Peeked(msgspec.Struct, frozen=True, kw_only=True):
    """What the top level of a body says. A Struct: it is made five times as fast."""

    model: str | None = None
    model_at: tuple[int, int] | None = None
    """Where the model's JSON string stands in the body, quotes included."""
    stream: bool = False
    stateful: bool = False
    """Whether it names state that one account holds."""
    cache_key: str | None = None
    """What the client says that ties calls of one conversation together."""
    choices: int = 1
    """How many answers are asked for (`n`)."""


class _Usual(msgspec.Struct):
    """What most bodies say: a model, and whether to stream. A key that stands there has a value."""

    model: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_MODEL)] = ""
    stream: bool | msgspec.UnsetType = msgspec.UNSET
    prompt_cache_key: Annotated[str, msgspec.Meta(min_length=1)] = ""


_NO_VALUE = Annotated[str, msgspec.Meta(min_length=1, max_length=0)]
_OTHERS = [(key, _NO_VALUE, "") for key in sorted(_KEYS - set(_Usual.__struct_fields__))]
_USUAL = msgspec.json.Decoder(
    cast(type[_Usual], msgspec.defstruct("_OnlyUsual", _OTHERS, bases=(_Usual,)))
)
"""Takes only bodies in which no other key of those that count stands."""


class Peek:
    """Looks at one body as it comes. `headers` tell how it is encoded."""

    def __init__(self, headers: Headers = ()) -> None:
        self._headers = headers
        self._encoded = bool(headers and encoding_of(headers))
        self._most = MOST_DECOMPRESSED if self._encoded else SMALL
        self._pieces: list[bytes] = []
        self._size = 0
        self._scanner: Scanner | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._scanner is not None:
            self._scanner.feed(data)
        elif self._size <= self._most:
            self._pieces.append(data)
            self._size += len(data)
            if self._size > self._most:
                self._outgrow()

    def finish(self) -> Peeked | Refusal:
        """Say what the body says, or why it is refused. A compressed one is never refused."""
        if self._encoded:
            return self._decompressed()
        if self._scanner is not None:
            return _scanned(self._scanner)
        return _peek(b"".join(self._pieces))

    def _outgrow(self) -> None:
        """Scan from here on what is too large for one go; of a compressed body see nothing."""
        if not self._encoded:
            self._scanner = Scanner(_KEYS)
            for piece in self._pieces:
                self._scanner.feed(piece)
        self._pieces.clear()

    def _decompressed(self) -> Peeked:
        """Look into a small compressed body; its model has no place where it could be replaced."""
        data = b"".join(self._pieces)
        body = bounded_decode(self._headers, data, MOST_DECOMPRESSED + 1)
        if body is None or len(body) > MOST_DECOMPRESSED:
            return Peeked()
        peeked = _peek(body)
        if isinstance(peeked, Refusal):
            return Peeked()
        return Peeked(
            model=peeked.model,
            stream=peeked.stream,
            stateful=peeked.stateful,
            cache_key=peeked.cache_key,
            choices=peeked.choices,
        )


def peek_at(body: bytes) -> Peeked | Refusal:
    """Say what a body says that lies whole in memory and is not compressed."""
    return _peek(body) if len(body) <= SMALL else _scan(body)


def _peek(body: bytes) -> Peeked | Refusal:
    if not is_utf8(body):
        return _scan(body)
    usual = _usual(body)
    if usual is not None:
        return usual
    fields = _decoded(body)
    return _scan(body) if fields is None else _interpret(fields)


def _scan(body: bytes) -> Peeked | Refusal:
    scanner = Scanner(_KEYS)
    scanner.feed(body)
    return _scanned(scanner)


def _scanned(scanner: Scanner) -> Peeked | Refusal:
    scanner.finish()
    if scanner.trouble:
        return _refuse(f"it cannot be read as JSON: {scanner.trouble}")
    return _interpret(scanner.fields)


def _usual(body: bytes) -> Peeked | None:
    """Return what a usual body says that everyone reads alike; None where that is not proven."""
    try:
        said = _USUAL.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    model, stream, key = said.model, said.stream, said.prompt_cache_key
    if not _is_read_alike(body) or not (model + key).isprintable():
        return None
    if (stream is not msgspec.UNSET and not _is_once(body, b'"stream"')) or (
        key and not _is_once(body, b'"prompt_cache_key"')
    ):
        return None
    if not model:
        return Peeked(stream=stream is True, cache_key=key or None)
    at = body.rfind(b'"model"')
    place = _PLACE(body, at)
    if place is None or body.rfind(b'"model"', 0, at) >= 0:
        return None
    return Peeked(model=model, model_at=place.span(1), stream=stream is True, cache_key=key or None)


def _decoded(body: bytes) -> dict[str, Field] | None:
    """Return the fields of a body that everyone reads alike; None where that is not proven."""
    try:
        top = _TOP.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not _is_read_alike(body):
        return None
    fields = {}
    for key, value in top.items():
        name = _QUOTED.get(key)
        if name is not None:
            at = body.rfind(name)
            if body.rfind(name, 0, at) >= 0:
                return None
            raw = bytes(value)
            start = body.find(raw, at + len(name))  # between: a colon and white space
            fields[key] = Field(raw, start, start + len(raw))
    return fields


def _is_read_alike(body: bytes) -> bool:
    """Whether a body, known to be JSON, is not too deep and spells no key in escapes."""
    return not (_is_deep(body) or (_BACKSLASH in body and _SPELT_OUT.search(body)))


def _is_once(body: bytes, key: bytes) -> bool:
    """Whether a key that is there stands nowhere else. From the end: that is the faster way."""
    return body.rfind(key, 0, body.rfind(key)) < 0


def _is_deep(body: bytes) -> bool:
    """Whether a body, known to be JSON, is nested too deep. All in C: some 3 us for 1 KB."""
    few = MOST_DEPTH + 1  # taking out is faster than counting, and this many say enough
    if len(body) - len(body.replace(b"[", b"", few).replace(b"{", b"", few)) <= MOST_DEPTH:
        return False
    outside = body.replace(b"\\\\", b"").replace(b'\\"', b"").translate(_TO_BRACKETS, _NO_BRACKETS)
    brackets = b"".join(outside.split(b'"')[::2])
    levels = 0
    while brackets and levels <= MOST_DEPTH:
        brackets = brackets.replace(b"[]", b"")
        levels += 1
    return levels > MOST_DEPTH


def _interpret(fields: dict[str, Field]) -> Peeked | Refusal:
    model = fields.get("model", _NULL)
    stream = _BOOLS.get(fields["stream"].raw) if "stream" in fields else False
    name = _text(model.raw)
    if name is None and model.raw != b"null":
        return _refuse("`model` must be a printable string")
    if name is not None and len(name) > MOST_MODEL:
        return _refuse(f"`model` is longer than {MOST_MODEL} characters")
    if stream is None:
        return _refuse("`stream` must be true or false")
    return Peeked(
        model=name,
        model_at=None if name is None else (model.start, model.end),
        stream=stream,
        stateful=not _STATE.isdisjoint(fields)
        and any(_is_state(key, fields[key].raw) for key in _STATE & fields.keys()),
        cache_key=_text(fields["prompt_cache_key"].raw) or None
        if "prompt_cache_key" in fields
        else None,
        choices=_count(fields["n"].raw) if "n" in fields else 1,
    )


def _count(raw: bytes) -> int:
    return int(raw) if _COUNT.fullmatch(raw) else 1


def _is_state(key: str, raw: bytes) -> bool:
    """Whether a value names state; `background` is also a colour of images."""
    return raw == b"true" if key == "background" else raw not in _NO_STATE


def _text(raw: bytes) -> str | None:
    """Return a JSON string's text, None where it is none, or not one that is read alike."""
    if not raw.startswith(b'"'):
        return None
    try:
        text = _STRING.decode(raw)
    except msgspec.DecodeError:  # half a surrogate pair
        return None
    return text if text.isprintable() else None


def _refuse(why: str) -> Refusal:
    message = f"Faultline: the request body was refused: {why}."
    return Refusal(status=400, code="bad_request", message=message)
