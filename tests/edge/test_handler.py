"""One request from its head to the exchange, and what is answered when it never comes to one."""

import asyncio
import hashlib
import logging

import pytest

from proxy.exchange import Downstream
from proxy.model import Address, Ask, Body, Dialect, Match, Operation, Target
from tests.edge.port import (
    JSON,
    STREAM,
    Answer,
    backend,
    bodies,
    fleet,
    get,
    opened,
    post,
    route,
    secrets,
    until,
)

BODY = b'{"model":"gpt-5","stream":true}'


async def test_the_exchange_gets_what_was_asked() -> None:
    async with opened() as port:
        answer = await port.ask(post(BODY, "X-Team: a", path="/chat/completions?a=b"))
        assert answer.json["sha256"] == hashlib.sha256(BODY).hexdigest()
        (ask,) = port.seen.asks
        assert (ask.dialect, ask.operation) == (Dialect.OPENAI, Operation.GENERATE)
        assert (ask.method, ask.path, ask.query) == ("POST", "/v1/chat/completions", "a=b")
        assert (ask.model, ask.stream, ask.size, ask.client) == ("gpt-5", True, len(BODY), "")
        assert (b"X-Team", b"a") in ask.headers
        assert port.seen.bodies[0].data == BODY
        assert port.told.codes == []


async def test_an_absolute_target_of_its_own_host_is_a_path() -> None:
    async with opened() as port:
        assert (await port.ask(post(path="http://localhost/v1/responses"))).status == 200
        assert port.seen.asks[0].path == "/v1/responses"


async def test_head_and_body_may_come_in_pieces() -> None:
    async with opened() as port:
        client = await port.call()
        for byte in post(BODY):
            client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await client.answer()).json["sha256"] == hashlib.sha256(BODY).hexdigest()


async def test_a_chunked_body_is_put_together() -> None:
    async with opened() as port:
        head = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        pieces = [BODY[:5], BODY[5:6], BODY[6:]]
        chunks = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        client = await port.call()
        for _ in range(2):
            answer = await client.ask(head + chunks + b"0\r\nTrailer: a\r\n\r\n")
            assert answer.json["size"] == len(BODY)
        assert port.seen.bodies[0].data == BODY


# Large bodies.

LARGE = b'{"model":"gpt-5","input":"' + b"abcdefgh" * (20 * 1024 * 128) + b'"}'


async def test_a_large_body_goes_through_the_disk_byte_for_byte_and_leaves_nothing() -> None:
    async with opened() as port:
        client = await port.call()
        for _ in range(2):
            answer = await client.ask(post(LARGE, path="/v1/responses"))
            assert answer.json["sha256"] == hashlib.sha256(LARGE).hexdigest()
        body = port.seen.bodies[0]
        assert (body.data, body.replayable, body.size) == (None, True, len(LARGE))
        assert port.seen.asks[0].size == len(LARGE)
        assert port.edge._spool.used == 0
        with pytest.raises(OSError):  # noqa: PT011 - the file is gone
            async for _ in body.chunks():
                pass


async def test_a_large_body_can_be_read_again_and_by_two_at_once() -> None:
    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        async def digest() -> bytes:
            made = hashlib.sha256()
            async for chunk in body.chunks():
                made.update(chunk)
            return made.digest()

        found = {await digest(), *(await asyncio.gather(digest(), digest()))}
        same = found == {hashlib.sha256(LARGE).digest()}
        downstream.begin(200 if same else 500, JSON, b"{}", last=True)

    async with opened(script) as port:
        assert (await port.ask(post(LARGE))).status == 200


async def test_without_a_spool_a_large_body_passes_once() -> None:
    async with opened(table=fleet(bodies=bodies(spool="none", memory=1000))) as port:
        client = await port.call()
        for _ in range(2):
            answer = await client.ask(post(LARGE, path="/v1/files"))
            assert answer.json["sha256"] == hashlib.sha256(LARGE).hexdigest()
        assert not port.seen.bodies[0].replayable
        assert port.seen.bodies[0].size == len(LARGE)


async def test_without_a_spool_an_early_answer_ends_the_connection() -> None:
    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        downstream.begin(413, JSON, b"{}", last=True)

    async with opened(script, fleet(bodies=bodies(spool="none", memory=10))) as port:
        client = await port.call()
        client.send(post(LARGE)[:100_000])
        answer = await client.answer()
        assert (answer.status, answer.fields["connection"]) == (413, "close")


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("limit", [1000, 300_000])
async def test_a_body_over_the_limit_is_refused_at_once(chunked: bool, limit: int) -> None:
    async with opened(table=fleet(bodies=bodies(limit=limit, memory=2000))) as port:
        client = await port.call()
        if chunked:
            head = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
            client.send(head + b"%x\r\n" % (limit + 1) + b"x" * (limit + 1))
        else:
            client.send(post(b"x" * (limit + 1))[:200])
        answer = await client.answer()
        assert (answer.status, answer.code) == (413, "body_too_large")
        assert str(limit) in str(answer.json)
        assert port.seen.asks == []
        assert port.edge._spool.used == 0


async def test_a_familiar_head_does_not_vouch_for_its_body() -> None:
    async with opened(table=fleet(bodies=bodies(limit=1000))) as port:
        client = await port.call()
        assert (await client.ask(post(BODY))).status == 200
        client.send(post(b"x" * 1001)[:200])
        answer = await client.answer()
        assert (answer.status, answer.code) == (413, "body_too_large")


async def test_a_body_at_the_limit_passes() -> None:
    async with opened(table=fleet(bodies=bodies(limit=len(BODY)))) as port:
        assert (await port.ask(post(BODY))).status == 200


async def test_too_many_large_bodies_are_told_to_come_back() -> None:
    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        await done.wait()
        downstream.begin(200, JSON, b"{}", last=True)

    done = asyncio.Event()
    large = post(b'{"model":"a","x":"' + b"x" * 100_000 + b'"}')
    table = fleet(bodies=bodies(memory=1000))
    async with opened(script, table, most_spooled=250_000) as port:
        clients = [await port.call() for _ in range(2)]
        for client in clients:
            client.send(large)
        await until(lambda: len(port.seen.asks) == 2)
        refused = await port.ask(large)
        assert (refused.status, refused.code) == (503, "spool_full")
        assert refused.fields["retry-after"] == "5"
        done.set()
        for client in clients:
            assert (await client.answer()).status == 200
        assert port.edge._spool.used == 0


async def test_a_spool_that_cannot_be_written_is_said() -> None:
    table = fleet(bodies=bodies(memory=1000, spool="/nowhere/at/all"))
    async with opened(table=table) as port:
        answer = await port.ask(post(b"x" * 2000))
        assert (answer.status, answer.code) == (507, "spool_failed")
        assert "/nowhere" not in str(answer.json)
        assert port.edge._spool.used == 0


# Expect.


async def test_a_body_that_is_held_back_is_asked_for_once() -> None:
    async with opened() as port:
        client = await port.call()
        for _ in range(2):
            client.send(post(BODY, "Expect: 100-continue")[: -len(BODY)])
            assert (await client.answer()).status == 100
            client.send(BODY)
            assert (await client.answer()).json["size"] == len(BODY)


async def test_a_body_that_will_be_refused_is_not_asked_for() -> None:
    async with opened(table=fleet(bodies=bodies(limit=10))) as port:
        client = await port.call()
        client.send(post(BODY, "Expect: 100-continue")[: -len(BODY)])
        assert (await client.answer()).status == 413
        client = await port.call()
        client.send(post(BODY, "Expect: 100-continue", host="evil")[: -len(BODY)])
        assert (await client.answer()).status == 421


# Who is turned away, and how it is said.


def refusal_of(answer: Answer, dialect: Dialect) -> tuple[object, object]:
    error = answer.json["error"]
    assert isinstance(error, dict)
    match dialect:
        case Dialect.OPENAI:
            return error["type"], error["message"]
        case Dialect.ANTHROPIC:
            assert answer.json["type"] == "error"
            return error["type"], error["message"]
        case Dialect.GEMINI:
            return error["status"], error["message"]


@pytest.mark.parametrize(
    ("path", "dialect", "kind"),
    [
        ("/v1/chat/completions", Dialect.OPENAI, "authentication_error"),
        ("/v1/messages", Dialect.ANTHROPIC, "authentication_error"),
        ("/v1beta/models/g:generateContent", Dialect.GEMINI, "UNAUTHENTICATED"),
    ],
)
async def test_a_refusal_is_said_in_the_clients_dialect(
    path: str, dialect: Dialect, kind: str
) -> None:
    async with opened(table=fleet(clients=secrets(app="t0ken"))) as port:
        client = await port.call()
        for fields in ([], ["Authorization: Bearer sk-canary"], ["X-Api-Key: t0ken2"]):
            answer = await client.ask(post(BODY, *fields, path=path))
            assert answer.status == 401
            said, message = refusal_of(answer, dialect)
            assert said == kind
            assert "clients" in str(message)
            assert b"canary" not in answer.body
            assert b"t0ken" not in answer.body
            assert answer.fields["x-should-retry"] == "false"
            assert answer.fields["x-faultline-request-id"].startswith("id-")
        assert port.told.codes == ["unauthorized"] * 3
        assert port.seen.asks == []


@pytest.mark.parametrize(
    ("fields", "dialect"),
    [
        ([], Dialect.OPENAI),
        (["x-api-key: a"], Dialect.ANTHROPIC),
        (["x-goog-api-key: a"], Dialect.GEMINI),
    ],
)
async def test_a_path_that_is_refused_tells_no_dialect_but_the_key_does(
    fields: list[str], dialect: Dialect
) -> None:
    async with opened() as port:
        answer = await port.ask(get("/v1/../x", *fields))
        assert answer.status == 400
        assert "URL" in str(refusal_of(answer, dialect)[1])


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (post(host="evil.example"), 421, "wrong_host"),
        (post(BODY, "Origin: https://evil.example"), 403, "browser"),
        (get("/v1/responses", "Upgrade: websocket", "Connection: Upgrade"), 426, None),
        (post(BODY, "Via: 1.1 faultline"), 508, None),
        (post(b'{"model":'), 400, None),
        (post(BODY, path="/v1/%2e%2e/x"), 400, None),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 403, "browser"),
    ],
)
async def test_refusals_have_their_codes(data: bytes, status: int, code: str | None) -> None:
    async with opened() as port:
        answer = await port.ask(data)
        assert answer.status == status
        assert code is None or answer.code == code
        assert [answer.code] == port.told.codes
        assert not [name for name in answer.fields if name.startswith("access-control-")]
        assert port.seen.asks == []


async def test_a_refusal_of_a_whole_request_lets_the_connection_go_on() -> None:
    async with opened() as port:
        client = await port.call()
        assert (await client.ask(post(BODY, "Sec-Fetch-Site: cross-site"))).status == 403
        assert (await client.ask(post(BODY))).status == 200


async def test_who_comes_in_is_checked_before_what_is_asked() -> None:
    async with opened(table=fleet(clients=secrets(app="t0ken"))) as port:
        assert (await port.ask(get("/v1/../x"))).status == 401
        assert (await port.ask(get("/v1/../x", host="evil"))).status == 421


# Tokens.


@pytest.mark.parametrize(
    ("fields", "path", "kept"),
    [
        (["Authorization: Bearer t0ken"], "/v1/responses", set()),
        (["X-Api-Key: t0ken", "Authorization: Bearer sk-own"], "/v1/messages", {b"Bearer sk-own"}),
        (["api-key: t0ken"], "/v1/responses?api-version=1", set()),
        ([], "/v1beta/models/g:generateContent?key=t0ken", set()),
        (["x-goog-api-key: t0ken"], "/v1beta/models/g:generateContent?key=own", {b"own"}),
    ],
)
async def test_a_token_is_taken_at_the_door(fields: list[str], path: str, kept: set[bytes]) -> None:
    async with opened(table=fleet(clients=secrets(app="t0ken"))) as port:
        assert (await port.ask(post(BODY, *fields, path=path))).status == 200
        (ask,) = port.seen.asks
        assert ask.client == "app"
        assert "t0ken" not in repr(ask)
        names = {b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"}
        assert {value for name, value in ask.headers if name.lower() in names} == kept


# Models.


async def test_models_are_those_of_the_table() -> None:
    claude = backend("claude", Dialect.ANTHROPIC)
    table = fleet(
        routes=(
            route(Match(model="gpt-5*"), Target(backend=backend(), model="gpt-5-mini")),
            route(Match(model="claude-x"), Target(backend=claude)),
        )
    )
    async with opened(table=table) as port:
        client = await port.call()
        answer = await client.ask(get("/v1/models"))
        assert answer.json["data"][0]["id"] == "gpt-5-mini"  # type: ignore[index]
        assert answer.fields["content-type"] == "application/json"
        answer = await client.ask(get("/models/gpt-5-mini"))
        assert answer.json["id"] == "gpt-5-mini"
        answer = await client.ask(get("/v1/models", "anthropic-version: 2023-06-01"))
        assert answer.json["first_id"] == "claude-x"
        answer = await client.ask(get("/v1/models/nothing"))
        assert (answer.status, answer.code) == (404, "model_not_found")
        assert port.seen.asks == []


# Our own faults.


async def test_a_bug_costs_one_answer_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        raise KeyError("sk-canary")

    async with opened(script) as port:
        answer = await port.ask(post())
        assert (answer.status, answer.code) == (500, "internal_error")
        assert "canary" not in str(answer.json)
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert "KeyError" in record.getMessage()
    assert "test_handler.py" in record.getMessage()
    assert "canary" not in caplog.text


async def test_a_bug_in_a_stream_cuts_it(caplog: pytest.LogCaptureFixture) -> None:
    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        downstream.begin(200, STREAM, b"data: 1\n\n", last=False)
        raise KeyError

    async with opened(script) as port:
        answer = await port.ask(post())
        assert not answer.whole
        assert b"a fault of its own" in answer.body
    assert len(caplog.records) == 1


async def test_an_exchange_without_an_answer_is_a_bug(caplog: pytest.LogCaptureFixture) -> None:
    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        pass

    async with opened(script) as port:
        assert (await port.ask(post())).status == 500
    assert "Unanswered" in caplog.text


# Gone clients.


@pytest.mark.parametrize("spool", ["auto", "none"])
async def test_a_client_that_goes_while_its_body_is_taken_in_leaves_nothing(spool: str) -> None:
    async with opened(table=fleet(bodies=bodies(memory=1000, spool=spool))) as port:
        client = await port.call()
        client.send(post(LARGE)[:3_000_000])
        await client.writer.drain()
        if spool == "auto":
            await until(lambda: port.edge._spool.used > 0)
        client.writer.transport.abort()
        await until(lambda: port.edge.in_flight == 0)
        assert port.edge._spool.used == 0


async def test_the_table_of_the_moment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as port:
        client = await port.call()
        assert (await client.ask(post(BODY, host="other"))).status == 421
        client = await port.call()
        table = fleet(hosts=("other",), listen=Address())
        monkeypatch.setattr(port.edge._desk, "_fleet", lambda: table)
        assert (await client.ask(post(BODY, host="other"))).status == 200
