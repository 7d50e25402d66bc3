"""The request that asks another model to go on."""

import json
from dataclasses import replace
from typing import Any

import pytest

from proxy.dialects.continuation import Said, may_go_on, render_rung, rungs_for
from proxy.model import (
    Api,
    Ask,
    Backend,
    Credential,
    CredentialKind,
    Dialect,
    Operation,
    Rung,
    Target,
    Url,
)

ASK = Ask(
    dialect=Dialect.OPENAI,
    api=Api.CHAT,
    operation=Operation.GENERATE,
    method="POST",
    path="/v1/chat/completions",
    query="a=b",
    model="gpt-5",
    stream=True,
)
BACKEND = Backend(
    name="s",
    provider="s",
    dialect=Dialect.OPENAI,
    url=Url(tls=True, host="s.test", port=443, path="/api/v1"),
    credential=Credential(kind=CredentialKind.NONE),
)
TARGET = Target(backend=BACKEND, model="other")
TURN: dict[str, object] = {"role": "user", "content": "hi"}
SHOWN = "The quick brown fox jumps over the lazy dog and goes on and on. "
ALL = frozenset(Rung)


def body(**more: object) -> Said:
    request = {"model": "gpt-5", "stream": True, "messages": [TURN]} | more
    return Said(json.dumps(request).encode())


def rendered(rung: Rung, sent: Said, target: Target = TARGET, ask: Ask = ASK) -> dict[str, Any]:
    made = render_rung(ask, sent, target, rung, SHOWN)
    assert made.target == b"/api/v1/chat/completions?a=b"
    assert made.body.replayable
    assert made.body.data is not None
    assert made.body.size == len(made.body.data)
    found: dict[str, Any] = json.loads(made.body.data)
    return found


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({}, True),
        ({"api": Api.MESSAGES, "dialect": Dialect.ANTHROPIC}, True),
        ({"api": Api.RESPONSES}, True),
        ({"api": Api.RESPONSES, "operation": Operation.STATEFUL}, False),
        ({"api": Api.COMPLETIONS}, False),
        ({"stream": False}, False),
        ({"choices": 2}, False),
        ({"operation": Operation.STATEFUL}, False),
        ({"headers": ((b"Content-Encoding", b"gzip"),)}, False),
    ],
)
def test_whose_answers_may_go_on(changes: dict[str, Any], may: bool) -> None:
    assert may_go_on(replace(ASK, **changes)) is may


@pytest.mark.parametrize(
    ("more", "rungs"),
    [
        ({}, ALL),
        ({"response_format": {"type": "text"}, "modalities": ["text"], "logprobs": False}, ALL),
        ({"tools": [{"type": "function"}]}, ALL),
        ({"thinking": {"type": "enabled"}}, ALL - {Rung.PREFILL}),
        ({"thinking": {"type": "disabled"}}, ALL),
        ({"messages": []}, {Rung.ALIGN}),
        ({"messages": "hi"}, {Rung.ALIGN}),
        ({"response_format": {"type": "json_object"}}, set()),
        ({"output_format": {"type": "json_schema"}}, set()),
        ({"output_config": {"format": {"type": "json_schema"}}}, set()),
        ({"guided_regex": "a+"}, set()),
        ({"logprobs": True}, set()),
        ({"top_logprobs": 2}, set()),
        ({"modalities": ["text", "audio"]}, set()),
        ({"store": True}, ALL),
    ],
)
def test_what_was_asked_for_decides(more: dict[str, object], rungs: set[Rung]) -> None:
    assert rungs_for(Api.CHAT, body(**more), SHOWN) == rungs


def response(**more: object) -> Said:
    return Said(json.dumps({"model": "gpt-5", "stream": True, "input": "hi"} | more).encode())


@pytest.mark.parametrize(
    ("more", "rungs"),
    [
        ({}, {Rung.ALIGN, Rung.ANCHOR}),
        ({"input": [TURN], "instructions": "be brief"}, {Rung.ALIGN, Rung.ANCHOR}),
        ({"tools": [{"type": "function"}], "store": False}, {Rung.ALIGN, Rung.ANCHOR}),
        ({"text": {"format": {"type": "text"}}, "top_logprobs": 0}, {Rung.ALIGN, Rung.ANCHOR}),
        ({"include": ["reasoning.encrypted_content"]}, {Rung.ALIGN, Rung.ANCHOR}),
        ({"input": []}, {Rung.ALIGN}),
        ({"input": None}, {Rung.ALIGN}),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, set()),
        ({"text": {"format": {"type": "json_object"}}}, set()),
        ({"include": ["message.output_text.logprobs"]}, set()),
        ({"top_logprobs": 2}, set()),
        ({"store": True}, set()),
        ({"prompt": {"id": "pmpt_1"}}, set()),
    ],
)
def test_what_was_asked_of_a_response_decides(more: dict[str, object], rungs: set[Rung]) -> None:
    assert rungs_for(Api.RESPONSES, response(**more), SHOWN) == rungs


def test_what_was_shown_decides() -> None:
    assert rungs_for(Api.CHAT, body(), "") == set()
    assert rungs_for(Api.CHAT, body(), "  ") == {Rung.ALIGN}
    assert rungs_for(Api.CHAT, body(), "short") == {Rung.ALIGN, Rung.PREFILL}
    assert rungs_for(Api.CHAT, Said(b"nonsense"), SHOWN) == set()


def test_align_sends_the_same_again() -> None:
    sent = body()
    assert sent.data is not None
    at = sent.data.index(b'"gpt-5"')
    ask = replace(ASK, model_at=(at, at + 7))
    same = rendered(Rung.ALIGN, sent, ask=ask)
    assert same == {"model": "other", "stream": True, "messages": [TURN]}
    assert render_rung(ASK, sent, Target(backend=BACKEND), Rung.ALIGN, SHOWN).body is sent


def test_prefill_begins_the_models_turn() -> None:
    made = rendered(Rung.PREFILL, body(max_tokens=100, temperature=0.1))
    assert made["messages"] == [TURN, {"role": "assistant", "content": SHOWN.rstrip()}]
    assert (made["model"], made["temperature"]) == ("other", 0.1)
    assert made["max_tokens"] == 100 - 16


def test_a_target_without_a_model_gets_the_one_that_was_asked_for() -> None:
    assert rendered(Rung.PREFILL, body(), Target(backend=BACKEND))["model"] == "gpt-5"
    unnamed = replace(ASK, model=None)
    assert rendered(Rung.PREFILL, body(), Target(backend=BACKEND), unnamed)["model"] == "gpt-5"


def test_anchor_asks_to_go_on_exactly_there() -> None:
    made = rendered(Rung.ANCHOR, body(max_completion_tokens=100, max_tokens=None))
    turn, question = made["messages"][1:]
    assert turn == {"role": "assistant", "content": SHOWN}
    assert question["role"] == "user"
    assert question["content"].endswith("They are:\n" + SHOWN[-48:])
    assert "last 48 characters" in question["content"]
    assert made["max_completion_tokens"] == 100
    assert made["max_tokens"] is None


RESPONSES = replace(ASK, api=Api.RESPONSES, path="/v1/responses")
OWN: dict[str, object] = {"role": "assistant", "content": "Well: "}


@pytest.mark.parametrize(
    ("given", "turns"), [("hi", [TURN]), ([TURN], [TURN]), ([TURN, OWN], [TURN, OWN])]
)
def test_a_response_is_anchored_in_its_input(given: object, turns: list[object]) -> None:
    sent = response(input=given, max_output_tokens=100, instructions="be brief")
    shown = "And then. " * 9 + SHOWN
    made = render_rung(RESPONSES, sent, TARGET, Rung.ANCHOR, shown)
    assert made.target == b"/api/v1/responses?a=b"
    assert made.body.data is not None
    asked = json.loads(made.body.data)
    *before, turn, question = asked["input"]
    assert before == turns
    assert turn == {"role": "assistant", "content": shown}
    assert question["role"] == "user"
    assert question["content"].endswith("They are:\n" + shown[-48:])
    assert (asked["instructions"], asked["model"]) == ("be brief", "other")
    assert asked["max_output_tokens"] == 100 - (39 - 24)


@pytest.mark.parametrize("limit", [1, 5, 16])
def test_a_limit_stays_positive(limit: int) -> None:
    assert rendered(Rung.PREFILL, body(max_tokens=limit))["max_tokens"] == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Well: ", "Well: " + SHOWN.rstrip()),
        (
            [{"type": "text", "text": "W"}],
            [{"type": "text", "text": "W"}, {"type": "text", "text": SHOWN.rstrip()}],
        ),
    ],
)
def test_a_turn_that_the_app_began_goes_on(content: object, expected: object) -> None:
    began = {"role": "assistant", "content": content}
    made = rendered(Rung.PREFILL, body(messages=[TURN, began]))
    assert made["messages"] == [TURN, {"role": "assistant", "content": expected}]


def test_a_turn_of_tool_calls_only_is_not_touched() -> None:
    began = {"role": "assistant", "content": None, "tool_calls": [{"id": "t"}]}
    made = rendered(Rung.PREFILL, body(messages=[TURN, began]))
    assert made["messages"][-1] == {"role": "assistant", "content": SHOWN.rstrip()}


async def test_a_made_body_is_read_as_one_piece() -> None:
    assert [piece async for piece in Said(b"abc").chunks()] == [b"abc"]
