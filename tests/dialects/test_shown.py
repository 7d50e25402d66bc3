"""What a client has been shown, read from what was sent."""

import json

import pytest

from proxy.dialects.shown import MOST_TEXT, Shown, frames, size_of, split_failure
from proxy.model import Api
from tests.dialects.answers import stream


def event(payload: object, name: str = "") -> bytes:
    line = f"event: {name}\n" if name else ""
    return f"{line}data: {json.dumps(payload)}\n\n".encode()


def chunk(delta: object, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None} | more
    return event({"id": "c1", "created": 7, "choices": [choice]})


def block(kind: str, **more: object) -> bytes:
    return event({"type": kind, "index": 0} | more, kind)


def text(said: str) -> bytes:
    return block("content_block_delta", delta={"type": "text_delta", "text": said})


START = event({"type": "message_start", "message": {"id": "m", "content": []}})
OPEN = block("content_block_start", content_block={"type": "text", "text": ""})
CLOSE = block("content_block_stop")
USAGE = {"prompt_tokens": 1}


def shown(api: Api, *events: bytes) -> Shown:
    found = Shown(api)
    for one in events:
        found.feed(one)
    return found


@pytest.mark.parametrize(
    "harmless",
    [
        b": ping\n\n",
        b"data:\n\n",
        event({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}),
        event({"choices": [], "usage": USAGE}),
        event({"id": "", "created": 0, "choices": []}),
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": None, "refusal": None, "tool_calls": []}, logprobs=None),
    ],
)
def test_what_is_no_text_of_a_chat_may_be_there(harmless: bytes) -> None:
    found = shown(Api.CHAT, harmless, chunk({"content": "a"}) + chunk({"content": "b"}), harmless)
    assert found.text == "ab"
    assert found.plain
    assert (found.kept, found.told) == ({"id": "c1", "created": 7}, set())
    assert found.text == "ab", "asked again it says the same"


@pytest.mark.parametrize(
    "foreign",
    [
        chunk({"tool_calls": [{"index": 0}]}),
        chunk({"content": "x", "annotations": [{"type": "url_citation"}]}),
        chunk({"reasoning": "hm"}),
        chunk({"content": "x"}, logprobs={"content": [1]}),
        chunk({"content": "x"}, index=1),
        chunk({"content": [{"type": "text"}]}),
        chunk({}, message={"content": "x"}),
        event({"choices": [{"delta": {}}, {"delta": {}}]}),
        event({"choices": "x"}),
        chunk({"content": "\ud83d"}),
        b"data: [1]\n\n",
        b"data: {nonsense\n\n",
        b'{"error": "bare"}\n\n',
    ],
)
def test_what_is_no_plain_chat_spoils_it(foreign: bytes) -> None:
    found = shown(Api.CHAT, chunk({"content": "a"}), foreign, chunk({"content": "b"}))
    assert found.text == ""
    assert not found.plain


def test_a_message_is_read() -> None:
    found = shown(Api.MESSAGES, START, OPEN, block("ping"), text("a"), text("b"))
    assert (found.text, found.told) == ("ab", set())
    found.feed(CLOSE)
    assert (found.text, found.told) == ("ab", {"content_block_stop"})
    found.feed(event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}))
    assert (found.text, found.told) == ("ab", {"content_block_stop", "message_delta"})


def test_a_response_is_read() -> None:
    events = stream("p", ["a", "b"])
    found = shown(Api.RESPONSES, *events[:-3])
    assert (found.text, found.told) == ("ab", {"response.output_text.done"})
    assert found.kept == {"id": "resp_p", "created_at": 1, "max_output_tokens": 100}
    assert (found.item, found.number) == ("msg_p", 6)


def test_a_response_that_names_its_item_late_is_read() -> None:
    delta = {"type": "response.output_text.delta", "delta": "a"}
    found = shown(Api.RESPONSES, event(delta))
    assert (found.text, found.item, found.number) == ("a", None, None)
    found.feed(event(delta | {"item_id": "m", "sequence_number": 0}))
    assert (found.text, found.item, found.number) == ("aa", "m", 0)
    found.feed(event(delta | {"item_id": "n"}))
    assert (found.text, found.item, found.number) == ("aaa", "m", 0)


def test_reasoning_before_the_text_spoils_it() -> None:
    item = {"type": "reasoning", "id": "rs", "summary": []}
    added = event({"type": "response.output_item.added", "output_index": 0, "item": item})
    lead, *rest = stream("p", ["a"])
    assert shown(Api.RESPONSES, lead, added, *rest).text == ""


@pytest.mark.parametrize(
    "foreign",
    [
        block("content_block_start", content_block={"type": "thinking", "thinking": ""}),
        block("content_block_start", content_block={"type": "text", "text": "x"}),
        block("content_block_start", content_block={"type": "text", "text": ""}, index=1),
        block("content_block_delta", delta={"type": "input_json_delta", "partial_json": "{"}),
        block("content_block_delta", delta={"type": "text_delta", "text": "x", "citation": "y"}),
        block("content_block_delta", delta={"type": "text_delta", "text": 1}),
        block("content_block_stop", index=1),
        event({"type": "message_start", "message": {"content": [{"type": "text"}]}}),
        event({"type": "something_new"}),
    ],
)
def test_what_is_no_plain_message_spoils_it(foreign: bytes) -> None:
    assert shown(Api.MESSAGES, START, OPEN, text("a"), foreign).text == ""


@pytest.mark.parametrize(("size", "kept"), [(MOST_TEXT, True), (MOST_TEXT + 1, False)])
def test_at_most_64_kib_are_kept(size: int, kept: bool) -> None:
    found = shown(Api.CHAT, *(chunk({"content": "x"}) for _ in range(size % 1024)))
    for _ in range(size // 1024):
        found.feed(chunk({"content": "x" * 1024}))
    assert (len(found.text) == size) is kept
    assert found.plain is kept


def test_events_are_not_kept_for_ever() -> None:
    found = Shown(Api.CHAT)
    filler = b": " + b"x" * 100_000 + b"\n\n"
    found.feed(chunk({"content": "a"}))
    for _ in range(30):
        found.feed(filler)
    assert sum(map(len, found._raw)) < 400_000
    assert found.text == "a"


def test_what_is_spoilt_keeps_nothing() -> None:
    found = shown(Api.CHAT, chunk({"content": "a"}))
    found.spoil()
    found.feed(chunk({"content": "b"}))
    assert (found.text, found._raw) == ("", [])


def test_frames_and_failures_are_told_apart() -> None:
    one, failed, rest = b"data: 1\r\n\r\n", b'data: {"error":1}\n\n', b"data: [DONE]\n\n"
    assert list(frames(one + failed + rest[:-1])) == [one, failed, rest[:-1]]
    assert split_failure(one + failed + rest, b'{"error":1}') == (one, failed + rest)
    assert split_failure(one + b'{"error":1}\n\n', b'{"error":1}') == (one, b'{"error":1}\n\n')
    assert split_failure(one, b"else") == (one, b"")


def test_half_a_character_has_no_size() -> None:
    assert size_of("é") == 2
    assert size_of("\ud83d") is None
