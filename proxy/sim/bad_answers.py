"""Answers that are sound HTTP and yet not what was asked for.

Each function makes a `Behaviour`; the wire under it is in order.
"""

import functools
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import assert_never

from proxy.model import Headers
from proxy.sim import answer, framing, pages
from proxy.sim.behaviour import Behaviour, Close, Moment, Step
from proxy.sim.voice import Voice

OVERLOADED = 529
BOMB_BLOCK = 1024 * 1024
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Form(StrEnum):
    """What the body of an error is."""

    JSON = "json"
    """The error of the request's dialect."""
    HTML = "html"
    EMPTY = "empty"


def status(
    code: int,
    form: Form | str = Form.JSON,
    *,
    retry_after: float | str | None = None,
    message: str = "simulated failure",
    headers: Headers = (),
) -> Behaviour:
    """Answer with a status; `retry_after` in seconds, or any text."""

    def play(voice: Voice) -> Iterator[Step]:
        more = headers if retry_after is None else (*headers, _retry_after(retry_after))
        yield _error(voice, code, Form(form), message, more)

    told = "" if retry_after is None else f", {retry_after}"
    return Behaviour(name=f"status({code}, {Form(form)}{told})", play=play)


def overload(
    code: int = OVERLOADED, *, retry_after: float | str | None = None, message: str = "Overloaded"
) -> Behaviour:
    """Answer that there is no capacity (529, 503) or that too much was asked (429)."""
    return status(code, retry_after=retry_after, message=message)


def cdn_502() -> Behaviour:
    """Answer with Cloudflare's own page for a broken origin."""
    return page(502, pages.CLOUDFLARE_HEADERS, pages.CLOUDFLARE_502, "cdn_502")


def html_200() -> Behaviour:
    """Answer with a captive portal's page under status 200."""
    return page(200, ((b"content-type", b"text/html"),), pages.LOGIN, "html_200")


def empty_200() -> Behaviour:
    """Answer 200 with a body of no bytes."""
    return page(200, ((b"content-type", answer.JSON),), b"", "empty_200")


def redirect(location: str, code: int = 307) -> Behaviour:
    """Send the client elsewhere."""
    return page(code, ((b"location", location.encode()),), b"", f"redirect({location})")


def switching_protocols() -> Behaviour:
    """Answer 101, which nobody asked for."""
    headers = ((b"connection", b"upgrade"), (b"upgrade", b"websocket"))
    return raw(framing.head(101, headers), "switching_protocols")


def page(code: int, headers: Headers, body: bytes, name: str) -> Behaviour:
    """Answer with these very bytes as the body."""
    return raw(framing.reply(code, headers, body), name)


def raw(data: bytes, name: str) -> Behaviour:
    """Answer with bytes that are the whole answer, head included."""

    def play(_: Voice) -> Iterator[Step]:
        yield data

    return Behaviour(name=name, play=play)


def early_answer(code: int, *, close: bool = False) -> Behaviour:
    """Answer with an error while the request's body may still be coming; then read or close."""

    def play(voice: Voice) -> Iterator[Step]:
        yield _error(voice, code, Form.JSON, "answered before the body was read", ())
        if close:
            yield Close()

    return Behaviour(name=f"early_answer({code})", play=play, moment=Moment.HEAD)


def wrong_content_type(content_type: str = "text/plain") -> Behaviour:
    """Give the good answer under a label that does not fit."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer().labelled(content_type.encode())
        yield good.begin() + good.frame(*good.events) + good.end()

    return Behaviour(name=f"wrong_content_type({content_type})", play=play)


def unary_for_stream() -> Behaviour:
    """Answer 200 with a JSON object where a stream was asked for."""
    body = b'{"id":"sim","object":"unasked"}'
    return page(200, ((b"content-type", answer.JSON),), body, "unary_for_stream")


def huge_head(size: int = 64 * 1024, fields: int = 1) -> Behaviour:
    """Give the good answer with `size` more bytes of head in `fields` fields."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        padding = b"p" * (size // fields)
        more = ((b"x-padding-%d" % n, padding) for n in range(fields))
        yield good.begin(*more) + good.frame(*good.events) + good.end()

    return Behaviour(name=f"huge_head({size}, {fields})", play=play)


def gzip_bomb(code: int = 500, size: int = 200 * 1024 * 1024) -> Behaviour:
    """Answer with an error whose small body becomes `size` bytes when it is decoded."""
    headers = ((b"content-type", answer.JSON), (b"content-encoding", b"gzip"))
    return page(code, headers, _bomb(size), f"gzip_bomb({code})")


@functools.cache
def _bomb(size: int) -> bytes:
    # A full flush forgets what came before, so one block can stand in the stream many times.
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = bytes(BOMB_BLOCK)
    block = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(size // BOMB_BLOCK):
        checksum = zlib.crc32(zeros, checksum)
    length = size // BOMB_BLOCK * BOMB_BLOCK
    tail = checksum.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little")
    return GZIP_HEADER + block * (size // BOMB_BLOCK) + packer.flush() + tail


def _error(voice: Voice, code: int, form: Form, message: str, more: Headers) -> bytes:
    match form:
        case Form.JSON:
            kind, body = answer.JSON, voice.error(code, message)
        case Form.HTML:
            reason = framing.REASONS.get(code, "Error")
            kind, body = b"text/html", pages.NGINX.format(status=code, reason=reason).encode()
        case Form.EMPTY:
            kind, body = b"text/plain", b""
        case _:
            assert_never(form)
    return framing.reply(code, ((b"content-type", kind), *more), body)


def _retry_after(told: float | str) -> tuple[bytes, bytes]:
    return (b"retry-after", f"{told}".encode())
