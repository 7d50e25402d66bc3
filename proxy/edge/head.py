"""The head of an answer: fields in, bytes out.

Pure. It knows how HTTP/1.1 frames an answer and what may never reach a client as it came: framing
and hop-by-hop fields (the connection to the client is ours) and control characters. It must never
know a dialect, a backend or a socket.
"""

from enum import Enum
from http import HTTPStatus

import msgspec

from proxy.model import Headers

OURS = frozenset(
    {
        b"connection",
        b"content-length",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields that this file writes itself or leaves out."""
LOOKED_AT = OURS | {b"content-type"}

CONTROLS = bytes(code for code in range(32) if code != ord("\t")) + b"\x7f"
"""What no field may carry (RFC 9110, section 5.5); of these CR LF stand between lines only."""

HARMLESS = (b"application/json", b"text/event-stream", b"audio/")
"""Content types that no browser takes for a page."""
CAGE = (b"x-content-type-options: nosniff", b"content-security-policy: sandbox")
"""For all other types: a page of an upstream, opened in a browser, runs no script here."""

STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b" % (status.value, status.phrase.encode())
    for status in HTTPStatus
}
WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT.value, HTTPStatus.NOT_MODIFIED.value})


class Framing(Enum):
    """How the client knows where the body ends."""

    NONE = 0
    """There is no body: an answer to HEAD, 204, 304."""
    LENGTH = 1
    CHUNKED = 2
    CLOSE = 3
    """The connection ends with it: HTTP/1.0 without a length."""


LENGTH = Framing.LENGTH
"""A name for each whole answer to go by."""
FIELD = b": ".join
"""Makes a line of a name and its value."""


class Head(msgspec.Struct, frozen=True):
    """The bytes of a head, and what they promise. A Struct: it is made in a third of the time."""

    data: bytes
    framing: Framing
    length: int
    keep: bool
    """Whether the connection goes on after the answer."""


def render_head(
    status: int,
    headers: Headers,
    *,
    size: int | None,
    bodiless: bool,
    chunks: bool,
    keep: bool,
) -> Head:
    """Return the head of an answer.

    `size` is the body's where it is known, `bodiless` says that it answers a HEAD, `chunks` that
    the client speaks HTTP/1.1, `keep` that the connection may go on after the answer.
    """
    lines = [STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status]
    told, harmless, closes = _pass_fields(headers, lines)
    if bodiless or status in WITHOUT_BODY:
        framing, length = Framing.NONE, 0
        if told is not None and status != HTTPStatus.NO_CONTENT:
            lines.append(b"content-length: %d" % told)
    elif size is not None or told is not None:
        framing, length = LENGTH, told or 0 if size is None else size
        lines.append(b"content-length: %d" % length)
    elif chunks:
        framing, length = Framing.CHUNKED, 0
        lines.append(b"transfer-encoding: chunked")
    else:
        framing, length, keep = Framing.CLOSE, 0, False
    if not harmless:
        lines += CAGE
    keep = keep and not closes
    if not keep:
        lines.append(b"connection: close")
    return Head(_join(lines), framing, length, keep)


def _pass_fields(headers: Headers, lines: list[bytes]) -> tuple[int | None, bool, bool]:
    """Add the fields to the lines.

    Return the length that they tell, whether the body is harmless, and whether they end the
    connection.
    """
    told = None
    harmless: bool | None = None
    closes = False
    for field in headers:
        key = field[0].lower()
        if key in LOOKED_AT:
            value = field[1]
            if key == b"content-type":
                harmless = harmless is not False and value.lower().startswith(HARMLESS)
            else:
                if key == b"content-length" and value.isdigit():
                    told = int(value)
                elif key == b"connection":
                    closes = closes or value.lower() == b"close"
                continue
        lines.append(FIELD(field))
    return told, harmless is True, closes


def _join(lines: list[bytes]) -> bytes:
    """Join the lines; a field with a control character is left out, whoever sent it."""
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    if len(head) - len(head.translate(None, CONTROLS)) == 2 * len(lines) + 2:
        return head
    clean = [line for line in lines if len(line.translate(None, CONTROLS)) == len(line)]
    return b"\r\n".join(clean) + b"\r\n\r\n"
