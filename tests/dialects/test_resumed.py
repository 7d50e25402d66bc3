"""The new stream's bytes: held to the seam, then fitted to what the client has."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from proxy.dialects.gate import State
from proxy.dialects.resumed import ResumedWatch, SeamGate, tokens_of
from proxy.dialects.seam import Align, Anchor, Prefill, Seam
from proxy.dialects.shown import Shown
from proxy.model import Api
from tests.dialects import answers
from tests.dialects.answers import CLOSING, LEAD, heard, stream, told
from tests.dialects.test_shown import CLOSE, OPEN, START, chunk, event, text

NOTE = b": faultline resumed\n\n"


def gate(seam: Callable[[str], Seam], *sent: bytes, api: Api = Api.CHAT) -> SeamGate:
    shown = Shown(api)
    for one in sent:
        shown.feed(one)
    return SeamGate(ResumedWatch(api, shown, seam(shown.text), NOTE))


def payload(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data.partition(b"data: ")[2])
    return found


def stop(**more: object) -> bytes:
    return chunk({}, finish_reason="stop") if not more else event(more)


def test_a_gate_says_how_far_it_is() -> None:
    shut = gate(Align, chunk({"content": "ab"}))
    assert shut.feed(b": ping\n\n") is State.HOLD
    assert shut.feed(chunk({"role": "assistant", "content": ""})) is State.HOLD
    assert shut.feed(chunk({"content": "a"})) is State.MOVING
    assert shut.feed(b": ping\n\n") is State.HOLD
    assert shut.held == []
    assert shut.feed(chunk({"content": "bc"})) is State.READY
    assert not shut.mismatched
    assert shut.held[0].startswith(NOTE + b"data: ")
    assert payload(shut.held[0])["choices"][0]["delta"] == {"content": "c"}


@pytest.mark.parametrize(
    ("data", "mismatched"),
    [
        (chunk({"content": "x"}), True),
        (chunk({"tool_calls": [{"index": 0}]}), True),
        (b"data: {nonsense\n\n", False),
        (b"data: {}\n\n", True),
        (event({"error": {"message": "no"}}), False),
        (event({"error": {"message": "no"}}) + b"data: [DONE]\n\n", False),
        (b"data: " + b"x" * (8 * 1024 * 1024) + b"\n\n", False),
    ],
    ids=["else", "tool", "garbled", "empty", "error", "error-done", "large"],
)
def test_whatever_goes_wrong_before_the_seam_is_a_failure(data: bytes, mismatched: bool) -> None:
    shut = gate(Align, chunk({"content": "ab"}))
    assert shut.feed(data) is State.FAILED
    assert shut.mismatched is mismatched
    assert shut.held == []


def test_an_error_in_the_read_that_joins_is_still_a_failure() -> None:
    shut = gate(Align, chunk({"content": "ab"}))
    assert shut.feed(chunk({"content": "abc"}) + event({"error": {"message": "no"}})) is (
        State.FAILED
    )


def test_a_text_that_is_over_must_have_been_all_of_it() -> None:
    assert gate(Align, chunk({"content": "ab"})).feed(chunk({"content": "a"}) + stop()) is (
        State.FAILED
    )
    whole = gate(Align, chunk({"content": "ab"}))
    assert whole.feed(chunk({"content": "ab"}) + stop()) is State.READY


def test_behind_the_seam_events_are_fitted_and_others_pass() -> None:
    opened = gate(
        Align, event({"id": "first", "created": 1, "choices": []}), chunk({"content": "a"})
    )
    opened.feed(chunk({"content": "ab"}))
    watch = opened.watch
    assert payload(watch.feed(chunk({"content": "c"})))["id"] == "first"
    assert payload(watch.feed(chunk({"content": "c"})))["created"] == 1
    assert watch.feed(b": ping\n\n") == b": ping\n\n"
    tool = payload(watch.feed(chunk({"tool_calls": [{"index": 0}]})))
    assert tool["choices"][0]["delta"] == {"tool_calls": [{"index": 0}]}
    error = event({"error": {"message": "no"}, "id": "x"})
    assert watch.feed(error) == error
    assert watch.failed is not None


def test_the_end_marker_passes_and_the_torn_end_too() -> None:
    opened = gate(Align, chunk({"content": "a"}))
    opened.feed(chunk({"content": "ab"}))
    last = stop()
    assert opened.watch.feed(last.rstrip()) == b""
    assert payload(opened.watch.end())["choices"][0]["finish_reason"] == "stop"
    assert opened.watch.terminal
    done = gate(Align, chunk({"content": "a"}))
    done.feed(chunk({"content": "ab"}) + stop())
    assert done.watch.feed(b"data: [DONE]\n\n") == b"data: [DONE]\n\n"
    assert done.watch.done


def test_an_odd_type_of_a_chunk_is_of_no_weight() -> None:
    def odd(text: str) -> bytes:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": "stop"}
        return event({"type": [], "choices": [choice]})

    opened = gate(Align, odd("a"))
    assert opened.feed(odd("a")) is State.READY
    assert opened.held == [NOTE]


def test_lone_surrogates_behind_the_seam_pass() -> None:
    opened = gate(Align, chunk({"content": "a"}))
    opened.feed(chunk({"content": "ab"}))
    assert payload(opened.watch.feed(chunk({"content": "\ud83d"})))["choices"][0]["delta"] == {
        "content": "\ud83d"
    }


@pytest.mark.parametrize(
    ("seam", "answer", "expected"),
    [
        (Align, "abcdefgh and", {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}),
        (Prefill, " and", {"prompt_tokens": 8, "completion_tokens": 7, "total_tokens": 15}),
        (Prefill, "abcdefgh!", {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}),
    ],
)
def test_the_usage_is_that_of_the_text_shown(
    seam: Callable[[str], Seam], answer: str, expected: dict[str, int]
) -> None:
    opened = gate(seam, chunk({"content": "abcdefgh"}))
    opened.feed(chunk({"content": answer}) + stop())
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    assert payload(opened.watch.feed(event({"choices": [], "usage": usage})))["usage"] == expected


def test_fewer_tokens_than_none_are_not_asked() -> None:
    opened = gate(Prefill, chunk({"content": "abcdefgh"}))
    opened.feed(chunk({"content": " and"}))
    usage = {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}
    asked = payload(opened.watch.feed(event({"choices": [], "usage": usage})))["usage"]
    assert asked == {"prompt_tokens": 0, "completion_tokens": 4, "total_tokens": 4}
    odd = {"prompt_tokens": None, "completion_tokens": "?"}
    assert payload(opened.watch.feed(event({"choices": [], "usage": odd})))["usage"] == odd


def delta(**usage: int) -> bytes:
    end = {"stop_reason": "end_turn"}
    return event({"type": "message_delta", "delta": end, "usage": usage}, "message_delta")


END = event({"type": "message_stop"}, "message_stop")


def test_a_message_begins_once_and_its_block_stays_open() -> None:
    opened = gate(Align, START, OPEN, text("ab"), api=Api.MESSAGES)
    assert opened.feed(START + OPEN + text("a")) is State.MOVING
    assert opened.feed(text("bc") + CLOSE) is State.READY
    [data] = opened.held
    note, rest, close, _ = data.split(b"\n\n")
    assert note + b"\n\n" == NOTE
    assert rest.startswith(b"event: content_block_delta\n")
    assert payload(rest)["delta"] == {"type": "text_delta", "text": "c"}
    assert payload(close)["type"] == "content_block_stop"


def test_a_block_that_is_closed_takes_no_more_text() -> None:
    closed = gate(Align, START, OPEN, text("ab"), CLOSE, api=Api.MESSAGES)
    assert closed.feed(START + OPEN + text("abc")) is State.FAILED
    assert closed.mismatched


def test_what_the_client_was_told_is_not_told_again() -> None:
    closed = gate(Align, START, OPEN, text("ab"), CLOSE, delta(), api=Api.MESSAGES)
    assert closed.feed(START + OPEN + text("ab") + CLOSE + delta() + END) is State.READY
    [data] = closed.held
    assert data.startswith(NOTE)
    assert payload(data)["type"] == "message_stop"
    assert data.count(b"data: ") == 1


def test_a_message_that_adds_no_block_closes_the_open_one() -> None:
    opened = gate(Prefill, START, OPEN, text("ab"), api=Api.MESSAGES)
    opened.feed(START + delta(output_tokens=1) + END)
    assert [payload(one)["type"] for one in opened.held[0].split(b"\n\n")[1:-1]] == [
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert b'"output_tokens":2' in opened.held[0]


TEXTS = ["A bridge holds", " because every stone", " leans on the next one", ", and so."]
WHOLE = "".join(TEXTS)


def respond(seam: Callable[[str], Seam], *sent: bytes) -> SeamGate:
    return gate(seam, *sent, api=Api.RESPONSES)


@pytest.mark.parametrize("seam", [Align, Anchor])
@pytest.mark.parametrize("done", ["completed", "incomplete"])
@pytest.mark.parametrize("cut", range(LEAD + 2, LEAD + len(TEXTS) + CLOSING))
def test_a_response_cut_at_any_event_is_one_whole_response(
    seam: Callable[[str], Seam], done: str, cut: int
) -> None:
    sent = b"".join(stream("p", TEXTS)[:cut])
    had = heard(sent)
    text = WHOLE if seam is Align else had[-48:] + WHOLE[len(had) :]
    other = b"".join(stream("other", [text[:9], text[9:40], text[40:]], done))
    opened = respond(seam, sent)
    assert opened.feed(other) is State.READY
    assert opened.watch.terminal
    [added] = opened.held
    assert added.startswith(NOTE)
    assert heard(sent + added) == WHOLE
    kinds = [one["type"] for one in told(sent + added) if "delta" not in one]
    assert kinds == [one["type"] for one in told(b"".join(stream("p", [], done)))]
    last = told(added)[-1]["response"]
    assert (last["id"], last["model"], last["status"]) == ("resp_p", "m-other", done)
    unsaid = tokens_of(had[:-48]) if seam is Anchor else 0
    usage = {"input_tokens": 30 - unsaid, "output_tokens": 5 + unsaid, "total_tokens": 35}
    assert last["usage"] == usage


def test_events_of_a_response_keep_their_names_and_what_else_they_hold() -> None:
    opened = respond(Align, *stream("p", TEXTS)[: LEAD + 2])
    opened.feed(b"".join(stream("other", TEXTS)[: LEAD + 2]))
    delta = stream("other", TEXTS)[LEAD + 2]
    assert opened.feed(delta) is State.READY
    first = opened.held[0].removeprefix(NOTE)
    assert first.startswith(b"event: response.output_text.delta\n")
    assert payload(first) == payload(delta) | {"item_id": "msg_p"}


@pytest.mark.parametrize(
    "texts", [["A bridge"], ["A bridge wobbles"], [WHOLE[:-1], "!"]], ids=["less", "else", "end"]
)
def test_another_response_is_not_heard(texts: list[str]) -> None:
    sent = stream("p", TEXTS)[:-CLOSING]
    shut = respond(Align, *sent)
    assert shut.feed(b"".join(stream("other", texts))) is State.FAILED
    assert shut.mismatched
    assert shut.held == []


def test_a_response_that_reasons_first_is_not_heard() -> None:
    item = {"type": "reasoning", "id": "rs", "summary": []}
    added = {"type": "response.output_item.added", "output_index": 0, "item": item}
    shut = respond(Align, *stream("p", TEXTS)[: LEAD + 1])
    assert shut.feed(stream("other", TEXTS)[0] + answers.event(added)) is State.FAILED
    assert shut.mismatched


def test_a_text_that_the_client_knows_to_be_over_takes_no_more() -> None:
    closed = respond(Align, *stream("p", TEXTS[:2])[:-2])
    assert closed.feed(b"".join(stream("other", TEXTS))) is State.FAILED
    assert closed.mismatched


def test_behind_the_seam_other_items_of_a_response_pass_numbered_on() -> None:
    opened = respond(Align, *stream("p", TEXTS[:2])[: LEAD + 1])
    opened.feed(b"".join(stream("other", TEXTS[:2])[: LEAD + 2]))
    call = {"type": "function_call", "id": "fc", "name": "f", "arguments": "{}"}
    place = {"item_id": "fc", "output_index": 1}
    added = {"type": "response.output_item.added", "output_index": 1, "item": call}
    arguments = {"type": "response.function_call_arguments.done", "arguments": "{}", **place}
    more = answers.at("content_part.done", "other", content_index=1, part=answers.part("no"))
    alive = {"type": "keepalive", "sequence_number": 99}
    news = {"type": "response.news", "text": "of something else"}
    number = LEAD + 1  # of the event that joined
    for event_, expected in (
        (added, added),
        (arguments, arguments),
        (more, more | {"item_id": "msg_p"}),
        (alive, alive),
        (news, news),
    ):
        number += 1
        passed = payload(opened.watch.feed(answers.event(event_)))
        assert passed == expected | {"sequence_number": number}
    no = answers.part("no")
    items = [call, answers.item("other", answers.part("?"), no), answers.item("second", no)]
    last = {"type": "response.completed", "response": answers.response("other", *items)}
    output = payload(opened.watch.feed(answers.event(last)))["response"]["output"]
    own = answers.item("p", answers.part("".join(TEXTS[:2])), no)
    assert output == [call, own, answers.item("second", no)]


def test_what_a_server_does_not_tell_is_not_made_up() -> None:
    """Some compatible servers number nothing, name no item and repeat no text."""
    delta = {"type": "response.output_text.delta"}
    sent = [answers.event(delta | {"delta": text}) for text in TEXTS]
    opened = respond(Align, *sent[:2])
    assert opened.feed(b"".join(stream("other", TEXTS)[: LEAD + 3])) is State.READY
    passed = payload(opened.held[0].removeprefix(NOTE))
    assert (passed["item_id"], passed["sequence_number"]) == ("msg_other", LEAD + 2)
    opened = respond(Align, *stream("p", TEXTS)[: LEAD + 2])
    assert opened.feed(sent[0] + sent[1] + sent[2]) is State.READY
    assert payload(opened.held[0].removeprefix(NOTE)) == delta | {
        "delta": TEXTS[2],
        "sequence_number": LEAD + 2,
    }
    last = {"type": "response.completed", "response": {"output": [], "status": "completed"}}
    assert payload(opened.watch.feed(answers.event(last))) == last | {"sequence_number": LEAD + 3}


def test_a_text_beside_the_output_is_the_whole_one_too() -> None:
    had = "".join(TEXTS[:3])
    opened = respond(Anchor, *stream("p", TEXTS)[: LEAD + 3])
    opened.feed(b"".join(stream("other", [had[-48:] + TEXTS[3]])[: LEAD + 1]))
    last = {"type": "response.completed", "response": {"id": "x", "output_text": "part"}}
    told = payload(opened.watch.feed(answers.event(last)))["response"]
    assert told == {"id": "resp_p", "output_text": WHOLE}


def test_a_text_too_long_to_be_told_as_a_whole_is_too_large() -> None:
    opened = respond(Align, *stream("p", TEXTS)[: LEAD + 1])
    opened.feed(b"".join(stream("other", TEXTS)[: LEAD + 2]))
    long = answers.event(answers.at("output_text.delta", "other", delta="x" * 1024 * 1024))
    for _ in range(7):
        assert opened.watch.feed(long)
    assert not opened.watch.overflow
    opened.watch.feed(long)
    assert opened.watch.overflow


def test_tokens_are_estimated_by_bytes() -> None:
    assert [tokens_of(text) for text in ("", "a", "abcd", "abcde", "漢漢", "\ud83d")] == [
        0,
        1,
        1,
        2,
        2,
        0,
    ]
