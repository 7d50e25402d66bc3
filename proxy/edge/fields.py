"""What stands in a request's head, and what makes a head untrustworthy.

aiohttp's C parser has refused what no parser may accept; this file refuses what two parsers could
understand in two ways (RFC 9112, section 11.2: request smuggling). Pure; it knows HTTP and must
never know who may come in (`door`) or what a path means (`dialects`).
"""

from collections import Counter
from http import HTTPStatus

from aiohttp import HttpVersion10, HttpVersion11
from aiohttp.http import RawRequestMessage

from proxy.model import Headers, Refusal

Fields = dict[bytes, bytes]
"""The fields of a request by their lower-case names; of one that stands twice, the last."""

CREDENTIALS = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key")
ONCE = frozenset(
    {
        *CREDENTIALS,
        b"content-length",
        b"content-type",
        b"expect",
        b"host",
        b"origin",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"transfer-encoding",
    }
)
"""What the edge decides by: a second one could be what another server goes by."""
FRAMING = frozenset({b"content-length", b"transfer-encoding", b"host", b"connection", b"expect"})
"""Names that some servers see in their spelling with underscores, and others do not."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

MOST_HEAD = 32 * 1024
"""Bytes of all fields together; one line may have 8 KiB, one field 16 KiB (long JWTs)."""


def bad_request(message: str, status: int = HTTPStatus.BAD_REQUEST) -> Refusal:
    """Return the refusal of a request whose bytes cannot be trusted: its connection ends."""
    return Refusal(status=status, code="bad_request", message=f"Faultline: {message}", close=True)


def read_fields(message: RawRequestMessage) -> Fields | Refusal:
    """Return the fields of a head that is beyond doubt."""
    raw = message.raw_headers
    fields = {name.lower(): value for name, value in raw}
    if len(fields) != len(raw) and (twice := _find_twice(raw)):
        return bad_request(f"The header {twice.decode()} stands twice in the request.")
    names = b"".join(fields)
    if b"_" in names and _has_disguise(fields):
        return bad_request("A header that frames the request is spelt with an underscore.")
    if len(names) + sum(map(len, fields.values())) > MOST_HEAD:
        return bad_request(
            f"The request's headers are larger than {MOST_HEAD} bytes.",
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        )
    return _doubt(message, fields) or fields


def _find_twice(raw: Headers) -> bytes | None:
    counts = Counter(name.lower() for name, _ in raw)
    return next((name for name in ONCE if counts[name] > 1), None)


def _has_disguise(fields: Fields) -> bool:
    return any(b"_" in name and name.replace(b"_", b"-") in FRAMING for name in fields)


def _doubt(message: RawRequestMessage, fields: Fields) -> Refusal | None:
    """Return what is wrong with version, method or framing."""
    if message.version not in {HttpVersion11, HttpVersion10}:
        return bad_request("Only HTTP/1.1 is spoken here.", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    if message.method not in METHODS:
        return bad_request("This method is not served here.", HTTPStatus.METHOD_NOT_ALLOWED)
    coding = fields.get(b"transfer-encoding")
    if coding is not None and (coding != b"chunked" or message.version != HttpVersion11):
        return bad_request("The only transfer encoding that is understood is chunked.")
    expected = fields.get(b"expect")
    if expected is not None and expected.lower() != b"100-continue":
        return bad_request(
            "The only expectation that can be met is 100-continue.",
            HTTPStatus.EXPECTATION_FAILED,
        )
    return None
