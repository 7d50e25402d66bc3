"""Bodies behind a Content-Encoding, within a bound."""

import gzip
import zlib

import pytest

from proxy.dialects.encoding import bounded_decode, encoding_of
from proxy.model import Headers

BODY = b'{"error": "overloaded"}' * 10


def encoded(name: bytes) -> Headers:
    return ((b"Content-Type", b"text/html"), (b"Content-Encoding", name))


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((), BODY),
        (encoded(b"identity"), BODY),
        (encoded(b"gzip"), gzip.compress(BODY)),
        (encoded(b" X-GZIP "), gzip.compress(BODY)),
        (encoded(b"Deflate"), zlib.compress(BODY)),
        (encoded(b"deflate"), raw_deflate(BODY)),
    ],
)
def test_reads(headers: Headers, body: bytes) -> None:
    assert bounded_decode(headers, body, 1000) == BODY
    assert bounded_decode(headers, body, 10) == BODY[:10]


@pytest.mark.parametrize("name", [b"br", b"zstd", b"gzip, br"])
def test_other_encodings_are_not_read(name: bytes) -> None:
    assert bounded_decode(encoded(name), BODY, 1000) is None


def test_what_is_not_what_it_says_is_not_read() -> None:
    assert bounded_decode(encoded(b"gzip"), BODY, 1000) is None
    assert bounded_decode(encoded(b"deflate"), b"\xff" * 20, 1000) is None


def test_a_cut_body_gives_what_can_be_read() -> None:
    cut = zlib.compress(bytes(range(256)) * 40)[:-8]
    decoded = bounded_decode(encoded(b"deflate"), cut, 100_000)
    assert decoded
    assert (bytes(range(256)) * 40).startswith(decoded)


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    decoded = bounded_decode(encoded(b"gzip"), bomb, 65_536)
    assert decoded is not None
    assert len(decoded) == 65_536


def test_the_name_of_an_encoding() -> None:
    assert encoding_of(()) == ""
    assert encoding_of(encoded(b"identity")) == ""
    assert encoding_of(encoded(b" GZip")) == "gzip"
