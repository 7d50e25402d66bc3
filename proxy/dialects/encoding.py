"""Read what a body says behind its Content-Encoding, within a bound.

Knows gzip and deflate. It serves the eyes of Faultline only (the peek at a request, the diagnosis
of an answer): the bytes that go on are always those that came.
"""

import zlib

from proxy.model import Headers, header

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
"""zlib's own flag: find out by the first bytes which of the two it is."""
_RAW = -zlib.MAX_WBITS
"""What some servers send as `deflate`: no zlib header (RFC 9110, section 8.4.1.2, its note)."""
_WBITS = {
    "gzip": (_GZIP_OR_ZLIB,),
    "x-gzip": (_GZIP_OR_ZLIB,),
    "deflate": (_GZIP_OR_ZLIB, _RAW),
}


def encoding_of(headers: Headers) -> str:
    """Return the body's one encoding in lower case; empty for `identity` or none."""
    value = header(headers, b"content-encoding") or b""
    name = value.decode("latin-1").strip().lower()
    return "" if name == "identity" else name


def bounded_decode(headers: Headers, body: bytes, limit: int) -> bytes | None:
    """Return the first `limit` decoded bytes at most, or None where they cannot be read.

    A cut body gives what can be read of it. A bomb costs no more than `limit`.
    """
    encoding = encoding_of(headers)
    if not encoding:
        return body[:limit]
    for wbits in _WBITS.get(encoding, ()):
        try:
            return zlib.decompressobj(wbits).decompress(body, limit)
        except zlib.error:
            continue
    return None
