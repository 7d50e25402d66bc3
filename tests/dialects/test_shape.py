"""A few fields of JSON, read as strictly as clients do and no more."""

import msgspec
import pytest

from proxy.dialects.shape import Shape, is_json, is_utf8


class Point(msgspec.Struct):
    x: int = 0
    name: object = None


SHAPE = Shape(Point)


def test_reads_the_fields_that_are_named() -> None:
    assert SHAPE.load(b' {"x": 3, "other": [{"x": 4}], "name": "a"} ') == Point(3, "a")
    assert SHAPE.load(b"{}") == Point()


def test_half_a_surrogate_pair_is_read_as_clients_read_it() -> None:
    assert SHAPE.load(b'{"x":3,"name":"\\ud83d"}') == Point(3, "\ud83d")
    assert SHAPE.load(b'{"other":"\\ud83d","x":3}') == Point(3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"<html>",
        b'{"x":1}{}',
        b'{"x":"1"}',
        b'{"other":"\xff"}',
        b'{"x":01}',
    ],
)
def test_what_is_not_of_this_shape_is_not_read(data: bytes) -> None:
    assert SHAPE.load(data) is None


def test_a_bomb_of_brackets_is_not_read() -> None:
    assert SHAPE.load(b'{"other":' + b"[" * 100_000) is None
    assert not is_json(b"[" * 100_000)


def test_utf8_and_json() -> None:
    assert is_utf8("é".encode())
    assert not is_utf8(b"\xe9")
    assert is_json(b"[1]")
    assert not is_json(b"[1")
    assert not is_json(b"\xff")
