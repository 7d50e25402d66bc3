"""Events, as going on with a cut stream sees them."""

from typing import Any

import pytest

from proxy.dialects.pieces import (
    READERS,
    Piece,
    answer_of,
    is_first,
    items_of,
    message_of,
    parts_of,
    read_chat,
    read_message,
    read_response,
)
from proxy.dialects.signals import Tree
from proxy.model import Api
from tests.dialects.answers import CLOSING, LEAD, at, item, part, payloads, response


def added(thing: object, index: int = 0, kind: str = "added") -> dict[str, Any]:
    return {"type": f"response.output_item.{kind}", "output_index": index, "item": thing}


def completed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.completed", "response": response("p", *items)}


CALL: dict[str, Any] = {"type": "function_call", "id": "fc", "name": "f", "arguments": ""}


def test_three_apis_can_be_gone_on_with() -> None:
    assert {
        Api.CHAT: read_chat,
        Api.MESSAGES: read_message,
        Api.RESPONSES: read_response,
    } == READERS


@pytest.mark.parametrize("done", ["completed", "incomplete"])
def test_a_plain_response_has_nothing_foreign(done: str) -> None:
    events = payloads("p", ["ab", "", "c"], done)
    pieces = [read_response(event) for event in events]
    assert [piece.text for piece in pieces] == [""] * LEAD + ["ab", "", "c"] + [""] * CLOSING
    assert [piece.ends for piece in pieces] == [False] * (LEAD + 3) + [True] * CLOSING
    assert not any(piece.foreign for piece in pieces)
    assert all(piece.event is event for piece, event in zip(pieces, events, strict=True))


@pytest.mark.parametrize(
    "event",
    [
        {"type": "keepalive", "sequence_number": 3},
        {"type": "response.queued", "response": response("p", status="queued")},
        {"type": "response.created", "response": {"id": "resp_p", "output": None}},
        added(item("p", part(""))),
        added(item("p") | {"content": None}),
        completed(),
        completed(item("p")),
        at("output_text.delta", "p", delta="x", logprobs=None),
    ],
)
def test_what_is_no_text_of_a_response_may_be_there(event: dict[str, Any]) -> None:
    assert not read_response(event).foreign


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "response.something_new"},
        {"type": "response.reasoning_text.delta", "delta": "hm"},
        {"type": "response.function_call_arguments.delta", "delta": "{"},
        {"type": "response.web_search_call.searching", "output_index": 0},
        {"type": "response.created", "response": response("p", item("p", part("x")))},
        {"type": "response.created", "response": {"output": "x"}},
        at("refusal.delta", "p", delta="no"),
        at("output_text.annotation.added", "p", annotation={}),
        at("output_text.delta", "p", delta="x", logprobs=[{"token": "x"}]),
        at("output_text.delta", "p", delta="x", news="y"),
        at("output_text.delta", "p", delta=1),
        at("output_text.delta", "p", delta=None),
        at("output_text.delta", "p", delta="x", output_index=1),
        at("output_text.delta", "p", delta="x", content_index=1),
        at("output_text.done", "p", text="x", logprobs=[{"token": "x"}]),
        at("content_part.added", "p", part=part("x")),
        at("content_part.added", "p", part={"type": "refusal", "refusal": ""}),
        at("content_part.added", "p", part=None),
        at("content_part.done", "p", part=part("x", annotations=[{"type": "url_citation"}])),
        at("content_part.done", "p", part=part("x", logprobs=[{"token": "x"}])),
        added({"type": "reasoning", "id": "rs", "summary": []}),
        added(CALL),
        added(None),
        added(item("p"), 1),
        added(item("p", part("x"))),
        added(item("p") | {"content": "x"}),
        added(item("p") | {"phase": "commentary"}),
        added(item("p", part("a"), part("b")), kind="done"),
        completed(item("p", part("x")), CALL),
        completed({"type": "reasoning", "id": "rs", "summary": []}, item("p", part("x"))),
    ],
)
def test_what_is_no_plain_response_is_foreign(event: dict[str, Any]) -> None:
    assert read_response(event).foreign


def test_text_counts_even_where_something_is_odd_about_it() -> None:
    assert read_response(at("output_text.delta", "p", delta="x", news="y")).text == "x"
    assert read_response(at("output_text.delta", "p", delta="x", output_index=1)).text == ""


def test_a_chunk_and_an_event_of_a_message_are_read() -> None:
    finish: Tree = {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}
    assert read_chat(finish) == Piece(finish, "x", ends=True)
    tool: Tree = {"choices": [{"delta": {"tool_calls": [{}]}}]}
    assert read_chat(tool) == Piece(tool, foreign=True)
    said: Tree = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "x"},
    }
    assert read_message(said) == Piece(said, "x")
    later: Tree = {"type": "content_block_stop", "index": 1}
    assert read_message(later) == Piece(later, ends=True, foreign=True)


def test_what_an_event_holds() -> None:
    whole = completed(item("p", part("x")), CALL)
    assert answer_of(whole) is whole["response"]
    assert answer_of({"id": "c"}) == {"id": "c"}
    assert items_of(whole) == [item("p", part("x")), CALL]
    assert parts_of(whole) == [part("x")]
    assert message_of(completed(CALL, item("p", part("x")), item("q"))) == item("p", part("x"))
    assert parts_of(completed(CALL, item("p", part("x")))) == [part("x")]
    assert items_of(added(CALL)) == [CALL]
    assert message_of(added(CALL)) == {}
    assert parts_of(at("content_part.done", "p", part=part("x"))) == [part("x")]
    assert (items_of({}), parts_of({})) == ([], [])
    assert is_first(whole)
    assert not is_first(at("output_text.done", "p", content_index=1))
