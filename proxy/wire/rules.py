"""What an HTTP/1.1 answer may look like, where the parser leaves it to us.

Knows RFC 9112 and our limits. llhttp (inside httptools) already refuses control characters, folded
lines, bare LF, doubled or crooked lengths, a length beside chunks, and chunk sizes that overflow;
this file says the rest. Must never know a socket, a backend or a receiver.
"""

from collections.abc import Iterable, Sequence
from enum import Enum, auto

Field = tuple[bytes, bytes]

MOST_HEAD = 32 * 1024
"""Bytes of an answer's heads (interim ones too) and trailers. The usual peers allow 8 to 32 KiB."""
MOST_FIELDS = 256
"""Fields of a final head."""
MOST_INTERIM = 16
"""Interim (1xx) answers that are skipped."""
MOST_BARE = 32 * 1024
"""Bytes of chunk headers, extensions and trailers without one byte of body between them."""

_FRAMING = {b"content-length", b"transfer-encoding"}
_LENGTHS = {len(name) for name in _FRAMING}
_BODILESS = {204, 304}
"""Statuses whose answers never have a body, whatever their fields say (RFC 9112, 6.3)."""


class Extent(Enum):
    """How the end of an answer's body is known."""

    NONE = auto()
    """There is none, whatever the fields say."""
    DELIMITED = auto()
    """By its length or its last chunk."""
    UNTIL_EOF = auto()
    """By the end of the connection only."""


NONE, DELIMITED, UNTIL_EOF = Extent.NONE, Extent.DELIMITED, Extent.UNTIL_EOF
"""Names for each answer to go by."""


def framing_fields(fields: Iterable[Field]) -> list[Field]:
    """Return the fields that frame the body, their names in lower case."""
    return [
        (name.lower(), value)
        for name, value in fields
        if len(name) in _LENGTHS and name.lower() in _FRAMING
    ]


def problem_of(status: int, version: str, fields: Sequence[Field], framing: list[Field]) -> str:
    """Say why a final head must not be trusted; an empty string when it may be."""
    if status == 101:  # noqa: PLR2004 - Switching Protocols
        return "switches protocols unasked"
    if not 200 <= status <= 599:  # noqa: PLR2004 - RFC 9110, 15: the final statuses
        return "not a status"
    if version not in {"1.1", "1.0"}:
        return "not HTTP/1"
    if len(fields) > MOST_FIELDS:
        return "too many fields"
    codings = [value.strip().lower() for name, value in framing if name == b"transfer-encoding"]
    if codings and (codings != [b"chunked"] or version == "1.0"):
        return "unknown transfer-encoding"
    return ""


def extent_of(method: bytes, status: int, framing: list[Field]) -> Extent:
    """Say how the end of the body is known (RFC 9112, 6.3)."""
    if method == b"HEAD" or status in _BODILESS:
        return NONE
    return DELIMITED if framing else UNTIL_EOF


def may_reuse(method: bytes, version: str, extent: Extent, framing: list[Field]) -> bool:
    """Say whether nothing about the framing leaves a doubt where the next answer begins.

    The peer's own wish (`Connection: close`) is the parser's to know. An answer to HEAD leaves
    the parser waiting for a body; a bodiless answer that announces one may be followed by it.
    """
    if version != "1.1" or method == b"HEAD" or extent is UNTIL_EOF:
        return False
    return extent is DELIMITED or all(value.strip() == b"0" for _, value in framing)
