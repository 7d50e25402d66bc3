"""What Gemini says: streamed, and whole."""

import json

import msgspec
import pytest

from proxy.dialects.gemini import GeminiReader, whole_gemini
from proxy.dialects.signals import Signals, Whole
from proxy.model import Usage


def read(*events: object) -> Signals:
    signals, reader = Signals(), GeminiReader()
    for event in events:
        assert reader.read(b"", json.dumps(event).encode(), signals)
    return signals


def candidate(*parts: object, **fields: object) -> dict[str, object]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **fields}]}


@pytest.mark.parametrize(
    ("event", "content", "progress"),
    [
        (candidate({"text": "x"}), True, 1),
        (candidate({"text": "x", "thought": True}), True, 1),
        (candidate({"functionCall": {"name": "f"}}), True, 1),
        (candidate({"inlineData": {"data": "QUJD"}}), True, 1),
        (candidate({"text": ""}), False, 1),
        (candidate({"text": "", "thoughtSignature": "x"}), False, 1),
        (candidate(), False, 1),
        (candidate("odd"), False, 1),
        ({"candidates": [{"content": None}]}, False, 1),
        ({"candidates": [{"content": {"parts": None}}]}, False, 1),
        ({"usageMetadata": {"promptTokenCount": 4}}, False, 0),
        ({"candidates": None}, False, 0),
    ],
)
def test_content_and_progress(event: object, content: bool, progress: int) -> None:
    signals = read(event)
    assert (signals.content, signals.progress) == (content, progress)
    assert (signals.terminal, signals.failed) == (False, None)


@pytest.mark.parametrize(
    "event",
    [
        candidate({"text": "x"}, finishReason="STOP"),
        candidate(finishReason="MALFORMED_FUNCTION_CALL"),
        {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {}},
    ],
)
def test_the_end(event: object) -> None:
    assert read(event).terminal


def test_each_candidate_must_finish() -> None:
    first = candidate({"text": "x"}, index=0, finishReason="STOP")
    second = candidate({"text": "x"}, index=1)
    assert not read(second, first).terminal
    assert read(second, first, candidate(index=1, finishReason="STOP")).terminal


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"code": 503, "status": "UNAVAILABLE"}},
        [{"error": {"code": 503}}],
        {"event_type": "error", "error": {"code": "not_found"}},
        candidate(finishReason="ERROR"),
    ],
)
def test_failures(event: object) -> None:
    assert read(event).failed == json.dumps(event).encode()


def test_thinking_is_output_too() -> None:
    counts = {"promptTokenCount": 5, "toolUsePromptTokenCount": 1, "candidatesTokenCount": 7}
    signals = read({**candidate(), "usageMetadata": {**counts, "thoughtsTokenCount": 100}})
    assert signals.usage == Usage(input=6, output=107)


def test_done_proves_nothing() -> None:
    signals = read(candidate({"text": "x"}))
    GeminiReader().close(signals)
    assert not signals.terminal


def test_what_cannot_be_read() -> None:
    for payload in (b"", b"[]", b"{", b"[1]"):
        assert not GeminiReader().read(b"", payload, Signals())


def test_plain_events() -> None:
    plain = GeminiReader().plain
    plain.decode(json.dumps({**candidate({"text": "x"}), "usageMetadata": {}}).encode())
    odd = [
        candidate(finishReason="STOP"),
        candidate(index=1),
        {"candidates": [{}]},
        {"candidates": []},
        {**candidate(), "promptFeedback": {"blockReason": "SAFETY"}},
        {**candidate(), "error": {}},
    ]
    for event in odd:
        with pytest.raises(msgspec.ValidationError):
            plain.decode(json.dumps(event).encode())


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (candidate({"text": "x"}, finishReason="STOP"), Whole(content=True, reason="STOP")),
        (
            {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}},
            Whole(content=False, reason="SAFETY", usage=Usage(input=4)),
        ),
        ({"candidates": []}, Whole(content=False)),
    ],
)
def test_whole_answers(body: object, whole: Whole) -> None:
    assert whole_gemini(json.dumps(body).encode()) == whole


def test_whole_answers_that_failed() -> None:
    for body in (b' [{"error":{"code":400}}]\n', b'{"error":{"code":400}}'):
        whole = whole_gemini(body)
        assert whole is not None
        assert whole.failed == body
    assert whole_gemini(b"<html>") is None
