"""What is served without parser and task is served as it would be with them."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.edge import shortcut
from proxy.edge.connection import Connection
from proxy.edge.intake import Pace
from proxy.exchange import Downstream, Request
from proxy.model import Address, Ask, Body, Fleet, Seconds
from tests.edge.port import (
    JSON,
    STREAM,
    WITHIN,
    Client,
    Port,
    Script,
    bodies,
    echo,
    fleet,
    opened,
    post,
    until,
)

BODY = b'{"model":"gpt-5","n":1}'
OTHER = b'{"model":"gpt-5-nano","messages":[]}'


class Then:
    """Answers the first request, and does with all others what `script` does."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._first = True

    async def __call__(self, ask: Ask, body: Body, downstream: Downstream) -> None:
        first, self._first = self._first, False
        await (echo if first else self._script)(ask, body, downstream)


@asynccontextmanager
async def known(
    script: Script = echo,
    table: Fleet | None = None,
    *,
    pace: Pace | None = None,
    receive: int | None = None,
) -> AsyncIterator[tuple[Port, Client]]:
    """A port, and a client whose head it knows."""
    async with opened(Then(script), table, pace=pace) as port:
        client = await port.call(receive=receive)
        assert (await client.ask(post(BODY))).status == 200
        assert port.seen.begun == 0
        yield port, client
        client.leave()
        await until(lambda: port.edge.in_flight == 0)


class Gate:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, ask: Ask, body: Body, downstream: Downstream) -> None:
        await self.open.wait()
        await echo(ask, body, downstream)


async def stuck(ask: Ask, body: Body, downstream: Downstream) -> None:
    await asyncio.Event().wait()


async def half(ask: Ask, body: Body, downstream: Downstream) -> None:
    downstream.begin(200, STREAM, b"data: 1\n\n", last=False)
    await asyncio.Event().wait()


async def test_a_known_head_goes_by_the_shortcut_whatever_its_body() -> None:
    async with known() as (port, client):
        for number, body in enumerate((BODY, OTHER, BODY), 1):
            answer = await client.ask(post(body))
            assert answer.json["model"] == ("gpt-5-nano" if body is OTHER else "gpt-5")
            assert answer.json["size"] == len(body)
            assert port.seen.begun == number
        assert len({ask.path for ask in port.seen.asks}) == 1


async def test_another_head_is_parsed_and_is_known_from_then_on() -> None:
    async with known() as (port, client):
        assert (await client.ask(post(BODY, "X-Title: a"))).status == 200
        assert port.seen.begun == 0
        assert (await client.ask(post(BODY, "X-Title: a"))).status == 200
        assert port.seen.begun == 1


@pytest.mark.parametrize("cuts", [(-len(OTHER),), (-len(OTHER), -9, -3), (-5,)])
async def test_a_body_may_come_after_its_head(
    cuts: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortcut, "SOON", Seconds(0.08))
    async with known() as (port, client):
        data = post(OTHER)
        for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
            client.send(data[start:end])
            await asyncio.sleep(0.02)
        assert (await client.answer()).json["size"] == len(OTHER)
        assert port.seen.begun == 1
        await asyncio.sleep(0.1)  # nothing of it is left that could be given up
        assert (await client.ask(post(OTHER))).json["size"] == len(OTHER)
        assert port.seen.begun == 2


async def test_a_body_that_does_not_come_soon_is_waited_for_by_the_parser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shortcut, "SOON", Seconds(0.02))
    async with known(pace=Pace(silence=Seconds(0.2), linger=Seconds(0.1))) as (port, client):
        data = post(OTHER)
        client.send(data[:-5])
        await asyncio.sleep(0.1)
        assert port.edge.in_flight == 1
        client.send(data[-5:])
        assert (await client.answer()).json["size"] == len(OTHER)
        client.send(post(OTHER)[:-5])
        assert (await client.answer()).status == 408
        assert port.seen.begun == 0
        assert await client.closed()


async def test_a_large_body_is_the_parsers() -> None:
    large = b'{"model":"m"%b}' % (b" " * 2000)
    async with known(table=fleet(bodies=bodies(memory=1000))) as (port, client):
        assert (await client.ask(post(large))).json["size"] == len(large)
        assert port.seen.begun == 0


PARTS = [b"", b"GET /v1/models HTTP/1.1\r\nX-A: ", b"POST /v1/audio/speech HTTP/1.1\r\nX-A: "]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("late", [0, 1])
async def test_behind_half_a_head_nothing_is_known(part: bytes, late: int) -> None:
    """The parser holds the half: what comes next is the rest of it, whatever it looks like."""
    async with known() as (port, client):
        data = post(OTHER, "X: y") + part  # another head: it goes to the parser
        client.send(data[: len(data) - late - len(part)])
        await asyncio.sleep(0.02)
        client.send(data[len(data) - late - len(part) :])
        assert (await client.answer()).json["size"] == len(OTHER)
        again = post(BODY, "X: y")
        client.send(again)
        if not part:
            assert (await client.answer()).json["path"] == "/v1/chat/completions"
            assert port.seen.begun == 1
        elif part.startswith(b"GET"):
            assert b'"object":"list"' in (await client.answer()).body
        else:
            assert (await client.answer()).json["path"] == "/v1/audio/speech"
            assert (await client.ask(again)).json["path"] == "/v1/chat/completions"


async def test_a_head_is_known_as_that_of_its_own_request() -> None:
    """What comes before the task has its turn is another request's."""
    async with known() as (port, client):
        (connection,) = port.edge._connections._open
        assert isinstance(connection, Connection)
        connection.data_received(post(BODY, "X: y"))
        connection.data_received(post(OTHER, path="/v1/audio/speech"))
        paths = [(await client.answer()).json["path"] for _ in "12"]
        assert paths == ["/v1/chat/completions", "/v1/audio/speech"]
        for path in ("/v1/audio/speech", "/v1/chat/completions", "/v1/audio/speech"):
            for _ in "12":
                assert (await client.ask(post(OTHER, path=path))).json["path"] == path


async def test_half_a_head_that_came_with_another_request_has_its_deadline() -> None:
    async with known(pace=Pace(head=Seconds(0.1))) as (_, client):
        client.send(post(OTHER, "X: y") + b"POST /")
        assert (await client.answer()).status == 200
        assert (await client.answer()).status == 408


async def test_after_chunks_the_next_request_is_the_parsers() -> None:
    async with known(pace=Pace(head=Seconds(0.1))) as (port, client):
        chunked = post(b"", "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
        client.send(chunked + b"%x\r\n%b\r\n0\r\n\r\n" % (len(OTHER), OTHER))
        assert (await client.answer()).json["size"] == len(OTHER)
        await asyncio.sleep(0.2)  # no head has begun: no deadline
        for begun in (0, 1):
            assert (await client.ask(post(BODY))).status == 200
            assert port.seen.begun == begun


async def test_head_and_get_are_the_parsers() -> None:
    async with known() as (port, client):
        for method in ("HEAD", "GET"):
            data = post(b"{}", path="/v1/files").replace(b"POST", method.encode())
            for _ in range(2):
                client.send(data)
                answer = await client.answer(head_only=method == "HEAD")
                assert answer.status == 200
        assert port.seen.begun == 0
        assert client.reader._buffer == b""  # type: ignore[attr-defined]


async def test_bytes_that_drip_behind_a_running_request_cost_no_more_each() -> None:
    gate = Gate()
    async with known(gate) as (port, client):
        client.send(post(BODY))
        await until(lambda: port.seen.begun == 1)
        (connection,) = port.edge._connections._open
        assert isinstance(connection, Connection)
        began = asyncio.get_running_loop().time()
        for _ in range(20_000):
            connection.data_received(b"x")
        assert asyncio.get_running_loop().time() - began < WITHIN / 5


async def test_more_than_one_request_at_a_time_is_the_parsers() -> None:
    async with known() as (port, client):
        client.send(post(BODY) + post(OTHER))
        assert [(await client.answer()).json["size"] for _ in "12"] == [len(BODY), len(OTHER)]
        data = post(BODY)
        client.send(data[:-1])
        await asyncio.sleep(0.02)
        client.send(data[-1:] + post(OTHER))
        assert [(await client.answer()).json["size"] for _ in "12"] == [len(BODY), len(OTHER)]
        assert port.seen.begun == 0


@pytest.mark.parametrize("size", [0, 1_000_000])
async def test_what_comes_behind_a_running_request_waits_for_its_turn(size: int) -> None:
    gate = Gate()
    large = b'{"model":"m"%b}' % (b" " * size)
    async with known(gate) as (port, client):
        client.send(post(BODY))
        await until(lambda: port.seen.begun == 1)
        client.send(post(large), post(OTHER))
        await asyncio.sleep(0.05)
        assert port.edge.in_flight == 1
        (connection,) = port.edge._connections._open
        assert connection.transport is not None
        assert connection.transport.is_reading() is (not size)
        gate.open.set()
        sizes = [(await client.answer()).json["size"] for _ in range(3)]
        assert sizes == [len(BODY), len(large), len(OTHER)]


@pytest.mark.parametrize("script", [stuck, half])
async def test_a_client_that_goes_ends_its_exchange(script: Script) -> None:
    async with known(script) as (port, client):
        client.send(post(BODY))
        await until(lambda: port.seen.begun == 1)
        client.leave()
        await until(lambda: port.seen.cancelled == 1)
        await until(lambda: not port.edge._connections._open)
        assert port.edge.in_flight == 0


async def test_a_client_that_goes_before_its_body_has_come_makes_no_exchange() -> None:
    async with known() as (port, client):
        client.send(post(BODY)[:-1])
        await asyncio.sleep(0.02)
        client.leave()
        await until(lambda: not port.edge._connections._open)
        assert len(port.seen.asks) == 1


async def test_draining_lets_it_finish_and_serves_no_other() -> None:
    gate = Gate()
    async with known(gate) as (port, client):
        client.send(post(BODY))
        await until(lambda: port.seen.begun == 1)
        drained = asyncio.create_task(port.edge.drain(Seconds(WITHIN)))
        await until(lambda: port.edge._connections.draining)
        gate.open.set()
        answer = await client.answer()
        assert (answer.status, answer.fields["connection"]) == (200, "close")
        assert await client.closed()
        await drained


async def test_while_draining_a_known_head_is_refused_as_any() -> None:
    gate = Gate()
    async with known(gate) as (port, client):
        other = await port.call()
        other.send(post(BODY))
        await until(lambda: port.edge.in_flight == 1)
        drained = asyncio.create_task(port.edge.drain(Seconds(WITHIN)))
        await until(lambda: port.edge._connections.draining)
        data = post(BODY)
        client.send(data)
        answer = await client.answer()
        assert (answer.status, answer.code) == (503, "draining")
        gate.open.set()
        await drained


@pytest.mark.parametrize("soon", [0.02, WITHIN])
async def test_a_shutdown_waits_for_a_body_that_is_coming(
    soon: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortcut, "SOON", Seconds(soon))
    async with known() as (port, client):
        data = post(BODY)
        client.send(data[:-1])
        await until(lambda: port.edge.in_flight == 1)
        await asyncio.sleep(0.1)
        drained = asyncio.create_task(port.edge.drain(Seconds(WITHIN)))
        await until(lambda: port.edge._connections.draining)
        assert not drained.done()
        client.send(data[-1:])
        answer = await client.answer()
        assert (answer.status, answer.fields["connection"]) == (200, "close")
        await drained
        assert port.edge.in_flight == 0


async def test_a_body_that_does_not_come_in_time_for_a_shutdown_is_told() -> None:
    async with known() as (port, client):
        client.send(post(BODY)[:-1])
        await until(lambda: port.edge.in_flight == 1)
        await port.edge.drain(Seconds(0.05))
        answer = await client.answer()
        assert (answer.status, answer.code) == (503, "draining")
        assert await client.closed()
        assert port.edge.in_flight == 0


async def test_a_body_that_is_left_to_the_parser_while_draining_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shortcut, "SOON", Seconds(0.05))
    async with known() as (port, client):
        client.send(post(BODY)[:-1])
        await until(lambda: port.edge.in_flight == 1)
        await port.edge.drain(Seconds(WITHIN))
        answer = await client.answer()
        assert (answer.status, answer.code) == (503, "draining")


@pytest.mark.parametrize("script", [stuck, half])
async def test_what_outlives_the_drain_ends(script: Script) -> None:
    async with known(script) as (port, client):
        client.send(post(BODY))
        await until(lambda: port.seen.begun == 1)
        await port.edge.drain(Seconds(0.05))
        assert port.edge.in_flight == 0
        await until(lambda: port.seen.cancelled == 1)
        assert (await client.rest()).endswith(b"shutting down\r\n" if script is half else b"")


async def test_another_table_judges_a_known_head_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async with known() as (port, client):
        table = fleet(clients={}, hosts=("other",), listen=Address(), bodies=bodies(limit=10))
        monkeypatch.setattr(port.edge._desk, "_fleet", lambda: table)
        answer = await client.ask(post(BODY))
        assert (answer.status, answer.code) == (413, "body_too_large")
        assert port.seen.begun == 0


async def test_a_known_head_does_not_vouch_for_its_body() -> None:
    async with known(table=fleet(bodies=bodies(limit=1000))) as (port, client):
        answer = await client.ask(post(b"[1]"))
        assert (answer.status, answer.code) == (400, "bad_request")
        assert port.told.codes == ["bad_request"]
        assert (await client.ask(post(OTHER))).status == 200
        client.send(post(b"x" * 1001)[:200])
        answer = await client.answer()
        assert (answer.status, answer.code) == (413, "body_too_large")


async def bug(ask: Ask, body: Body, downstream: Downstream) -> None:
    raise KeyError("s3cret")


async def silent(ask: Ask, body: Body, downstream: Downstream) -> None:
    """End, and have said nothing."""


@pytest.mark.parametrize(("script", "name"), [(bug, "KeyError"), (silent, "Unanswered")])
async def test_a_bug_costs_one_answer(
    script: Script, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with known(script) as (port, client):
        answer = await client.ask(post(BODY))
        assert (answer.status, answer.fields["connection"]) == (500, "close")
        assert await client.closed()
        assert (await port.ask(post(BODY))).status == 500
    assert f"a bug: {name} at" in caplog.text
    assert "s3cret" not in caplog.text


async def test_a_bug_in_turning_away_costs_one_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(code: str) -> None:
        raise KeyError(code)

    async with known() as (port, client):
        monkeypatch.setattr(port.told, "turned_away", broken)
        assert (await client.ask(post(b"[1]"))).status == 500
        assert await client.closed()
        assert port.edge.in_flight == 0
    assert "a bug: KeyError at" in caplog.text


async def test_a_connection_that_is_lost_leaves_nothing_to_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        async with known() as (port, client):
            assert (await client.ask(post(BODY))).status == 200
            client.leave()
            await until(lambda: not port.edge._connections._open)
            await until(lambda: not any(isinstance(left, Connection) for left in gc.get_objects()))
    finally:
        gc.enable()


async def test_an_idle_time_begins_anew_with_each_request() -> None:
    async with known(pace=Pace(keepalive=Seconds(0.3))) as (port, client):
        for _ in range(4):
            await asyncio.sleep(0.15)
            assert (await client.ask(post(BODY))).status == 200
        assert port.seen.begun == 4
        assert await client.closed()


async def test_a_bug_before_the_exchange_costs_one_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(request: Request, done: object) -> None:
        raise KeyError(request.id)

    async with known() as (port, client):
        monkeypatch.setattr(port.edge._desk.exchanges, "make", broken)
        answer = await client.ask(post(BODY))
        assert (answer.status, answer.fields["connection"]) == (500, "close")
        assert await client.closed()
    assert "a bug: KeyError at" in caplog.text


async def test_a_long_answer_does_not_count_as_an_idle_time() -> None:
    gate = Gate()
    async with known(gate, pace=Pace(keepalive=Seconds(0.1))) as (port, client):
        client.send(post(BODY))
        await until(lambda: port.seen.begun == 1)
        await asyncio.sleep(0.3)
        gate.open.set()
        assert (await client.answer()).status == 200
        began = asyncio.get_running_loop().time()
        assert await client.closed()
        assert asyncio.get_running_loop().time() - began > 0.05


async def large(ask: Ask, body: Body, downstream: Downstream) -> None:
    downstream.begin(200, JSON, b"x" * 32 * 1024 * 1024, last=True)


async def test_no_further_answer_is_made_for_a_client_that_does_not_read() -> None:
    async with known(large, receive=128 * 1024) as (port, client):
        client.send(post(BODY))
        await until(lambda: port.seen.begun == 1)
        client.send(post(BODY))
        await asyncio.sleep(0.05)
        assert port.seen.begun == 1
        for _ in range(2):
            assert len((await client.answer()).body) == 32 * 1024 * 1024
        assert port.seen.begun == 2


async def test_a_client_that_never_reads_is_dropped() -> None:
    pace = Pace(flush=Seconds(0.05))
    async with known(large, pace=pace, receive=128 * 1024) as (port, client):
        client.send(post(BODY))
        await until(lambda: port.seen.begun == 1)
        await until(lambda: not port.edge._connections._open)
        assert port.edge.in_flight == 0


async def test_a_backends_close_ends_the_connection() -> None:
    async def closing(ask: Ask, body: Body, downstream: Downstream) -> None:
        downstream.begin(200, (*JSON, (b"connection", b"close")), b"{}", last=True)

    async with known(closing) as (port, client):
        answer = await client.ask(post(BODY))
        assert (answer.status, answer.fields["connection"]) == (200, "close")
        assert await client.closed()
        assert port.seen.begun == 1


async def test_a_cut_stream_ends_the_connection() -> None:
    async def cut(ask: Ask, body: Body, downstream: Downstream) -> None:
        downstream.begin(200, STREAM, b"data: 1\n\n", last=False)
        downstream.abort(b"data: error\n\n")

    async with known(cut) as (_, client):
        answer = await client.ask(post(BODY))
        assert not answer.whole
        assert answer.body == b"data: 1\n\ndata: error\n\n"
