"""Answers that are less than what was asked for: marked, counted apart, never a rescue."""

import json

from proxy.model import Api, Degraded, Fault, Operation, Result, Target
from tests.exchange.stage import Stage, backend, chat, fleet, two

WHOLE = b'{"id":"1","choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}'


def later(model: str | None) -> Stage:
    first = (Target(backend=backend("p")),)
    return Stage(fleet(first, (Target(backend=backend("s"), model=model),)))


async def test_another_model_of_a_later_tier_is_marked_and_still_a_rescue() -> None:
    stage = later("qwen3-32b")
    async with stage.exchange() as client:
        stage.upstream.calls[0].unary(b"oops", 502, "text/html")
        stage.upstream.calls[1].unary(WHOLE)
    assert client.header("x-faultline-degraded") == "model"
    assert (stage.record.degraded, stage.record.rescued) == (Degraded.MODEL, True)


async def test_a_stream_of_another_model_is_marked_too() -> None:
    stage = later("qwen3-32b")
    async with stage.exchange(chat(stream=True)) as client:
        stage.upstream.calls[0].fail(Fault.REFUSED)
        stage.upstream.calls[1].stream(
            b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'
            b"data: [DONE]\n\n"
        )
    assert client.header("x-faultline-degraded") == "model"


async def test_the_same_model_elsewhere_is_not_less() -> None:
    stage = later("openai/gpt-5")
    async with stage.exchange() as client:
        stage.upstream.calls[0].unary(b"oops", 502, "text/html")
        stage.upstream.calls[1].unary(WHOLE)
    assert client.header("x-faultline-degraded") is None
    assert stage.record.degraded is None


async def test_the_static_text_is_the_last_answer() -> None:
    stage = Stage(two(static="We are sorry."))
    async with stage.exchange() as client:
        stage.upstream.calls[0].unary(b"oops", 502, "text/html")
        stage.upstream.calls[1].unary(b"oops", 502, "text/html")
        while not client.over:
            stage.upstream.calls[-1].unary(b"oops", 502, "text/html")
    assert client.status == 200
    assert client.header("x-faultline-degraded") == "static"
    assert (client.header("x-faultline-reason") or "").startswith("p=")
    assert client.header("x-faultline-backend") is None
    assert json.loads(client.body)["choices"][0]["message"]["content"] == "We are sorry."
    record = stage.record
    assert (record.result, record.degraded, record.rescued) == (
        Result.STATIC,
        Degraded.STATIC,
        False,
    )
    assert (record.status, record.bytes_down, record.backend) == (200, len(client.body), "")


async def test_the_static_text_comes_as_a_stream_where_one_was_asked_for() -> None:
    stage = Stage(two(static="We are sorry.", attempts=1))
    async with stage.exchange(chat(stream=True)) as client:
        stage.upstream.calls[0].fail(Fault.REFUSED)
    assert client.header("content-type") == "text/event-stream"
    assert client.body.endswith(b"data: [DONE]\n\n")
    assert client.whole


async def test_where_the_api_has_no_text_it_stays_a_refusal() -> None:
    stage = Stage(two(static="We are sorry.", attempts=1))
    ask = chat(api=Api.OPAQUE, operation=Operation.GENERATE, path="/v1/audio/speech")
    async with stage.exchange(ask) as client:
        stage.upstream.calls[0].fail(Fault.REFUSED)
    assert client.status == 503
    assert client.header("x-faultline-degraded") is None
    assert (stage.record.result, stage.record.degraded) == (Result.REFUSED, None)
