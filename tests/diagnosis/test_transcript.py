"""A recorded answer -> Outcome."""

import pytest

from proxy.diagnosis.transcript import Transcript, events_of, mended, outcome_of
from proxy.model import Api, Dialect, Fault, Phase
from tests.diagnosis.desk import fields

SSE = fields(content_type="text/event-stream")


def streamed(body: bytes, phase: str = "mid_stream", **more: str):  # type: ignore[no-untyped-def] # noqa: ANN201 - an Outcome
    return outcome_of(
        Transcript(status=200, headers=SSE, body=body, stream=True, phase=phase, **more)
    )


def test_a_whole_answer_stays_as_it_is() -> None:
    found = outcome_of(Transcript(status=503, headers=SSE[:0], body=b"down", provider="groq"))
    assert (found.status, found.body, found.fault, found.phase) == (503, b"down", None, Phase.END)
    assert (found.provider, found.stream, found.event) == ("groq", False, None)


def test_a_body_that_ended_too_early() -> None:
    found = outcome_of(Transcript(status=200, body=b'{"choices', phase="mid_body"))
    assert (found.fault, found.phase) == (Fault.EOF, Phase.CONTENT)


def test_the_first_event_that_fails() -> None:
    body = b'data: {"choices": []}\n\nevent: error\ndata: {"code": 1}\n\ndata: {"error": 1}\n\n'
    found = streamed(body, "pre_content")
    assert (found.fault, found.event) == (Fault.FAILED_EVENT, b'{"code": 1}')
    assert (found.phase, found.body, found.stream) == (Phase.FIRST_CONTENT, b"", True)


def test_a_stream_without_its_end() -> None:
    body = b'data: {"choices": [{"delta": {"content": "a"}}]}\r\n\r\n'
    assert streamed(body).fault is Fault.UNTERMINATED
    assert streamed(body, "pre_content").fault is None
    assert streamed(b"", "pre_content").fault is Fault.UNTERMINATED
    assert streamed(b": ping\n\n", "pre_content").fault is None


@pytest.mark.parametrize(
    "last",
    [
        b"data: [DONE]",
        b'event: message_stop\ndata: {"type": "message_stop"}',
        b'data: {"choices": [{"finish_reason": "stop"}]}',
    ],
)
def test_a_stream_with_its_end(last: bytes) -> None:
    found = streamed(last + b"\n\n", wire="then a reset")
    assert (found.fault, found.phase) == (None, Phase.END)


def test_an_event_that_tells_no_end_is_not_judged() -> None:
    body = b'data: {"choices": [{"finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    assert streamed(body, "terminal").event == b'{"choices": [{"finish_reason": "stop"}]}'
    assert streamed(b'event: message_stop\ndata: {"type": "message_stop"}\n\n').event is None


def test_what_goes_on_has_not_ended() -> None:
    body = (
        b"event: response.created\n"
        b'data: {"response": {"object": "response", "status": "in_progress", "output": []}}\n\n'
    )
    assert streamed(body, "pre_content").fault is None
    assert streamed(body).fault is Fault.UNTERMINATED


def test_the_last_event_is_judged_for_what_it_says() -> None:
    last = b'{"choices":[{"finish_reason":"content_filter"}]}'
    assert streamed(b"data: " + last + b"\n\n", "terminal").event == last


@pytest.mark.parametrize(
    ("wire", "fault"),
    [
        ("TCP EOF inside a chunked body", Fault.EOF),
        ("ends without message_stop", Fault.UNTERMINATED),
        ("the connection is closed", Fault.UNTERMINATED),
        ("ECONNRESET after 3 events", Fault.RESET),
        ("nothing: silence for 60 s", Fault.STALL),
        (":message-type=exception", Fault.FAILED_EVENT),
    ],
)
def test_prose_says_how_the_bytes_ended(wire: str, fault: Fault) -> None:
    assert streamed(b"", wire=wire).fault is fault
    assert streamed(b": ping\n\n", wire=wire).fault is fault
    unary = outcome_of(Transcript(status=200, wire=wire, phase="mid_stream"))
    assert unary.fault is fault


def test_prose_about_an_error_says_nothing() -> None:
    assert outcome_of(Transcript(status=499, wire="reset")).fault is None


def test_bare_json_is_an_event() -> None:
    body = b'data: {"a": 1}\n\n{"error": 1}\n\n: comment\n\n{"a": 1}\n{"error": 2}'
    assert [event.payload for event in events_of(body)] == [
        b'{"a": 1}',
        b'{"error": 1}',
        b'{"a": 1}',
        b'{"error": 2}',
    ]
    assert [event.fails for event in events_of(body)] == [False, True, False, True]


def test_ndjson_is_a_stream() -> None:
    body = b'{"message": {"content": "a"}}\n{"error": "crashed"}\n'
    headers = fields(content_type="application/x-ndjson")
    found = outcome_of(Transcript(status=200, headers=headers, body=body))
    assert (found.fault, found.event) == (Fault.FAILED_EVENT, b'{"error": "crashed"}')


def test_a_field_that_is_no_event_by_the_book() -> None:
    assert streamed(b'error: {"code": 500}\n\n').fault is Fault.FAILED_EVENT


def test_a_page_in_place_of_a_stream_is_a_body() -> None:
    found = streamed(b"<html>")
    assert (found.body, found.stream, found.fault) == (b"<html>", True, None)


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b'{"a":1,...}', b'{"a":1}'),
        (b'{"a":{...},"b":[...]}', b'{"a":{},"b":["..."]}'),
        (b'{"a":"x..."}', b'{"a":"x..."}'),
        (b"plain ...", b"plain ..."),
        (b'{"cut', b'{"cut'),
    ],
)
def test_what_was_left_out_is_mended(body: bytes, whole: bytes) -> None:
    assert mended(body) == whole


@pytest.mark.parametrize(
    ("provider", "body", "dialect", "api"),
    [
        ("anthropic", b'{"stop_reason": null}', Dialect.ANTHROPIC, Api.MESSAGES),
        ("vertex", b'{"candidates": []}', Dialect.GEMINI, Api.GEMINI),
        ("openai", b'{"object":"response"}', Dialect.OPENAI, Api.RESPONSES),
        ("", b"{}", Dialect.OPENAI, Api.CHAT),
    ],
)
def test_the_api_is_told_by_its_fields(
    provider: str, body: bytes, dialect: Dialect, api: Api
) -> None:
    found = outcome_of(Transcript(status=200, body=body, provider=provider))
    assert (found.dialect, found.api) == (dialect, api)
