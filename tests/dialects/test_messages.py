"""What Anthropic Messages say: streamed, and whole."""

import json

import msgspec
import pytest

from proxy.dialects.messages import MessagesReader, whole_message
from proxy.dialects.signals import Signals, Whole
from proxy.model import Usage


def read(*events: dict[str, object]) -> Signals:
    signals, reader = Signals(), MessagesReader()
    for event in events:
        name = str(event.get("type", "")).encode()
        assert reader.read(name, json.dumps(event).encode(), signals)
    return signals


def delta(**fields: object) -> dict[str, object]:
    return {"type": "content_block_delta", "index": 0, "delta": fields}


@pytest.mark.parametrize(
    ("event", "content", "progress"),
    [
        (delta(type="text_delta", text="x"), True, 1),
        (delta(type="thinking_delta", thinking="x"), True, 1),
        (delta(type="input_json_delta", partial_json="{"), True, 1),
        (delta(type="signature_delta", signature="x"), True, 1),
        (delta(type="citations_delta", citation={"type": "x"}), True, 1),
        (delta(type="something_new", x=1), True, 1),
        (delta(type="text_delta", text=""), False, 1),
        (delta(type="input_json_delta", partial_json=""), False, 1),
        ({"type": "message_start", "message": {}}, False, 1),
        ({"type": "content_block_start", "content_block": {"type": "tool_use"}}, False, 1),
        ({"type": "content_block_stop"}, False, 1),
        ({"type": "message_delta", "delta": {"stop_reason": "refusal"}}, False, 1),
        ({"type": "ping"}, False, 0),
        ({"type": "something_new"}, False, 0),
        ({}, False, 0),
    ],
)
def test_content_and_progress(event: dict[str, object], content: bool, progress: int) -> None:
    signals = read(event)
    assert (signals.content, signals.progress) == (content, progress)
    assert (signals.terminal, signals.failed) == (False, None)


def test_only_message_stop_proves_the_end() -> None:
    signals = read({"type": "message_stop"})
    assert signals.terminal
    signals = read(delta(type="text_delta", text="x"))
    MessagesReader().close(signals)
    assert not signals.terminal


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "error": {"type": "overloaded_error"}, "request_id": "r"},
        {"type": "error"},
        {"error": {"message": "from a compatible server"}},
    ],
)
def test_failures(event: dict[str, object]) -> None:
    assert read(event).failed == json.dumps(event).encode()


def test_an_event_of_the_name_error_fails_whatever_it_says() -> None:
    signals = Signals()
    assert MessagesReader().read(b"error", b"Bad Gateway", signals)
    assert signals.failed == b"Bad Gateway"


def test_what_cannot_be_read() -> None:
    assert not MessagesReader().read(b"content_block_delta", b'{"type":"content_', Signals())


def test_cached_input_is_input_too() -> None:
    start = {"input_tokens": 3, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 100}
    signals = read(
        {"type": "message_start", "message": {"usage": {**start, "output_tokens": 1}}},
        {"type": "message_delta", "usage": {"output_tokens": 42}},
    )
    assert signals.usage == Usage(input=113, output=42)


def test_plain_events() -> None:
    plain = MessagesReader().plain
    assert plain.prefixes == {b"event: content_block_delta\ndata: "}
    plain.decode(json.dumps(delta(type="text_delta", text="x")).encode())
    for event in ({"type": "message_stop"}, {"type": "content_block_delta", "error": {}}, {}):
        with pytest.raises(msgspec.ValidationError):
            plain.decode(json.dumps(event).encode())


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (
            {
                "type": "message",
                "content": [{"type": "text", "text": "x"}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": 1, "output_tokens": 2},
            },
            Whole(content=True, reason="end_turn", usage=Usage(input=1, output=2)),
        ),
        (
            {"type": "message", "content": [], "stop_reason": "refusal"},
            Whole(content=False, reason="refusal"),
        ),
        ({"hello": 1}, Whole(content=False)),
    ],
)
def test_whole_answers(body: object, whole: Whole) -> None:
    assert whole_message(json.dumps(body).encode()) == whole


def test_whole_answers_that_failed() -> None:
    for body in (b'{"type":"error","error":{}}', b'{"content":[],"stop_reason":"error"}'):
        whole = whole_message(body)
        assert whole is not None
        assert whole.failed == body
    assert whole_message(b"<html>") is None
