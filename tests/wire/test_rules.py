"""The rules that the parser leaves to us."""

import pytest

from proxy.wire.rules import Extent, extent_of, framing_fields, may_reuse, problem_of

LENGTH = [(b"content-length", b"5")]
CHUNKED = [(b"transfer-encoding", b"chunked")]


def test_framing_fields_are_found_in_any_letter_case() -> None:
    fields = [(b"Content-Length", b"5"), (b"X-Content-Length", b"6"), (b"x-length-14-xy", b"7")]
    assert framing_fields(fields) == LENGTH
    assert framing_fields([(b"TRANSFER-ENCODING", b"chunked")]) == CHUNKED


@pytest.mark.parametrize(
    ("method", "status", "framing", "body"),
    [
        (b"POST", 200, LENGTH, Extent.DELIMITED),
        (b"POST", 200, CHUNKED, Extent.DELIMITED),
        (b"POST", 200, [], Extent.UNTIL_EOF),
        (b"HEAD", 200, LENGTH, Extent.NONE),
        (b"GET", 204, CHUNKED, Extent.NONE),
        (b"GET", 304, LENGTH, Extent.NONE),
    ],
)
def test_how_the_end_of_a_body_is_known(
    method: bytes, status: int, framing: list[tuple[bytes, bytes]], body: Extent
) -> None:
    assert extent_of(method, status, framing) is body


@pytest.mark.parametrize(
    ("status", "version", "framing", "word"),
    [
        (101, "1.1", [], "switches"),
        (0, "1.1", [], "status"),
        (600, "1.1", [], "status"),
        (200, "2.0", [], "HTTP/1"),
        (200, "1.0", CHUNKED, "transfer-encoding"),
        (200, "1.1", CHUNKED * 2, "transfer-encoding"),
        (200, "1.1", [(b"transfer-encoding", b"gzip, chunked")], "transfer-encoding"),
    ],
)
def test_why_a_head_must_not_be_trusted(
    status: int, version: str, framing: list[tuple[bytes, bytes]], word: str
) -> None:
    assert word in problem_of(status, version, (), framing)


def test_a_sound_head_has_no_problem() -> None:
    assert problem_of(599, "1.1", (), [(b"transfer-encoding", b" Chunked ")]) == ""
    assert problem_of(200, "1.0", (), LENGTH) == ""


def test_what_leaves_a_doubt_is_not_reused() -> None:
    assert may_reuse(b"POST", "1.1", Extent.DELIMITED, LENGTH)
    assert may_reuse(b"GET", "1.1", Extent.NONE, [(b"content-length", b" 0 ")])
    assert not may_reuse(b"GET", "1.1", Extent.NONE, LENGTH)
    assert not may_reuse(b"HEAD", "1.1", Extent.NONE, [])
    assert not may_reuse(b"POST", "1.0", Extent.DELIMITED, LENGTH)
    assert not may_reuse(b"POST", "1.1", Extent.UNTIL_EOF, [])
