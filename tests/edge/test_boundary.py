"""Where a request ends is known, or known not to be known."""

import asyncio
from itertools import accumulate, pairwise

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.edge.boundary import Boundary

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKS = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"


def post(body: bytes) -> bytes:
    return b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


BLANK = post(b"a\r\n\r\nb")
REQUESTS = [GET, CHUNKS, BLANK, post(b""), post(b"abc"), post(GET)]


class Line:
    """A parser and what follows it, as a connection has them."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.parser = HttpRequestParser(BaseProtocol(self.loop), self.loop, 2**16)
        self.boundary = Boundary()

    def read(self, data: bytes) -> Boundary:
        messages, _, _ = self.parser.feed_data(data)
        message, payload = messages[-1] if messages else (None, EMPTY_PAYLOAD)
        plain = isinstance(message, RawRequestMessage) and not message.chunked
        self.boundary.follow(data, len(messages), payload, plain=plain)
        return self.boundary


@settings(max_examples=500)
@given(
    requests=st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=5),
    cuts=st.lists(st.integers(1, 300), max_size=12),
)
def test_what_is_said_of_an_end_is_true(requests: list[bytes], cuts: list[int]) -> None:
    line = Line()
    data = b"".join(requests)
    starts = dict(zip(accumulate(map(len, requests), initial=0), [*requests, b""], strict=True))
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    try:
        for begin, end in pairwise(edges):
            told = line.read(data[begin:end])
            if told.clean:
                assert end in starts
            if told.begun:
                assert end not in starts
    finally:
        line.loop.close()


@pytest.mark.parametrize("request_", [GET, BLANK, post(b""), post(b"abc")])
def test_a_plain_request_has_a_certain_end(request_: bytes) -> None:
    head = request_.index(b"\r\n\r\n") + 4
    for cut in (len(request_), head, *range(head + 1, len(request_))):
        line = Line()
        try:
            for _ in range(2):
                line.read(request_[:cut])
                if cut < len(request_):
                    assert not line.boundary.clean
                    line.read(request_[cut:])
                assert line.boundary.clean
                assert not line.boundary.begun
        finally:
            line.loop.close()


def test_what_stands_behind_an_end_has_begun() -> None:
    for request in (GET, post(b"abc")):
        line = Line()
        assert line.read(request + b"GE").begun
        assert not line.boundary.clean
        assert line.read(b"T /a HTTP/1.1\r\nHost: a\r\n").begun
        assert line.read(b"\r\n").clean
        line.loop.close()


def test_behind_chunks_nothing_is_certain_until_a_request_came_whole() -> None:
    line = Line()
    assert not line.read(CHUNKS).clean
    assert not line.boundary.begun
    assert line.read(GET).clean
    line.loop.close()
