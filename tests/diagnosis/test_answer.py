"""2xx is not success."""

import pytest

from proxy.diagnosis.answer import read_reply
from proxy.diagnosis.signature import Answer


def chat(content: object = "hi", finish: str | None = "stop", **more: object) -> dict[str, object]:
    message = {"role": "assistant", "content": content, **more}
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}]}


@pytest.mark.parametrize(
    "tree",
    [
        chat(),
        chat(None, "tool_calls", tool_calls=[{"function": {"name": "f"}}]),
        chat(None, refusal="no"),
        chat("", "length"),
        chat("", reasoning_content="hm"),
        chat([{"type": "text", "text": "hi"}]),
        chat(finish="model_length_of_tomorrow") | {"error": None},
        {"choices": [{"text": "hi", "finish_reason": "stop"}]},
        {"type": "message", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"},
        {"type": "message", "content": [{"type": "tool_use", "name": "f", "input": {}}]},
        {"type": "message", "content": [], "stop_reason": "max_tokens"},
        {"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}]},
        {"candidates": [{"content": {}, "finishReason": "MAX_TOKENS"}]},
        [{"candidates": [{"content": {"parts": [{"text": "hi"}]}}]}],
        {"object": "response", "status": "completed", "output": [{"content": [{"text": "a"}]}]},
        {"object": "response", "status": "incomplete", "output": []},
        {"output": {"message": {"content": [{"text": "hi"}]}}, "stopReason": "end_turn"},
        {"message": {"content": "hi"}, "done_reason": "stop"},
        {"data": [{"embedding": [0.1]}]},
        {"base_resp": {"status_code": 0}, "choices": chat()["choices"]},
    ],
)
def test_good_answers(tree: object) -> None:
    assert read_reply(tree).answer in {Answer.GOOD, Answer.NEW}


@pytest.mark.parametrize(
    ("tree", "answer"),
    [
        ({"error": {"message": "x"}}, Answer.ERROR),
        ({"type": "error", "code": "x"}, Answer.ERROR),
        ({"event_type": "error"}, Answer.ERROR),
        ({"choices": [{"error": {"code": 502}, "finish_reason": "error"}]}, Answer.ERROR),
        ({"response": {"status": "failed", "error": {"code": "x"}}}, Answer.ERROR),
        ({"base_resp": {"status_code": 1002}}, Answer.ERROR),
        ({"error_code": 18, "error_msg": "x"}, Answer.ERROR),
        ({"success": False, "result": {}}, Answer.ERROR),
        (chat("", "network_error"), Answer.STRANGE),
        (chat("partial", "error"), Answer.STRANGE),
        (chat("", "whatever"), Answer.STRANGE),
        (chat('{"message": "Too many tokens"}', "whatever"), Answer.STRANGE),
        (chat("said", "whatever"), Answer.NEW),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, Answer.STRANGE),
        (chat(""), Answer.EMPTY),
        (chat(" \n"), Answer.EMPTY),
        ({"choices": []}, Answer.EMPTY),
        ({"type": "message", "content": [], "stop_reason": "end_turn"}, Answer.EMPTY),
        ({"candidates": [{"content": {}, "finishReason": "STOP"}]}, Answer.EMPTY),
        (chat("half", None), Answer.UNFINISHED),
        ({}, Answer.NO_RESULT),
        ({"message": "Endpoint request timed out"}, Answer.NO_RESULT),
        ([], Answer.NO_RESULT),
        ("text", Answer.NO_RESULT),
        (None, Answer.NO_RESULT),
    ],
)
def test_what_is_no_good_answer(tree: object, answer: Answer) -> None:
    assert read_reply(tree).answer is answer


def test_reasons_have_no_style() -> None:
    assert read_reply(chat("", "CONTENT_FILTER")).finish == {"contentfilter"}
    incomplete = {
        "object": "response",
        "status": "incomplete",
        "incomplete_details": {"reason": "content_filter"},
    }
    assert read_reply(incomplete).finish == {"incomplete", "contentfilter"}


def test_an_event_need_not_hold_a_result() -> None:
    trees: list[object] = [{}, {"type": "message_stop"}, {"choices": [{"delta": {}}]}, chat("")]
    for tree in trees:
        assert read_reply(tree, event=True).answer is Answer.GOOD
    assert read_reply(chat("", "whatever"), event=True).answer is Answer.NEW
    assert read_reply(chat("", "error"), event=True).answer is Answer.STRANGE
    assert read_reply({"error": "x"}, event=True).answer is Answer.ERROR


def test_a_deep_answer_is_not_followed_to_its_end() -> None:
    deep: object = ""
    for _ in range(900):
        deep = [deep]
    assert read_reply(chat(deep)).answer is Answer.GOOD


def test_what_goes_on_is_no_failure() -> None:
    for status in ("queued", "in_progress", "cancelled"):
        assert read_reply({"object": "response", "status": status}).answer is Answer.GOOD


def test_talk_about_errors_is_no_error() -> None:
    assert read_reply(chat('{"error": {"message": "x"}}')).answer is Answer.GOOD
