"""The head of a request."""

import itertools

import pytest

from proxy.model import Headers, Url
from proxy.wire.connection import Lane
from proxy.wire.request import request_head
from tests.wire.peer import Flowing, InMemory, backend, order

TO = backend(Url(tls=True, host="api.example", port=443, path="/v1"))


def head(body: object = None, **changes: object) -> bytes | None:
    return request_head(order(TO, body, **changes), Lane((), b"api.example"))


def test_it_has_host_and_framing_and_the_orders_fields_in_their_order() -> None:
    headers = ((b"X-B", b"1"), (b"x-a", b""), (b"X-B", b"\xff 2"))
    assert head(InMemory(b"abc"), headers=headers, target=b"/v1/x?y=%20z") == (
        b"POST /v1/x?y=%20z HTTP/1.1\r\nHost: api.example\r\n"
        b"X-B: 1\r\nx-a: \r\nX-B: \xff 2\r\nContent-Length: 3\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("method", "body", "framing"),
    [
        (b"POST", InMemory(b""), b"\r\nContent-Length: 0"),
        (b"PUT", InMemory(b""), b"\r\nContent-Length: 0"),
        (b"GET", InMemory(b""), b""),
        (b"DELETE", InMemory(b""), b""),
        (b"GET", InMemory(b"odd"), b"\r\nContent-Length: 3"),
        (b"POST", Flowing(b"abc", said=3), b"\r\nContent-Length: 3"),
        (b"POST", Flowing(b"abc"), b"\r\nTransfer-Encoding: chunked"),
        (b"GET", Flowing(said=0), b""),
    ],
)
def test_the_body_is_framed_by_what_is_known_of_it(
    method: bytes, body: object, framing: bytes
) -> None:
    assert head(body, method=method, headers=()) == (
        b"%b /v1/chat/completions HTTP/1.1\r\nHost: api.example%b\r\n\r\n" % (method, framing)
    )


@pytest.mark.parametrize(
    "target",
    [b"", b"v1", b"http://evil/", b"/a b", b"/a\r\nX: y", b"/a\nb", b"/a\tb", b"/a\0b", b"/a\x7f"],
)
def test_a_target_that_would_break_its_line_is_refused(target: bytes) -> None:
    assert head(target=target) is None


@pytest.mark.parametrize("method", [b"", b"POST /x HTTP/1.1\r\nA:", b"GET\n", b"A B"])
def test_a_method_that_would_break_its_line_is_refused(method: bytes) -> None:
    assert head(method=method) is None


@pytest.mark.parametrize(
    "headers",
    [
        ((b"a", b"b\r\nc: d"),),
        ((b"a", b"b\nc: d"),),
        ((b"a", b"b\rc"),),
        ((b"a", b"b\0c"),),
        ((b"a\r\nb", b"c"),),
        ((b"a", b"b"), (b"c", b"d\r\n\r\nGET / HTTP/1.1")),
    ],
)
def test_a_field_that_would_break_its_line_is_refused(headers: Headers) -> None:
    assert head(headers=headers) is None


def test_what_was_asked_before_is_not_mixed_with_what_is_asked_now() -> None:
    """A head after another on one lane is the head that it would be alone."""
    heads: list[dict[str, object]] = [
        {},
        {"headers": ((b"x-a", b"1"),)},
        {"headers": ((b"x-a", b"2"),)},
        {"headers": ((b"X-A", b"2"),)},
        {"headers": ((b"x-a", b"2"), (b"x-b", b"3"))},
        {"headers": ((b"x-b", b"3"), (b"x-a", b"2"))},
        {"target": b"/v1/other"},
        {"method": b"GET"},
        {"body": InMemory(b"abc")},
        {"body": Flowing(b"abc")},
        {"target": b"/a b"},
        {"headers": ((b"a", b"b\r\nc: d"),)},
        {},
    ]
    lane = Lane((), b"api.example")
    for before, now in itertools.product(heads, heads):
        asked = []
        for changes in (before, now, now):
            body = changes.get("body", InMemory(b""))
            rest = {name: value for name, value in changes.items() if name != "body"}
            asked.append((request_head(order(TO, body, **rest), lane), head(body, **rest)))
        assert all(on_one_lane == alone for on_one_lane, alone in asked)
