"""Where an event ends, and what it carries."""

import pytest

from proxy.dialects.sse import END, bare_json, parse


@pytest.mark.parametrize(
    ("stream", "ends"),
    [
        (b"data: a\n\ndata: b\n\n", [9, 18]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [11, 22]),
        (b"data: a\r\rdata: b\r\r", [9, 18]),
        (b"data: a\r\n\ndata: b\n\r\n", [10, 20]),
        (b"data: a\ndata: b\n", []),
        (b"data: a\r\ndata: b\r\n", []),
        (b"\n\n\n\n", [2, 4]),
    ],
)
def test_an_event_ends_with_an_empty_line(stream: bytes, ends: list[int]) -> None:
    assert [match.end() for match in END.finditer(stream)] == ends


@pytest.mark.parametrize(
    ("frame", "name", "payload"),
    [
        (b"data: {}\n\n", b"", b"{}"),
        (b"data:{}\n\n", b"", b"{}"),
        (b"data:  {}\n\n", b"", b" {}"),
        (b"event: ping\ndata: {}\n\n", b"ping", b"{}"),
        (b"event:ping\r\ndata:{}\r\nid: 5\r\n\r\n", b"ping", b"{}"),
        (b"data: a\ndata\ndata: b\n\n", b"", b"a\n\nb"),
        (b"\xef\xbb\xbfdata: {}\r\r", b"", b"{}"),
        (b": data: {}\n\n", b"", None),
        (b"event: ping\n\n", b"ping", None),
        (b"\n\n", b"", None),
        (b"data\n\n", b"", b""),
        (b"xdata: 1\n\n", b"", None),
        (b'error: {"code":500}\n\n', b"error", b'{"code":500}'),
    ],
)
def test_name_and_payload(frame: bytes, name: bytes, payload: bytes | None) -> None:
    assert parse(frame) == (name, payload)


@pytest.mark.parametrize(
    ("frame", "bare"),
    [(b'\r\n{"error":1}\n\n', b'{"error":1}'), (b"[{}]\n\n", b"[{}]"), (b"data: {}\n\n", None)],
)
def test_json_without_a_field(frame: bytes, bare: bytes | None) -> None:
    assert bare_json(frame) == bare
