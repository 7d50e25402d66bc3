"""Gates hold until nothing can be lost by letting go."""

import pytest

from proxy.dialects.gate import MOST_HELD, State, StreamGate, WholeGate, gate_for, is_good
from proxy.model import Api, Ask, Dialect, Head, Operation

ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
HELLO = b'data: {"choices":[{"index":0,"delta":{"content":"hello"}}]}\n\n'
ERROR = b'data: {"error":{"message":"overloaded"}}\n\n'


def ask(operation: Operation = Operation.GENERATE) -> Ask:
    return Ask(
        dialect=Dialect.OPENAI,
        api=Api.CHAT if operation is Operation.GENERATE else Api.OPAQUE,
        operation=operation,
        method="POST",
        path="/v1/chat/completions",
    )


def head(status: int = 200, kind: bytes = b"text/event-stream", *more: tuple[bytes, bytes]) -> Head:
    return Head(status=status, headers=((b"Content-Type", kind), *more))


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (head(), StreamGate),
        (head(kind=b"Text/Event-Stream; charset=utf-8"), StreamGate),
        (head(500), WholeGate),
        (head(kind=b"application/json"), WholeGate),
        (Head(status=200, headers=()), WholeGate),
    ],
)
def test_the_head_decides_how_long_bytes_are_held(made: Head, kind: type) -> None:
    assert type(gate_for(ask(), made)) is kind


def test_a_stream_is_held_until_its_first_content() -> None:
    gate = gate_for(ask(), head())
    assert gate.feed(b": ping\n\n") is State.HOLD
    assert gate.feed(ROLE) is State.HOLD
    assert gate.feed(HELLO) is State.READY
    assert b"".join(gate.held) == b": ping\n\n" + ROLE + HELLO


@pytest.mark.parametrize("data", [ERROR, ROLE + ERROR, HELLO + ERROR, b"data: {nonsense\n\n"])
def test_an_error_or_garbage_fails_while_nothing_was_sent(data: bytes) -> None:
    assert gate_for(ask(), head()).feed(data) is State.FAILED


def test_a_garbled_event_among_content_is_no_failure() -> None:
    gate = gate_for(ask(), head())
    assert gate.feed(HELLO + b"data: {nonsense\n\n" + HELLO) is State.READY
    assert b"".join(gate.held) == HELLO + HELLO


def test_an_encoded_stream_cannot_be_read_and_passes() -> None:
    gate = gate_for(ask(), head(200, b"text/event-stream", (b"content-encoding", b"gzip")))
    assert gate.feed(b"\x1f\x8b") is State.READY


def test_a_whole_answer_is_held_until_it_is_too_large() -> None:
    gate = gate_for(ask(), head(kind=b"application/json"))
    half = b" " * (MOST_HELD // 2)
    assert gate.feed(half) is State.MOVING
    assert gate.feed(half) is State.MOVING
    assert gate.feed(b" ") is State.READY


def test_what_is_never_rerouted_is_not_held_back() -> None:
    gate = gate_for(ask(Operation.OTHER), head(kind=b"application/x-ndjson"))
    assert gate.feed(b"{}\n") is State.READY


@pytest.mark.parametrize(
    ("status", "good"), [(200, True), (204, True), (299, True), (199, False), (301, False)]
)
def test_only_2xx_promises_a_good_answer(status: int, good: bool) -> None:
    assert is_good(status) is good
