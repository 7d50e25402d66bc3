"""What OpenAI Responses say: streamed, and whole."""

import json

import msgspec
import pytest

from proxy.dialects.responses import ResponsesReader, whole_response
from proxy.dialects.signals import Signals, Whole
from proxy.model import Usage


def read(*events: dict[str, object]) -> Signals:
    signals, reader = Signals(), ResponsesReader()
    for event in events:
        assert reader.read(str(event.get("type", "")).encode(), json.dumps(event).encode(), signals)
    return signals


@pytest.mark.parametrize(
    ("event", "content", "progress"),
    [
        ({"type": "response.created", "response": {"error": None, "status": "queued"}}, False, 1),
        ({"type": "response.in_progress", "response": None}, False, 1),
        ({"type": "response.queued"}, False, 1),
        ({"type": "response.output_item.added", "item": {"type": "message"}}, False, 1),
        ({"type": "response.web_search_call.searching"}, False, 1),
        ({"type": "response.output_text.delta", "delta": "x"}, True, 1),
        ({"type": "response.output_text.delta", "delta": ""}, False, 1),
        ({"type": "response.function_call_arguments.delta", "delta": "{"}, True, 1),
        ({"type": "response.refusal.delta", "delta": "no"}, True, 1),
        ({"type": "response.shell_call_command.delta", "delta": "ls"}, True, 1),
        ({"type": "response.output_item.done", "item": {"type": "function_call"}}, True, 1),
        ({"type": "response.output_item.done", "item": {"type": "reasoning"}}, False, 1),
        ({"type": "response.image_generation_call.partial_image"}, True, 1),
        ({"type": "keepalive"}, False, 0),
        ({}, False, 0),
    ],
)
def test_content_and_progress(event: dict[str, object], content: bool, progress: int) -> None:
    signals = read(event)
    assert (signals.content, signals.progress) == (content, progress)
    assert (signals.terminal, signals.failed) == (False, None)


@pytest.mark.parametrize("kind", ["response.completed", "response.incomplete"])
def test_the_end(kind: str) -> None:
    usage = {"input_tokens": 8, "output_tokens": 9, "total_tokens": 17}
    signals = read({"type": kind, "response": {"status": "x", "usage": usage}})
    assert signals.terminal
    assert signals.usage == Usage(input=8, output=9)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "error": {"code": "server_is_overloaded"}, "sequence_number": 2},
        {"type": "error", "code": "ERR_SOMETHING", "message": "x"},
        {"type": "response.failed", "response": {"error": {"code": "server_error"}}},
        {"error": {"message": "from a compatible server"}},
    ],
)
def test_failures(event: dict[str, object]) -> None:
    assert read(event).failed == json.dumps(event).encode()


def test_done_proves_nothing() -> None:
    signals = read({"type": "response.output_text.delta", "delta": "x"})
    ResponsesReader().close(signals)
    assert not signals.terminal


def test_what_cannot_be_read() -> None:
    assert not ResponsesReader().read(b"response.created", b'{"type":5}', Signals())


def test_plain_events() -> None:
    plain = ResponsesReader().plain
    for prefix in plain.prefixes:
        name = prefix.removeprefix(b"event: ").removesuffix(b"\ndata: ").decode()
        plain.decode(json.dumps({"type": name, "delta": "x"}).encode())
    for event in (
        {"type": "response.completed"},
        {"type": "response.output_text.delta", "error": 1},
    ):
        with pytest.raises(msgspec.ValidationError):
            plain.decode(json.dumps(event).encode())


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (
            {"status": "completed", "output": [{}], "usage": {"input_tokens": 1}, "error": None},
            Whole(content=True, reason="completed", usage=Usage(input=1)),
        ),
        (
            {
                "status": "incomplete",
                "output": [],
                "incomplete_details": {"reason": "content_filter"},
            },
            Whole(content=False, reason="content_filter"),
        ),
        ({"status": "queued", "output": []}, Whole(content=True, reason="queued")),
        ({}, Whole(content=False)),
    ],
)
def test_whole_answers(body: object, whole: Whole) -> None:
    assert whole_response(json.dumps(body).encode()) == whole


@pytest.mark.parametrize(
    "body", [b'{"status":"failed","output":[]}', b'{"error":{"code":"x"}}', b'{"type":"error"}']
)
def test_whole_answers_that_failed(body: bytes) -> None:
    whole = whole_response(body)
    assert whole is not None
    assert whole.failed == body


def test_what_is_no_answer() -> None:
    assert whole_response(b"") is None
