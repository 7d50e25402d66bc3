"""Dialogues: what the backends do, what the client sees, what is told."""

import asyncio
import gzip
import json

import pytest

from proxy.dialects.refusal import WHAT
from proxy.model import Cause, Fault, Operation, Phase, Refusal, Result, Sent, Target, Usage
from proxy.policy.decision import Why
from tests.exchange.lines import DONE, ERROR, HELLO, ROLE, STOP, WHOLE, delta
from tests.exchange.stage import Bytes, Stage, backend, chat, fleet, two

HTML_502 = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


async def test_a_good_answer_goes_down_as_it_came() -> None:
    stage = Stage()
    async with stage.exchange() as client:
        stage.upstream.calls[0].unary(WHOLE, x_request_id="req-1")
    assert (client.status, client.body, client.whole) == (200, WHOLE, True)
    assert client.header("x-request-id") == "req-1"
    assert client.header("x-faultline-backend") == "p"
    assert client.header("x-faultline-model") == "gpt-5"
    assert client.header("x-faultline-attempts") == "1"
    assert client.header("x-faultline-request-id") == "id"
    assert client.header("x-faultline-reason") is None
    assert client.header("proxy-status") is None
    assert stage.record.result is Result.WHOLE
    assert not stage.record.rescued


@pytest.mark.parametrize("stream", [False, True])
async def test_a_bad_gateway_is_rerouted_before_the_client_notices(stream: bool) -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=stream)) as client:
        stage.upstream.calls[0].unary(HTML_502, 502, "text/html")
        second = stage.upstream.calls[1]
        if stream:
            second.stream(ROLE, HELLO, STOP, DONE)
        else:
            second.unary(WHOLE)
    assert client.status == 200
    assert client.whole
    assert b"nginx" not in client.body
    assert client.header("x-faultline-backend") == "s"
    assert client.header("x-faultline-attempts") == "2"
    assert client.header("x-faultline-reason") is not None
    assert "faultline" in (client.header("proxy-status") or "")
    assert stage.record.rescued
    assert [a.backend for a in stage.record.attempts] == ["p", "s"]


@pytest.mark.parametrize(
    ("fault", "phase", "sent", "cause"),
    [
        (Fault.REFUSED, Phase.CONNECT, Sent.NOT_SENT, Cause.TCP),
        (Fault.DNS, Phase.RESOLVE, Sent.NOT_SENT, Cause.DNS),
        (Fault.CONNECT_TIMEOUT, Phase.CONNECT, Sent.NOT_SENT, Cause.TCP),
        (Fault.TLS_HANDSHAKE, Phase.TLS, Sent.NOT_SENT, Cause.TLS),
        (Fault.RESET, Phase.HEAD, Sent.MAYBE_SENT, Cause.ORIGIN),
        (Fault.EOF, Phase.HEAD, Sent.MAYBE_SENT, Cause.ORIGIN),
        (Fault.PROTOCOL, Phase.HEAD, Sent.MAYBE_SENT, Cause.PROTOCOL),
    ],
)
async def test_a_broken_wire_is_rerouted(
    fault: Fault, phase: Phase, sent: Sent, cause: Cause
) -> None:
    stage = Stage()
    async with stage.exchange() as client:
        stage.upstream.calls[0].fail(fault, phase, sent)
        stage.upstream.calls[1].unary(WHOLE)
    assert client.body == WHOLE
    first = stage.record.attempts[0]
    assert (first.verdict.cause, first.sent) == (cause, sent)


async def test_silence_is_rerouted_when_its_limit_has_passed() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        first = stage.upstream.calls[0]
        first.receiver.on_phase(Phase.HEAD)
        stage.clock.advance(29.9)
        assert len(stage.upstream.calls) == 1
        stage.clock.advance(0.2)
        assert first.cancelled
        stage.upstream.calls[1].stream(HELLO, STOP, DONE)
    assert client.whole
    assert stage.record.attempts[0].verdict.cause is Cause.TIMEOUT


async def test_a_head_and_then_silence_is_rerouted() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        first = stage.upstream.calls[0]
        first.stream(b": ping\n\n", ROLE)
        for _ in range(11):
            stage.clock.advance(10)
            first.data(b": ping\n\n")
        assert client.heads == 0
        stage.clock.advance(11)
        assert first.cancelled
        stage.upstream.calls[1].stream(HELLO, STOP, DONE)
    assert client.body == HELLO + STOP + DONE


@pytest.mark.parametrize(
    "events",
    [
        [ERROR],
        [ROLE, ERROR],
        [ROLE + HELLO + ERROR],
        [b"data: {not json\n\n"],
        [ROLE, b"data: {not json\n\n"],
    ],
)
async def test_a_stream_that_fails_before_it_was_passed_on_is_rerouted(events: list[bytes]) -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        stage.upstream.calls[0].stream(*events)
        assert stage.upstream.calls[0].cancelled
        stage.upstream.calls[1].stream(HELLO, STOP, DONE)
    assert client.body == HELLO + STOP + DONE


@pytest.mark.parametrize("events", [[], [ROLE], [DONE], [ROLE, STOP], [ROLE, STOP, DONE]])
async def test_a_stream_that_ends_without_content_is_rerouted(events: list[bytes]) -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        first = stage.upstream.calls[0]
        first.stream(*events)
        if first.open:  # its last event may have ended it
            first.end()
        stage.upstream.calls[1].stream(HELLO, STOP, DONE)
    assert client.body == HELLO + STOP + DONE


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "text/html", b"<html><body>login</body></html>"),
        (200, "application/json", b""),
        (200, "application/json", b'{"choices":[]}'),
        (200, "application/json", b'{"error":{"message":"overloaded","type":"server_error"}}'),
        (200, "application/json", b'{"choices":[{"mess'),
    ],
)
async def test_a_200_is_not_success(status: int, kind: str, body: bytes) -> None:
    stage = Stage()
    async with stage.exchange() as client:
        first = stage.upstream.calls[0]
        first.head(status, kind)
        if body:
            first.data(body)
        first.end()
        stage.upstream.calls[1].unary(WHOLE)
    assert client.body == WHOLE


async def test_a_cut_unary_body_is_rerouted() -> None:
    stage = Stage()
    async with stage.exchange() as client:
        stage.upstream.calls[0].head()
        stage.upstream.calls[0].data(WHOLE[:30])
        stage.upstream.calls[0].fail(Fault.EOF, Phase.CONTENT)
        stage.upstream.calls[1].unary(WHOLE)
    assert client.body == WHOLE


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"error":{"message":"bad temperature","type":"invalid_request_error"}}'),
        (422, b'{"error":{"message":"no messages","type":"invalid_request_error"}}'),
        (
            400,
            b'{"error":{"message":"flagged","type":"invalid_request_error","code":"content_policy_violation"}}',
        ),
    ],
)
async def test_the_clients_own_fault_passes_byte_for_byte(status: int, body: bytes) -> None:
    stage = Stage()
    async with stage.exchange() as client:
        stage.upstream.calls[0].unary(body, status)
    assert (client.status, client.body, client.whole) == (status, body, True)
    assert stage.record.result is Result.CLIENT_ERROR
    assert stage.told.changes == []


async def test_a_body_that_the_client_did_not_deliver_is_its_own_fault() -> None:
    stage = Stage()
    refusal = Refusal(status=413, code="body_too_large", message="too large", close=True)
    async with stage.exchange(body=Bytes(replayable=False, refusal=refusal)) as client:
        stage.upstream.calls[0].fail(Fault.UPLOAD, Phase.WRITE)
    assert (client.status, client.header("connection")) == (413, "close")
    assert b"body_too_large" in client.body
    assert (stage.record.result, stage.record.status) == (Result.CLIENT_ERROR, 413)
    assert stage.record.attempts[0].verdict.cause is Cause.BAD_REQUEST
    assert stage.told.changes == []


async def test_a_clients_fault_that_was_cut_is_not_passed_on_as_whole() -> None:
    stage = Stage()
    async with stage.exchange() as client:
        stage.upstream.calls[0].head(400)
        stage.upstream.calls[0].data(b'{"error":{"message":"bad temp')
        stage.upstream.calls[0].fail(Fault.EOF, Phase.CONTENT)
        stage.upstream.calls[1].unary(WHOLE)
    assert (client.status, client.body) == (200, WHOLE)


async def test_our_own_refused_key_is_never_passed_on() -> None:
    body = (
        b'{"error":{"message":"Incorrect API key provided: key-of-p",'
        b'"type":"invalid_request_error","code":"invalid_api_key"}}'
    )
    stage = Stage()
    async with stage.exchange() as client:
        stage.upstream.calls[0].unary(body, 401)
        stage.upstream.calls[1].unary(body.replace(b"key-of-p", b"key-of-s"), 401)
    assert client.status == 503
    assert b"key-of" not in client.body
    assert b"key-of" not in repr(stage.told).encode()
    assert stage.record.result is Result.REFUSED


async def test_with_nothing_left_the_refusal_names_each_backend_and_cause() -> None:
    stage = Stage()
    async with stage.exchange() as client:
        stage.upstream.calls[0].unary(HTML_502, 502, "text/html")
        stage.upstream.calls[1].fail(Fault.REFUSED, Phase.CONNECT, Sent.NOT_SENT)
    text = client.body.decode()
    assert client.status == 503
    assert '"error"' in text
    assert "p" in text
    assert "502" in text
    assert "nginx</body>" not in text
    assert client.header("content-type") == "application/json"
    assert 1 <= int(client.header("retry-after") or 0) <= 60
    assert client.header("x-should-retry") == "false"
    assert client.header("x-faultline-attempts") == "2"
    assert client.header("x-faultline-request-id") == "id"


async def test_no_route_is_said_so() -> None:
    table = fleet((Target(backend=backend("p")),))
    stage = Stage(two())
    stage.fleet = type(table)(backends=table.backends, routes=())
    async with stage.exchange(chat(model="unknown")) as client:
        pass
    assert client.status == 404
    assert b"unknown" in client.body
    assert stage.upstream.calls == []


async def test_a_client_that_leaves_ends_the_attempt_and_charges_nobody() -> None:
    stage = Stage()

    async def leave() -> None:
        async with stage.exchange(chat(stream=True)):
            stage.upstream.calls[0].stream(ROLE)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await leave()
    assert stage.upstream.calls[0].cancelled
    assert len(stage.upstream.calls) == 1
    assert stage.told.changes == []
    assert stage.record.result is Result.CANCELLED
    assert stage.record.attempts[0].verdict.cause is Cause.CLIENT_CANCEL


async def test_a_stale_connection_is_repeated_once_on_a_fresh_one() -> None:
    stage = Stage()
    async with stage.exchange() as client:
        stage.upstream.calls[0].fail(Fault.EOF, reused=True)
        again = stage.upstream.calls[1]
        assert again.order.backend.name == "p"
        assert again.order.fresh
        again.unary(WHOLE)
    assert client.body == WHOLE
    assert stage.told.changes == []


async def test_each_attempt_carries_the_key_of_its_own_backend_only() -> None:
    stage = Stage()
    mine = chat(headers=((b"Authorization", b"Bearer app-token"), (b"anthropic-beta", b"x")))
    async with stage.exchange(mine):
        stage.upstream.calls[0].unary(HTML_502, 502, "text/html")
        stage.upstream.calls[1].unary(WHOLE)
    for call, name in zip(stage.upstream.calls, "ps", strict=True):
        sent = dict(call.order.headers)
        assert sent[b"authorization"] == f"Bearer key-of-{name}".encode()
        assert b"app-token" not in repr(call.order.headers).encode()
        assert sent[b"anthropic-beta"] == b"x"


async def test_an_unknown_path_passes_without_failover() -> None:
    stage = Stage()
    ask = chat(operation=Operation.OTHER, path="/v1/new-thing", model=None)
    async with stage.exchange(ask) as client:
        stage.upstream.calls[0].unary(b'{"error":{"message":"no such path"}}', 404)
    assert client.status == 404
    assert len(stage.upstream.calls) == 1


async def test_a_body_that_cannot_be_repeated_is_sent_once() -> None:
    stage = Stage()
    async with stage.exchange(chat(), Bytes(replayable=False)) as client:
        stage.upstream.calls[0].fail(Fault.RESET)
    assert len(stage.upstream.calls) == 1
    assert client.status == 502


async def test_a_bug_in_a_callback_reaches_the_waiting_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage()
    monkeypatch.setattr("proxy.exchange.exchange.answer_headers", lambda *_, **__: 1 / 0)

    async def stumble() -> None:
        async with stage.exchange():
            stage.upstream.calls[0].unary(WHOLE)

    with pytest.raises(ZeroDivisionError):
        await stumble()


async def test_a_stream_that_says_why_it_is_empty_is_whole() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(ROLE, delta(None, "content_filter"), DONE)
        assert call.finished
    assert client.body == ROLE + delta(None, "content_filter") + DONE
    assert client.whole


def test_every_reason_for_a_refusal_has_its_words() -> None:
    assert {why.value for why in Why} == {*WHAT, Why.ALL_FAILED.value}


@pytest.mark.parametrize("encoded", [False, True])
async def test_the_tokens_of_a_whole_answer_are_told(encoded: bool) -> None:
    stage = Stage()
    body = json.loads(WHOLE) | {"usage": {"prompt_tokens": 12, "completion_tokens": 30}}
    data = json.dumps(body).encode()
    async with stage.exchange():
        if encoded:
            stage.upstream.calls[0].unary(gzip.compress(data), content_encoding="gzip")
        else:
            stage.upstream.calls[0].unary(data)
    assert stage.record.usage == Usage(input=12, output=30)


async def test_an_error_tells_no_tokens() -> None:
    stage = Stage()
    async with stage.exchange():
        stage.upstream.calls[0].unary(b'{"error":{},"usage":{"prompt_tokens":1}}', 400)
    assert stage.record.usage is None
