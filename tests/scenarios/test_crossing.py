"""The reader of what crosses: complete, cut, left, and what must never come."""

import pytest

from tests.scenarios.crossing import Call, Crossing, End

ASK = b"POST /v1/x HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\nhi"
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
WHOLE = HEAD + b"2\r\nok\r\n0\r\n\r\n"


def crossed(*parts: bytes) -> tuple[Crossing, Call]:
    """Ask, and let these bytes come."""
    crossing = Crossing([])
    crossing.up(ASK, 1.0)
    for at, part in enumerate(parts, 2):
        crossing.down(part, float(at))
    assert crossing.call is not None
    return crossing, crossing.call


def test_a_whole_answer_is_complete() -> None:
    _, call = crossed(WHOLE)
    assert (call.end, call.statuses, bytes(call.answer)) == (End.COMPLETE, [200], b"ok")
    assert (call.method, call.target, bytes(call.body)) == ("POST", "/v1/x", b"hi")
    assert (call.began, call.ended, call.trouble) == (1.0, 2.0, "")


@pytest.mark.parametrize("parts", [(b"",), (HEAD[:9],), (HEAD,), (HEAD, b"2\r\nok\r\n")])
def test_an_answer_that_ends_early_is_cut(parts: tuple[bytes, ...]) -> None:
    crossing, call = crossed(*[part for part in parts if part])
    crossing.lost(9.0)
    assert (call.end, call.ended, call.trouble) == (End.CUT, 9.0, "")


def test_who_leaves_has_left() -> None:
    crossing, call = crossed(HEAD)
    crossing.left(3.0)
    crossing.lost(4.0)
    assert (call.end, call.ended) == (End.LEFT, 3.0)


def test_interim_answers_are_not_the_answer() -> None:
    _, call = crossed(b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE)
    assert (call.interim, call.statuses, call.end) == ([100], [200], End.COMPLETE)


@pytest.mark.parametrize(
    "parts", [(WHOLE + WHOLE,), (WHOLE, WHOLE), (WHOLE + b"x",), (HEAD + b"zz\r\n",)]
)
def test_what_must_never_come_is_trouble(parts: tuple[bytes, ...]) -> None:
    _, call = crossed(*parts)
    assert call.trouble


def test_a_connection_carries_one_call_after_the_other() -> None:
    calls: list[Call] = []
    crossing = Crossing(calls)
    for number in range(3):
        crossing.up(ASK, 1.0 + number)
        assert crossing.busy
        crossing.down(WHOLE, 1.5 + number)
        assert not crossing.busy
    assert [call.end for call in calls] == [End.COMPLETE] * 3
    assert [call.number for call in calls] == [0, 1, 2]
