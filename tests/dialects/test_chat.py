"""What Chat Completions say: streamed, and whole."""

import json

import msgspec
import pytest

from proxy.dialects.chat import ChatReader, is_usual_chat, whole_chat
from proxy.dialects.signals import NEVER_PLAIN, Signals, Whole
from proxy.model import Usage


def read(*events: object, name: bytes = b"", choices: int = 1) -> Signals:
    signals, reader = Signals(), ChatReader(choices)
    for event in events:
        assert reader.read(name, json.dumps(event).encode(), signals)
    return signals


def choice(**fields: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": None, **fields}]}


@pytest.mark.parametrize(
    "fields",
    [
        {"delta": {"content": "x"}},
        {"delta": {"content": [{"type": "text"}]}},
        {"delta": {"reasoning_content": "x"}},
        {"delta": {"reasoning": "x"}},
        {"delta": {"reasoning_details": [{}]}},
        {"delta": {"tool_calls": [{"index": 0}]}},
        {"delta": {"function_call": {"name": "f"}}},
        {"delta": {"refusal": "no"}},
        {"delta": {"audio": {"id": "a"}}},
        {"delta": {"images": ["x"]}},
        {"text": "x"},
        {"message": {"content": "x"}, "delta": None},
    ],
)
def test_content(fields: dict[str, object]) -> None:
    signals = read(choice(**fields))
    assert (signals.content, signals.progress, signals.terminal) == (True, 1, False)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"delta": None},
        {"delta": {"role": "assistant", "content": ""}},
        {"delta": {"role": "assistant", "content": None, "tool_calls": []}},
        {"delta": {"name": "MiniMax AI", "audio": None, "refusal": ""}},
        {"text": ""},
    ],
)
def test_progress_without_content(fields: dict[str, object]) -> None:
    signals = read(choice(**fields))
    assert (signals.content, signals.progress) == (False, 1)


@pytest.mark.parametrize(
    "event", [{"choices": []}, {}, {"choices": None}, {"choices": [], "prompt_filter_results": [1]}]
)
def test_neither(event: object) -> None:
    signals = read(event)
    assert (signals.content, signals.progress, signals.failed) == (False, 0, None)


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"message": "overloaded"}},
        {"error": "overloaded"},
        {"error": {"code": 400}, "choices": []},
        {"object": "error", "message": "x", "code": 3505},
        {"type": "error", "message": "x"},
        choice(error={"code": 502}),
        choice(finish_reason="error"),
        choice(delta={"content": '{"message":"Too many tokens"}'}, finish_reason="error_finish"),
    ],
)
def test_failures(event: object) -> None:
    signals = read(event)
    assert signals.failed == json.dumps(event).encode()
    assert not signals.terminal


@pytest.mark.parametrize("error", [None, "", {}, False])
def test_an_error_that_is_none(error: object) -> None:
    assert read({**choice(delta={"content": "x"}), "error": error}).failed is None


def test_an_event_of_the_name_error_fails_whatever_it_says() -> None:
    assert read({}, name=b"error").failed == b"{}"


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter", "eos"])
def test_a_finish_reason_proves_the_end(reason: str) -> None:
    assert read(choice(delta={"refusal": ""}, finish_reason=reason)).terminal


def test_usage_in_an_event_without_choices() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 6, "completion_tokens_details": {}}
    signals = read(choice(finish_reason="stop"), {"choices": [], "usage": usage})
    assert signals.usage == Usage(input=5, output=6)
    assert read({**choice(), "usage": None}).usage is None


def test_several_choices_are_never_plain() -> None:
    assert ChatReader(2).plain is NEVER_PLAIN
    assert ChatReader(1).plain is not NEVER_PLAIN


@pytest.mark.parametrize(
    ("event", "plain"),
    [
        (choice(delta={"content": "x"}), True),
        ({"choices": [{}], "usage": {"prompt_tokens": 1}, "error": None}, True),
        (choice(finish_reason="stop"), False),
        (choice(index=1), False),
        (choice(error={}), False),
        ({**choice(), "error": {}}, False),
        ({"choices": []}, False),
        ({}, False),
    ],
)
def test_a_plain_event_says_nothing_but_content(event: object, plain: bool) -> None:
    decode = ChatReader(1).plain.decode
    data = json.dumps(event).encode()
    if plain:
        decode(data)
    else:
        with pytest.raises(msgspec.ValidationError):
            decode(data)


def body(**fields: object) -> bytes:
    return json.dumps({"object": "chat.completion", **fields}).encode()


def answer(**fields: object) -> bytes:
    usage = {"prompt_tokens": 19, "completion_tokens": 10}
    return body(choices=[{"index": 0, **fields}], usage=usage, error=None)


USAGE = Usage(input=19, output=10)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (
            answer(message={"content": "x"}, finish_reason="stop"),
            Whole(content=True, reason="stop", usage=USAGE),
        ),
        (
            answer(message={"content": None, "tool_calls": [{}]}, finish_reason="tool_calls"),
            Whole(content=True, reason="tool_calls", usage=USAGE),
        ),
        (
            answer(message={"content": ""}, finish_reason="content_filter"),
            Whole(content=False, reason="content_filter", usage=USAGE),
        ),
        (answer(text="x", finish_reason=None), Whole(content=True, usage=USAGE)),
        (body(choices=[]), Whole(content=False)),
        (b"\n\n\n" + body(choices=None), Whole(content=False)),
    ],
)
def test_whole_answers(data: bytes, whole: Whole) -> None:
    assert whole_chat(data) == whole


@pytest.mark.parametrize(
    "data",
    [
        body(error={"message": "x"}),
        body(object="error", message="x"),
        answer(message={"content": "partial"}, finish_reason="error", error={"code": 502}),
    ],
)
def test_whole_answers_that_failed(data: bytes) -> None:
    whole = whole_chat(data)
    assert whole is not None
    assert whole.failed == data


@pytest.mark.parametrize("data", [b"", b"<html>", b'{"choices":[', b'{"choices":5}'])
def test_what_is_no_answer(data: bytes) -> None:
    assert whole_chat(data) is None


SAID: dict[str, object] = {"role": "assistant", "content": "x"}
CALLED: dict[str, object] = {"content": None, "tool_calls": [{"id": "c"}]}


@pytest.mark.parametrize(
    ("fields", "usual"),
    [
        ({"message": SAID}, True),
        ({"message": CALLED, "finish_reason": "tool_calls"}, True),
        ({"message": SAID, "finish_reason": "length", "error": None, "delta": None}, True),
        ({"message": {"content": ""}}, False),
        ({"message": {"content": None, "tool_calls": []}}, False),
        ({"message": {"content": [{"type": "text"}]}}, False),
        ({"message": SAID, "delta": {}}, False),
        ({"message": SAID, "error": {"code": 502}}, False),
        ({"message": SAID, "finish_reason": "error"}, False),
        ({"message": SAID, "finish_reason": None}, False),
        ({"message": None, "text": "x"}, False),
    ],
)
def test_a_usual_answer_is_known_at_a_glance(fields: dict[str, object], usual: bool) -> None:
    one = {"index": 0, "finish_reason": "stop", **fields}
    other = {"index": 1, "finish_reason": "stop", "message": {"content": ""}}
    for choices in ([one], [other, one]):
        body = json.dumps({"choices": choices}).encode()
        assert is_usual_chat(body) is usual
        whole = whole_chat(body)
        assert whole is not None
        assert not usual or (whole.content and whole.failed is None and whole.reason)
    assert not is_usual_chat(json.dumps({"choices": [one], "error": "x"}).encode())
    assert not is_usual_chat(b'{"choices":[]}')
    assert not is_usual_chat(b"<html>")
