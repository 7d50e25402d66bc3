import pytest

from proxy.sim import framing


def test_a_head_has_a_status_line_and_fields() -> None:
    assert framing.head(502, ((b"a", b"b"),)) == b"HTTP/1.1 502 Bad Gateway\r\na: b\r\n\r\n"
    assert framing.head(799, ()) == b"HTTP/1.1 799 Unknown\r\n\r\n"


def test_a_reply_tells_its_length() -> None:
    assert framing.reply(200, (), b"abc") == b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"


def test_a_chunk_tells_its_length_in_hex() -> None:
    assert framing.chunk(b"x" * 16) == b"10\r\n" + b"x" * 16 + b"\r\n"


def test_a_request_head_is_taken_apart_as_it_came() -> None:
    raw = b"POST /v1/x?a=b HTTP/1.1\r\nX-Two:  spaced \r\nx-two:\r\n\r\n"
    assert framing.parse_head(raw) == (
        "POST",
        "/v1/x?a=b",
        ((b"X-Two", b"spaced"), (b"x-two", b"")),
    )


@pytest.mark.parametrize("raw", [b"\x16\x03\x01\r\n\r\n", b"GET / SPDY/3\r\n\r\n"])
def test_what_is_not_http_is_said_to_be(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        framing.parse_head(raw)


def test_the_length_of_a_body() -> None:
    assert framing.body_length(()) == 0
    assert framing.body_length(((b"Content-Length", b"12"),)) == 12
    assert framing.body_length(((b"Transfer-Encoding", b"chunked"),)) is None
