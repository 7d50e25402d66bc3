"""What is told about an answer, byte for byte."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.answer import Answer
from proxy.wire.rules import MOST_BARE, MOST_HEAD, MOST_INTERIM

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Seen:
    """What the reader of one answer has seen."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.status = 0
        self.body = b""

    def feed(self, data: bytes) -> None:
        self._answer.feed(data)
        self.status = self._answer.status
        self.body += b"".join(self._answer.parts)
        self._answer.parts.clear()

    @property
    def all(self) -> tuple[int, bytes, bool, bool]:
        answer = self._answer
        return self.status, self.body, answer.complete, bool(answer.problem)


def read(*reads: bytes, method: bytes = b"POST") -> tuple[Answer, Seen]:
    answer = Answer()
    answer.expect(method)
    seen = Seen(answer)
    for data in reads:
        if answer.complete or answer.problem:
            break
        seen.feed(data)
    return answer, seen


GOOD = [
    (OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    (OK + b"Content-Length: 0\r\n\r\n", b""),
    (OK + b"A:\r\nB: c d\t\xff\r\nContent-Length: 1\r\n\r\nx", b"x"),
    (CHUNKED + b"5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n", b"hello world"),
    (CHUNKED + b"1\r\nx\r\n0\r\nTrailer: y\r\nZ: w\r\n\r\n", b"x"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", b""),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx", b"x"),
    (b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n" * 16 + OK + b"Content-Length: 1\r\n\r\nx", b"x"),
    (b"HTTP/1.1 307 Go\r\nLocation: //evil\r\nContent-Length: 2\r\n\r\nno", b"no"),
    (OK + b"Upgrade: h2\r\nConnection: Upgrade\r\nContent-Length: 1\r\n\r\nx", b"x"),
]


@pytest.mark.parametrize(("wire", "body"), GOOD)
def test_a_sound_answer_is_read_whole_and_its_connection_may_serve_again(
    wire: bytes, body: bytes
) -> None:
    answer, seen = read(wire)
    assert seen.body == body
    assert answer.complete
    assert answer.reusable
    assert not answer.problem
    assert not answer.until_eof


def test_fields_come_in_order_and_as_they_were_and_interim_ones_do_not() -> None:
    answer, _ = read(
        b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
        + OK
        + b"X-A: 1\r\nx-a:\r\nContent-Length: 0\r\n\r\n"
    )
    assert answer.headers == ((b"X-A", b"1"), (b"x-a", b""), (b"Content-Length", b"0"))


NO_REUSE = [
    OK + b"Connection: close\r\nContent-Length: 1\r\n\r\nx",
    b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
    OK + b"Content-Length: 1\r\n\r\nxsurplus",
    OK + b"Content-Length: 1\r\n\r\nxH",
    OK + b"Content-Length: 1\r\n\r\nx" + OK + b"Content-Length: 1\r\n\r\ny",
    CHUNKED + b"1\r\nx\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
]


@pytest.mark.parametrize("wire", NO_REUSE)
def test_what_follows_a_whole_answer_is_not_told_and_ends_the_connection(wire: bytes) -> None:
    answer, seen = read(wire)
    assert seen.all == (200, b"x", True, False)
    assert not answer.reusable


@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_bodiless_answer_that_announces_a_body_leaves_a_doubt(
    status: bytes, framing: bytes
) -> None:
    for tail in (b"", b"hello"):
        answer, seen = read(b"HTTP/1.1 " + status + b"\r\n" + framing + b"\r\n\r\n" + tail)
        assert answer.complete
        assert not answer.reusable
        assert seen.body == b""


def test_an_answer_to_head_ends_with_its_head() -> None:
    answer, seen = read(OK + b"Content-Length: 5\r\n\r\nhello", method=b"HEAD")
    assert seen.all == (200, b"", True, False)
    assert not answer.reusable


def test_a_body_without_length_goes_on_until_the_end() -> None:
    answer, seen = read(OK + b"\r\nsome", b"thing")
    assert seen.all == (200, b"something", False, False)
    assert answer.until_eof
    assert not answer.reusable


BAD_HEADS = [
    b"<html>",
    b"\x15\x03\x01\x00\x02\x02F",
    b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 2x0 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nbytes",
    b"HTTP/1.1 101 Switching\r\n\r\n",
    OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    OK + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    OK + b"Content-Length: 1, 1\r\n\r\nx",
    OK + b"Content-Length: +1\r\n\r\nx",
    OK + b"Content-Length: -1\r\n\r\nx",
    OK + b"Content-Length: 0x1\r\n\r\nx",
    OK + b"Content-Length:\r\n\r\nx",
    OK + b"Content-Length: 99999999999999999999999\r\n\r\nx",
    OK + b"Transfer-Encoding: gzip\r\n\r\nx",
    OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: xchunked\r\n\r\nx",
    OK + b"Transfer-Encoding: identity\r\n\r\nx",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    OK + b"A: b\r\n c\r\n\r\n",
    OK + b"A : b\r\n\r\n",
    OK + b"Abc\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    *[OK + b"A: b" + bytes([c]) + b"c\r\n\r\n" for c in (*range(9), 11, 12, 13, 27, 127)],
    OK + b"A: b\r\n" * 257 + b"Content-Length: 0\r\n\r\n",
    b"HTTP/1.1 103 Early\r\n\r\n" * (MOST_INTERIM + 1),
    OK + b"A: " + b"b" * 65536 + b"\r\n\r\n",
    OK + b"".join(b"A%d: %b\r\n" % (n, b"b" * 9000) for n in range(4)) + b"\r\n",
]


@pytest.mark.parametrize("wire", BAD_HEADS, ids=lambda wire: wire[:48])
def test_a_head_that_must_not_be_trusted_is_told_to_nobody(wire: bytes) -> None:
    answer, seen = read(wire)
    assert seen.all == (0, b"", False, True)
    assert not answer.reusable


BAD_BODIES = [
    CHUNKED + b"1\r\nx\r\nzz\r\n",
    CHUNKED + b"1\r\nx\r\n+1\r\ny\r\n",
    CHUNKED + b"1\r\nx\r\nfffffffffffffffff\r\n",
    CHUNKED + b"1\r\nxspill\r\n0\r\n\r\n",
    CHUNKED + b"1\r\nx\r\n0\r\nContent-Length: 5\r\n\r\n",
    CHUNKED + b"1\r\nx\r\n0\r\nA: " + b"b" * (MOST_HEAD + 1) + b"\r\n\r\n",
    CHUNKED + b"1\r\nx\r\n0\r\n" + b"A: 12345678\r\n" * (MOST_HEAD // 8),
]


@pytest.mark.parametrize("wire", BAD_BODIES, ids=lambda wire: wire[45:80])
def test_a_body_that_breaks_is_told_up_to_there(wire: bytes) -> None:
    answer, seen = read(wire)
    assert seen.all == (200, b"x", False, True)
    assert not answer.reusable


def test_the_largest_heads_that_are_allowed() -> None:
    many = OK + b"A: b\r\n" * 255 + b"Content-Length: 1\r\n\r\nx"
    assert read(many)[1].all == (200, b"x", True, False)
    tail = b"Content-Length: 1\r\n\r\n"
    room = MOST_HEAD - len(OK) - len(tail) - len(b"A: \r\n")
    for extra, whole in ((0, True), (1, False)):
        wire = OK + b"A: " + b"b" * (room + extra) + b"\r\n" + tail + b"x"
        assert read(wire)[0].complete is whole
        assert read(*[wire[n : n + 1000] for n in range(0, len(wire), 1000)])[0].complete is whole


def test_framing_without_a_body_does_not_go_on_for_ever() -> None:
    for endless in (b"1;" + b"e" * 2 * MOST_BARE, b"0\r\nA: " + b"b" * 2 * MOST_BARE):
        wire = CHUNKED + b"1\r\nx\r\n" + endless
        answer, _ = read(*[wire[n : n + 512] for n in range(0, len(wire), 512)], b"more")
        assert answer.problem


def test_a_long_stream_of_small_chunks_is_not_mistaken_for_that() -> None:
    answer, seen = read(CHUNKED, *[b"1;" + b"e" * 100 + b"\r\n", b"x\r\n"] * 1000, b"0\r\n\r\n")
    assert answer.complete
    assert len(seen.body) == 1000


SPLIT = [wire for wire, _ in GOOD[:8]] + [
    OK + b"\r\nuntil the end",
    *BAD_BODIES[:5],
    *BAD_HEADS[:30],
]


@pytest.mark.parametrize("wire", SPLIT, ids=lambda wire: wire[:48])
def test_where_the_reads_split_changes_nothing(wire: bytes) -> None:
    whole = read(wire)[1].all
    for at in range(1, len(wire)):
        assert read(wire[:at], wire[at:])[1].all == whole
    assert read(*[wire[n : n + 1] for n in range(len(wire))])[1].all == whole


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    st.lists(st.integers(0, 400), max_size=6),
)
def test_any_chunks_split_anywhere_give_the_same_body(chunks: list[bytes], cuts: list[int]) -> None:
    wire = CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(wire)}), len(wire)]
    answer, seen = read(*[wire[a:b] for a, b in pairwise(edges)])
    assert seen.body == b"".join(chunks)
    assert answer.complete
    assert answer.reusable


def test_one_parser_reads_many_answers() -> None:
    answer = Answer()
    for number in range(3):
        answer.expect(b"POST")
        answer.feed(OK + b"N: %d\r\nContent-Length: 1\r\n\r\n%d" % (number, number))
        assert answer.parts == [b"%d" % number]
        assert answer.headers[0] == (b"N", b"%d" % number)
        assert answer.complete
        assert answer.reusable
        answer.parts.clear()
