"""A cut stream goes on with another runner, or ends as cut: never two texts glued."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from proxy.model import (
    Api,
    Ask,
    Cause,
    Degraded,
    Dialect,
    Fault,
    Fleet,
    Operation,
    Phase,
    Replay,
    Result,
    Resumed,
    Rung,
    Target,
)
from tests.exchange.lines import DONE, ERROR, USAGE, delta, event
from tests.exchange.stage import (
    Bytes,
    RecordingClient,
    ScriptedCall,
    Stage,
    backend,
    chat,
    fleet,
)

TEXT = "A bridge holds because every stone leans on the next, and none asks who laid it first."
WORDS = [TEXT[:2], *(f" {word}" for word in TEXT[2:].split())]
WORDS[0], WORDS[1] = "A", " bridge"
PROMPT = {"model": "gpt-5", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
ALL = (Rung.ALIGN, Rung.PREFILL, Rung.ANCHOR)


def body(**more: object) -> Bytes:
    return Bytes(json.dumps(PROMPT | more).encode())


def rungs(*names: Rung, prefill: bool = True, **changes: Any) -> Fleet:
    first, second = Target(backend=backend("p")), Target(backend=backend("s"), prefill=prefill)
    return fleet((first, second), resume=names, **changes)


def say(text: str, name: str = "p", reason: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": {"content": text} | more, "finish_reason": reason}
    return event({"id": f"c-{name}", "created": 1, "model": f"m-{name}", "choices": [choice]})


def begins(name: str) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
    return event({"id": f"c-{name}", "created": 2, "model": f"m-{name}", "choices": [choice]})


def stream(name: str, texts: list[str]) -> list[bytes]:
    stop = {"index": 0, "delta": {}, "finish_reason": "stop"}
    end = event({"id": f"c-{name}", "created": 3, "model": f"m-{name}", "choices": [stop]})
    return [begins(name), *(say(text, name) for text in texts), end, DONE]


def shown(data: bytes) -> str:
    return "".join(
        choice["delta"].get("content") or ""
        for payload in payloads(data)
        for choice in payload.get("choices", ())
    )


def payloads(data: bytes) -> list[dict[str, Any]]:
    lines = [line[6:] for line in data.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line) for line in lines]


def ended_as_cut(client: RecordingClient) -> bool:
    last = payloads(client.body)[-1]
    failed = "error" in last or last.get("type") == "response.failed"
    return client.cut and not client.whole and failed


class Scene:
    """A stage on which `p` has said some words and was cut; `s` is asked to go on."""

    def __init__(self, table: Fleet, ask: Ask | None = None, sent: Bytes | None = None) -> None:
        self.stage = Stage(table)
        self.ask = ask or chat(stream=True)
        self.body = sent or body()

    def open(self) -> AbstractAsyncContextManager[RecordingClient]:
        return self.stage.exchange(self.ask, self.body)

    def cut(self, words: int = 6, fault: Fault = Fault.RESET) -> None:
        call = self.call(0)
        call.stream(begins("p"), *(say(word) for word in WORDS[:words]))
        call.fail(fault, Phase.CONTENT)

    def call(self, index: int) -> ScriptedCall:
        return self.stage.upstream.calls[index]

    def asked(self, index: int) -> dict[str, Any]:
        data = self.call(index).order.body.data
        assert data is not None
        asked: dict[str, Any] = json.loads(data)
        return asked


async def test_an_aligned_answer_goes_on_behind_the_last_character() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.cut()
        before = client.body
        assert not client.over
        assert scene.asked(1) == PROMPT
        other = [TEXT[:10], TEXT[10:40], TEXT[40:]]  # split elsewhere than the first answer
        first, *rest = stream("s", other)
        scene.call(1).stream(first, rest[0])
        assert client.body == before
        for data in rest[1:]:
            scene.call(1).data(data)
    assert client.whole
    assert shown(client.body) == TEXT
    added = client.body.removeprefix(before)
    assert added.startswith(b": faultline resumed on s by align after 34 characters\n\n")
    assert client.body.endswith(DONE)
    assert client.body.count(b'"role"') == 1
    assert {p["id"] for p in payloads(client.body)} == {"c-p"}
    assert {p["model"] for p in payloads(added)} == {"m-s"}
    record = scene.stage.record
    assert (record.result, record.backend, record.rescued) == (Result.WHOLE, "s", True)
    assert record.bytes_down == len(client.body)
    resumption = record.attempts[1].resumption
    assert resumption is not None
    assert (resumption.rung, resumption.result) == (Rung.ALIGN, Resumed.JOINED)
    assert (resumption.characters, resumption.tokens) == (34, 9)
    assert record.attempts[0].resumption is None


async def test_the_first_character_that_differs_cancels() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).stream(begins("s"), say("A bridge wobbles", "s"))
        assert scene.call(1).cancelled
    assert ended_as_cut(client)
    assert shown(client.body) == "".join(WORDS[:6])
    record = scene.stage.record
    assert record.result is Result.CUT
    assert record.attempts[1].resumption is not None
    assert record.attempts[1].resumption.result is Resumed.MISMATCH
    assert record.attempts[1].verdict.signature == "seam"
    assert [change.backend for change in scene.stage.told.changes] == []


async def test_after_a_mismatch_the_next_rung_may_ask_the_same_target() -> None:
    scene = Scene(rungs(*ALL), sent=body(max_tokens=100, max_completion_tokens=90))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).stream(begins("s"), say("A different", "s"))
        asked = scene.asked(2)
        assert asked["messages"][-1] == {"role": "assistant", "content": "".join(WORDS[:6])}
        assert (asked["max_tokens"], asked["max_completion_tokens"]) == (91, 81)
        scene.call(2).stream(*stream("s", WORDS[6:]))
    assert client.whole
    assert shown(client.body) == TEXT
    assert scene.stage.record.attempts[2].resumption is not None


async def test_a_prefill_that_is_refused_is_silent_and_remembered() -> None:
    """S14: the ladder knows which targets take a prefill; its 400 never reaches the caller."""
    scene = Scene(rungs(Rung.PREFILL, Rung.ANCHOR))
    no = json.dumps({"error": {"message": "no prefill", "type": "invalid_request_error"}}).encode()
    async with scene.open() as client:
        scene.cut()
        scene.call(1).unary(no, 400)
        asked = scene.asked(2)
        text = "".join(WORDS[:6])
        assert asked["messages"][-2] == {"role": "assistant", "content": text}
        assert text in asked["messages"][-1]["content"]
        assert asked["messages"][-1]["role"] == "user"
        scene.call(2).stream(*stream("s", [text[:20], text[20:], *WORDS[6:]]))
    assert client.whole
    assert shown(client.body) == TEXT
    assert scene.stage.told.changes == []
    scene.stage.told.records.clear()
    scene.stage.told.attempts.clear()
    scene.stage.upstream.calls.clear()
    async with scene.open() as client:
        scene.cut()
        assert len(scene.asked(1)["messages"]) == 3, "no second prefill at this target"
        scene.call(1).stream(*stream("s", [text, *WORDS[6:]]))
    assert shown(client.body) == TEXT


async def test_a_target_that_declares_no_prefill_gets_none() -> None:
    scene = Scene(rungs(Rung.PREFILL, prefill=False))
    async with scene.open() as client:
        scene.cut()
    assert ended_as_cut(client)
    assert len(scene.stage.upstream.calls) == 1


async def test_a_prefilled_answer_that_starts_over_is_aligned() -> None:
    scene = Scene(rungs(Rung.PREFILL))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).stream(*stream("s", WORDS))
    assert client.whole
    assert shown(client.body) == TEXT


async def test_a_prefilled_answer_that_starts_over_and_leaves_fails() -> None:
    scene = Scene(rungs(Rung.PREFILL))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).stream(begins("s"), say("A bridge", "s"), say(" that fell", "s"))
    assert ended_as_cut(client)
    assert shown(client.body) == "".join(WORDS[:6])


@pytest.mark.parametrize("answer", ["Sure! ", "and so on", "x"])
async def test_an_answer_that_does_not_begin_with_the_anchor_fails(answer: str) -> None:
    scene = Scene(rungs(Rung.ANCHOR))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).stream(begins("s"), say(answer, "s"))
    assert ended_as_cut(client)
    assert shown(client.body) == "".join(WORDS[:6])


async def test_usage_counts_the_text_that_was_shown() -> None:
    scene = Scene(rungs(Rung.PREFILL))
    usage = {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35}
    async with scene.open() as client:
        scene.cut()
        scene.call(1).stream(*stream("s", WORDS[6:])[:-1])
        scene.call(1).data(event({"choices": [], "usage": usage}) + DONE)
    counted = payloads(client.body)[-1]["usage"]
    assert counted == {"prompt_tokens": 21, "completion_tokens": 14, "total_tokens": 35}
    assert scene.stage.record.usage is not None
    assert scene.stage.record.usage.input == 30, "the journal has what the provider counted"


@pytest.mark.parametrize("fault", [None, Fault.EOF, Fault.STALL])
async def test_every_kind_of_cut_can_be_mended(fault: Fault | None) -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        call = scene.call(0)
        call.stream(begins("p"), *(say(word) for word in WORDS[:6]), say(WORDS[6])[:20])
        if fault is None:
            call.end()
        elif fault is Fault.EOF:
            call.fail(fault, Phase.CONTENT)
        else:
            scene.stage.clock.advance(121)
        scene.call(1).stream(*stream("s", WORDS))
    assert client.whole
    assert shown(client.body) == TEXT


async def test_an_error_event_is_withheld_while_another_goes_on() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.call(0).stream(begins("p"), say("A"), say(" bridge") + ERROR + DONE)
        assert shown(client.body) == "A bridge"
        assert b"overloaded" not in client.body
        scene.call(1).stream(*stream("s", WORDS))
    assert client.whole
    assert b"overloaded" not in client.body
    assert shown(client.body) == TEXT


async def test_an_error_event_goes_down_as_it_came_when_nobody_goes_on() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.call(0).stream(begins("p"), say("A"), say(" bridge") + ERROR)
        scene.call(1).fail(Fault.REFUSED, Phase.CONNECT)
    assert client.cut
    assert client.body.endswith(say(" bridge") + ERROR)
    assert scene.stage.record.bytes_down == len(client.body)


async def test_a_blocked_answer_is_never_routed_around() -> None:
    policy = event({"error": {"code": "content_filter", "message": "content_filter"}})
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.call(0).stream(begins("p"), say("A bridge"), policy)
    assert client.cut
    assert len(scene.stage.upstream.calls) == 1


FOREIGN: dict[str, bytes] = {
    "tool": delta(None, tool_calls=[{"index": 0, "id": "t", "function": {"name": "f"}}]),
    "function": delta(None, function_call={"name": "f", "arguments": "{"}),
    "thinking": delta(None, reasoning_content="hm"),
    "refusal": delta(None, refusal="I cannot"),
    "audio": delta(None, audio={"data": "AAAA"}),
    "logprobs": event(
        {"choices": [{"index": 0, "delta": {"content": "x"}, "logprobs": {"content": [1]}}]}
    ),
    "choice": event({"choices": [{"index": 1, "delta": {"content": "x"}}]}),
    "parts": event({"choices": [{"index": 0, "delta": {"content": [{"type": "text"}]}}]}),
    "surrogate": delta("\ud83d"),
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN.keys())
async def test_what_is_not_plain_text_is_never_gone_on_with(foreign: bytes) -> None:
    scene = Scene(rungs(*ALL))
    async with scene.open() as client:
        scene.call(0).stream(begins("p"), say("A"), foreign, say(" bridge"))
        scene.call(0).fail(Fault.RESET, Phase.CONTENT)
    assert ended_as_cut(client)
    assert len(scene.stage.upstream.calls) == 1


ASKED: dict[str, dict[str, object]] = {
    "json-mode": {"response_format": {"type": "json_object"}},
    "schema": {"response_format": {"type": "json_schema", "json_schema": {}}},
    "grammar": {"guided_json": {"type": "object"}},
    "logprobs": {"logprobs": True},
    "audio": {"modalities": ["text", "audio"]},
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED.keys())
async def test_what_has_a_form_is_never_gone_on_with(asked: dict[str, object]) -> None:
    scene = Scene(rungs(*ALL), sent=body(**asked))
    async with scene.open() as client:
        scene.cut()
    assert ended_as_cut(client)
    assert len(scene.stage.upstream.calls) == 1


UNABLE: dict[str, tuple[Ask, Fleet]] = {
    "no-rungs": (chat(stream=True), rungs()),
    "two-choices": (chat(stream=True, choices=2), rungs(*ALL)),
    "another-api": (chat(stream=True, api=Api.COMPLETIONS), rungs(*ALL)),
    "stateful": (chat(stream=True, operation=Operation.STATEFUL), rungs(*ALL)),
    "no-failover": (chat(stream=True, no_failover=True), rungs(*ALL)),
    "one-attempt": (chat(stream=True), rungs(*ALL, attempts=1)),
    "unsent": (chat(stream=True), rungs(*ALL, replay=Replay.UNSENT)),
    "compressed": (chat(stream=True, headers=((b"content-encoding", b"gzip"),)), rungs(*ALL)),
}


@pytest.mark.parametrize(("ask", "table"), UNABLE.values(), ids=UNABLE.keys())
async def test_where_it_is_not_allowed_nobody_is_asked(ask: Ask, table: Fleet) -> None:
    scene = Scene(table, ask)
    async with scene.open() as client:
        scene.cut()
    assert client.cut
    assert len(scene.stage.upstream.calls) == 1


async def test_a_large_body_that_lies_on_a_disk_is_not_looked_into() -> None:
    on_disk: Any = None
    scene = Scene(rungs(*ALL), sent=Bytes(on_disk))
    async with scene.open() as client:
        scene.cut()
    assert ended_as_cut(client)


async def test_an_answer_of_fixed_length_does_not_go_on() -> None:
    scene = Scene(rungs(*ALL))
    async with scene.open() as client:
        scene.call(0).head(200, "text/event-stream", content_length="4711")
        scene.call(0).data(begins("p") + say("A bridge"))
        scene.call(0).fail(Fault.EOF, Phase.CONTENT)
    assert ended_as_cut(client)


async def test_more_than_64_kib_is_not_kept() -> None:
    scene = Scene(rungs(*ALL))
    async with scene.open() as client:
        scene.call(0).stream(begins("p"), *(say("x" * 1024) for _ in range(65)))
        scene.call(0).fail(Fault.RESET, Phase.CONTENT)
    assert ended_as_cut(client)
    assert len(scene.stage.upstream.calls) == 1


async def test_the_time_of_the_exchange_bounds_a_resume() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        call = scene.call(0)
        call.stream(begins("p"), say("A"))
        for _ in range(6):
            scene.stage.clock.advance(100)
            call.data(say(" bridge"))
        call.fail(Fault.RESET, Phase.CONTENT)
    assert ended_as_cut(client)
    assert len(scene.stage.upstream.calls) == 1


async def test_a_broken_attempt_leaves_the_rung_to_the_next_target() -> None:
    targets = tuple(Target(backend=backend(name)) for name in "pst")
    scene = Scene(fleet(targets[:1], targets[1:], resume=(Rung.ALIGN,)))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).unary(b"{}", 503)
        assert scene.call(2).order.backend.name == "t"
        scene.call(2).stream(*stream("t", WORDS))
    assert client.whole
    assert shown(client.body) == TEXT


async def test_a_stream_is_gone_on_with_twice_and_no_more() -> None:
    targets = tuple(Target(backend=backend(name)) for name in "pstu")
    scene = Scene(fleet(targets, resume=(Rung.ALIGN,), attempts=9))
    async with scene.open() as client:
        scene.cut(4)
        scene.call(1).stream(*stream("s", WORDS[:8])[:-2])
        scene.call(1).fail(Fault.RESET, Phase.CONTENT)
        scene.call(2).stream(*stream("t", WORDS[:10])[:-2])
        assert shown(client.body) == "".join(WORDS[:10])
        scene.call(2).fail(Fault.RESET, Phase.CONTENT)
    assert ended_as_cut(client)
    assert client.body.count(b"faultline resumed") == 2
    assert len(scene.stage.upstream.calls) == 3
    assert scene.stage.record.bytes_down == len(client.body)


async def test_long_alignment_is_bounded_by_its_stalls_not_by_its_first_content() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.cut(10)
        call = scene.call(1)
        call.stream(begins("s"))
        for word in WORDS[:4]:
            scene.stage.clock.advance(100)
            call.data(say(word, "s"))
        scene.stage.clock.advance(119)
        assert not client.over
        call.data(b": ping\n\n")
        scene.stage.clock.advance(2)
    assert ended_as_cut(client)
    stalled = scene.stage.record.attempts[1]
    assert stalled.verdict.cause is Cause.TIMEOUT
    assert stalled.resumption is not None
    assert stalled.resumption.result is Resumed.FAILED


@pytest.mark.parametrize("garbled", [b'data: {"choices":[{"del\n\n', ERROR])
async def test_what_cannot_be_read_before_the_seam_fails_it(garbled: bytes) -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).stream(begins("s"), say("A", "s"), garbled)
    assert ended_as_cut(client)
    assert shown(client.body) == "".join(WORDS[:6])


async def test_an_answer_that_is_no_stream_never_goes_on() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).unary(json.dumps({"choices": [{"message": {"content": TEXT}}]}).encode())
    assert ended_as_cut(client)


async def test_a_shorter_answer_is_no_whole() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).stream(*stream("s", WORDS[:3])[:-1])
    assert ended_as_cut(client)


async def test_a_cut_behind_the_last_word_needs_the_end_only() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.cut(len(WORDS))
        scene.call(1).stream(*stream("s", WORDS)[:-1], USAGE, DONE)
    assert client.whole
    assert shown(client.body) == TEXT
    assert payloads(client.body)[-2]["choices"][0]["finish_reason"] == "stop"


async def test_an_answer_that_another_model_ended_is_marked_in_the_journal() -> None:
    other = Target(backend=backend("s"), model="small")
    scene = Scene(fleet((Target(backend=backend("p")),), (other,), resume=(Rung.ALIGN,)))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).stream(*stream("s", WORDS))
    assert client.header("x-faultline-degraded") is None
    assert scene.stage.record.degraded is Degraded.MODEL


async def test_a_slow_client_pauses_the_one_that_goes_on() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.cut()
        client.slow = True
        first, *rest = stream("s", [TEXT])
        scene.call(1).stream(first, rest[0])
        assert scene.call(1).paused
        client.slow = False
        assert client.room is not None
        client.room()
        assert scene.call(1).reading
        for data in rest[1:]:
            scene.call(1).data(data)
    assert client.whole
    assert shown(client.body) == TEXT


async def test_a_client_that_goes_while_another_is_asked_ends_it() -> None:
    scene = Scene(rungs(Rung.ALIGN))
    client = RecordingClient()
    stage = scene.stage
    run = stage.run(scene.ask, scene.body, client, stage.fleet, "id")
    task = asyncio.ensure_future(run)
    await asyncio.sleep(0)
    scene.cut()
    client.gone = True
    task.cancel()
    await asyncio.wait([task])
    assert scene.call(1).cancelled
    stage.check_nothing_is_left(client)
    assert stage.record.result is Result.CANCELLED


# --- Anthropic ---------------------------------------------------------------------------------


def message(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\n".encode() + event({"type": kind, **fields})


def messages(name: str, texts: list[str]) -> list[bytes]:
    usage = {"input_tokens": 9, "output_tokens": 1}
    start = {"id": name, "role": "assistant", "model": name, "content": [], "usage": usage}
    block = {"type": "text", "text": ""}
    deltas = [{"type": "text_delta", "text": text} for text in texts]
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        message("message_start", message=start),
        message("content_block_start", index=0, content_block=block),
        message("ping"),
        *(message("content_block_delta", index=0, delta=one) for one in deltas),
        message("content_block_stop", index=0),
        message("message_delta", delta=stop, usage={"output_tokens": len(texts)}),
        message("message_stop"),
    ]


def another_block(block: dict[str, Any]) -> list[bytes]:
    """Return how a message goes over from its text to something else."""
    return [
        message("content_block_stop", index=0),
        message("content_block_start", index=1, content_block=block),
    ]


def ask_messages() -> Ask:
    ask = chat(stream=True, dialect=Dialect.ANTHROPIC, api=Api.MESSAGES, path="/v1/messages")
    return replace(ask, model="claude")


def ask_responses() -> Ask:
    return chat(stream=True, api=Api.RESPONSES, path="/v1/responses")


def said(data: bytes) -> str:
    return "".join(p["delta"].get("text", "") for p in payloads(data) if "delta" in p)


def kinds(data: bytes) -> list[str]:
    return [p["type"] for p in payloads(data)]


async def one_message(
    table: Fleet, first: list[bytes], *others: list[bytes]
) -> tuple[RecordingClient, Stage]:
    """Play a message whose stream is cut behind `first`, then the answers of the others."""
    scene = Scene(table, ask_messages(), body(model="claude", max_tokens=100))
    async with scene.open() as client:
        for index, events in enumerate((first, *others)):
            call = scene.call(index)
            call.head(200, "text/event-stream")
            for one in events:
                if call.open:
                    call.data(one)
            if call.open:
                call.fail(Fault.RESET, Phase.CONTENT)
    return client, scene.stage


@pytest.mark.parametrize("cut", range(4, len(WORDS) + 6))
async def test_a_message_cut_at_any_event_is_the_same_whole_message(cut: int) -> None:
    whole = messages("p", WORDS)
    client, stage = await one_message(rungs(Rung.ALIGN), whole[:cut], messages("s", WORDS))
    assert client.whole
    assert said(client.body) == TEXT
    assert kinds(client.body) == kinds(b"".join(whole))
    assert stage.record.result is Result.WHOLE


async def test_a_prefilled_message_counts_what_was_shown() -> None:
    cut = messages("p", WORDS)[:7]
    client, _ = await one_message(rungs(Rung.PREFILL), cut, messages("s", WORDS[4:]))
    assert said(client.body) == TEXT
    usage = payloads(client.body)[-2]["usage"]
    assert usage == {"output_tokens": len(WORDS[4:]) + 6}


async def test_a_message_with_nothing_left_to_say_closes_the_open_block() -> None:
    cut = messages("p", WORDS)[:-3]
    nothing = [messages("s", [])[0], *messages("s", [])[-2:]]
    client, _ = await one_message(rungs(Rung.PREFILL), cut, nothing)
    assert client.whole
    assert said(client.body) == TEXT
    assert kinds(client.body) == kinds(b"".join(messages("p", WORDS)))


@pytest.mark.parametrize(
    "block",
    [
        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        {"type": "thinking", "thinking": ""},
    ],
)
async def test_a_message_with_another_block_is_never_gone_on_with(block: dict[str, Any]) -> None:
    cut = [
        *messages("p", WORDS[:3])[:-2],
        message("content_block_start", index=1, content_block=block),
    ]
    client, stage = await one_message(rungs(*ALL), cut)
    assert ended_as_cut(client)
    assert len(stage.upstream.calls) == 1


@pytest.mark.parametrize(("text", "whole"), [(TEXT, True), ("A bridge wobbles", False)])
async def test_a_last_event_without_its_empty_line_is_compared_too(
    text: str, *, whole: bool
) -> None:
    scene = Scene(rungs(Rung.ALIGN))
    async with scene.open() as client:
        scene.cut()
        scene.call(1).stream(begins("s"), say(text, "s", "stop").rstrip())
        scene.call(1).end()
    assert client.whole is whole
    assert client.cut is not whole
    assert shown(client.body) == (TEXT if whole else "".join(WORDS[:6]))
    expected = Resumed.JOINED if whole else Resumed.MISMATCH
    resumption = scene.stage.record.attempts[1].resumption
    assert resumption is not None
    assert resumption.result is expected
