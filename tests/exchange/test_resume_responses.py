"""A cut stream of Responses goes on with another runner, or ends as cut."""

import json

import pytest

from proxy.model import Cause, Fault, Fleet, Phase, Result, Resumed, Rung, Target
from tests.dialects.answers import CLOSING, LEAD, at, event, heard, item, payloads, stream, told
from tests.exchange.stage import Bytes, RecordingClient, Stage, backend, fleet
from tests.exchange.test_resume import (
    ALL,
    TEXT,
    WORDS,
    Scene,
    ask_responses,
    ended_as_cut,
    rungs,
)

PROMPT = {"model": "gpt-5", "stream": True, "input": "hi", "max_output_tokens": 100}


def body(**more: object) -> Bytes:
    return Bytes(json.dumps(PROMPT | more).encode())


async def one_response(
    table: Fleet, *streams: list[bytes], sent: Bytes | None = None
) -> tuple[RecordingClient, Stage]:
    """Play streams one behind the other, each cut where it ends."""
    scene = Scene(table, ask_responses(), sent or body())
    async with scene.open() as client:
        for index, events in enumerate(streams):
            call = scene.call(index)
            call.head(200, "text/event-stream")
            for one in events:
                if call.open:
                    call.data(one)
            if call.open:
                call.fail(Fault.RESET, Phase.CONTENT)
    return client, scene.stage


@pytest.mark.parametrize("rung", [Rung.ALIGN, Rung.ANCHOR])
@pytest.mark.parametrize("cut", range(LEAD + 3, LEAD + len(WORDS) + CLOSING))
async def test_a_response_cut_at_any_event_is_one_whole_response(rung: Rung, cut: int) -> None:
    first = stream("p", WORDS)
    had = heard(b"".join(first[:cut]))
    text = TEXT if rung is Rung.ALIGN else had[-48:] + TEXT[len(had) :]
    client, stage = await one_response(
        rungs(rung), first[:cut], stream("s", [text[:10], text[10:50], text[50:]])
    )
    assert client.whole
    assert heard(client.body) == TEXT
    kinds = [one["type"] for one in told(client.body) if "delta" not in one]
    assert kinds == [one["type"] for one in payloads("p", [])]
    record = stage.record
    assert (record.result, record.backend, record.rescued) == (Result.WHOLE, "s", True)
    resumption = record.attempts[1].resumption
    assert resumption is not None
    assert (resumption.rung, resumption.result) == (rung, Resumed.JOINED)


async def test_a_response_is_gone_on_with_twice() -> None:
    targets = tuple(Target(backend=backend(name)) for name in "pst")
    table = fleet(targets, resume=(Rung.ALIGN,), attempts=9)
    client, stage = await one_response(
        table,
        stream("p", WORDS)[: LEAD + 6],
        stream("s", WORDS)[:-CLOSING],
        stream("t", WORDS),
    )
    assert client.whole
    assert heard(client.body) == TEXT
    assert client.body.count(b"faultline resumed") == 2
    assert stage.record.backend == "t"


async def test_no_turn_of_the_models_is_begun() -> None:
    client, stage = await one_response(rungs(Rung.PREFILL), stream("p", WORDS)[: LEAD + 6])
    assert ended_as_cut(client)
    assert len(stage.upstream.calls) == 1


async def test_an_anchor_is_asked_for_in_the_input() -> None:
    first = stream("p", WORDS)[: LEAD + 12]
    had = heard(b"".join(first))
    client, stage = await one_response(
        rungs(Rung.PREFILL, Rung.ANCHOR), first, stream("s", ["Sure! "])
    )
    data = stage.upstream.calls[1].order.body.data
    assert data is not None
    user, own, question = json.loads(data)["input"]
    assert user == {"role": "user", "content": "hi"}
    assert own == {"role": "assistant", "content": had}
    assert question["content"].endswith(had[-48:])
    assert ended_as_cut(client)
    assert heard(client.body) == had


@pytest.mark.parametrize("at_", [0, 1, 20, len(TEXT) - 1])
async def test_the_first_character_that_differs_cancels(at_: int) -> None:
    text = f"{TEXT[:at_]}#{TEXT[at_ + 1 :]}"
    client, stage = await one_response(
        rungs(Rung.ALIGN), stream("p", WORDS)[:-CLOSING], stream("s", [text[:30], text[30:]])
    )
    assert ended_as_cut(client)
    assert heard(client.body) == TEXT
    assert stage.upstream.calls[1].cancelled
    assert stage.record.attempts[1].verdict.signature == "seam"


async def test_an_error_in_the_stream_is_withheld_while_another_goes_on() -> None:
    error = {"type": "error", "error": {"code": "server_is_overloaded", "message": "overloaded"}}
    failed = {"type": "response.failed", "response": {"error": {"code": "server_error"}}}
    broken = [*stream("p", WORDS)[: LEAD + 6], event(error) + event(failed)]
    client, stage = await one_response(rungs(Rung.ALIGN), broken, stream("s", WORDS))
    assert client.whole
    assert b"overloaded" not in client.body
    assert heard(client.body) == TEXT
    assert stage.record.attempts[0].verdict.cause is Cause.CAPACITY


@pytest.mark.parametrize(
    "foreign",
    [
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning"}},
        {"type": "response.output_item.added", "output_index": 1, "item": item("second")},
        at("output_text.annotation.added", "p", annotation={"type": "url_citation"}),
        at("output_text.delta", "p", delta="x", logprobs=[{"token": "x"}]),
        at("refusal.delta", "p", delta="no"),
    ],
    ids=["reasoning", "message", "annotation", "logprobs", "refusal"],
)
async def test_what_is_not_plain_text_is_never_gone_on_with(foreign: dict[str, object]) -> None:
    begun = stream("p", WORDS)[: LEAD + 6]
    client, stage = await one_response(rungs(*ALL), [*begun[:2], event(foreign), *begun[2:]])
    assert ended_as_cut(client)
    assert len(stage.upstream.calls) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"text": {"format": {"type": "json_schema", "name": "x", "schema": {}}}},
        {"include": ["message.output_text.logprobs"]},
        {"store": True},
        {"prompt": {"id": "pmpt_1"}},
    ],
    ids=["schema", "logprobs", "store", "prompt"],
)
async def test_what_asks_for_more_than_text_is_never_gone_on_with(asked: dict[str, object]) -> None:
    client, stage = await one_response(
        rungs(*ALL), stream("p", WORDS)[: LEAD + 6], sent=body(**asked)
    )
    assert ended_as_cut(client)
    assert len(stage.upstream.calls) == 1
