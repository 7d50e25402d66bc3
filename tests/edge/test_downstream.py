"""The one answer to one request, as its bytes arrive."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from proxy.exchange import Downstream
from proxy.model import Ask, Body, Headers
from tests.edge.port import JSON, STREAM, get, opened, post, until

Act = Callable[[Downstream], None]


def doing(act: Act) -> Callable[[Ask, Body, Downstream], Coroutine[None, None, None]]:
    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        act(downstream)

    return script


def whole(downstream: Downstream) -> None:
    downstream.begin(200, JSON, b'{"a":1}', last=True)


def empty(downstream: Downstream) -> None:
    downstream.begin(200, JSON, b"", last=True)


def streamed(downstream: Downstream) -> None:
    downstream.begin(200, STREAM, b"data: 1\n\n", last=False)
    downstream.write(b"")
    downstream.write(b"data: 2\n\n")
    downstream.end()


def silent_start(downstream: Downstream) -> None:
    downstream.begin(200, STREAM, b"", last=False)
    downstream.write(b"data: 1\n\n")
    downstream.end()


def counted(downstream: Downstream) -> None:
    downstream.begin(200, (*JSON, (b"content-length", b"6")), b"abc", last=False)
    downstream.write(b"def")
    downstream.end()


def too_long(downstream: Downstream) -> None:
    downstream.begin(200, (*JSON, (b"content-length", b"6")), b"abc", last=False)
    downstream.write(b"defHTTP/1.1 200 OK\r\n")
    downstream.write(b"more")
    downstream.end()


ENDED: list[tuple[Act, bytes]] = [
    (whole, b'{"a":1}'),
    (empty, b""),
    (streamed, b"data: 1\n\ndata: 2\n\n"),
    (silent_start, b"data: 1\n\n"),
    (counted, b"abcdef"),
    (too_long, b"abcdef"),
]


@pytest.mark.parametrize(("act", "body"), ENDED)
async def test_a_connection_goes_on_after_each_kind_of_answer(act: Act, body: bytes) -> None:
    async with opened(doing(act)) as port:
        client = await port.call()
        for _ in range(3):
            answer = await client.ask(post())
            assert (answer.status, answer.body, answer.whole) == (200, body, True)
            assert "connection" not in answer.fields
        assert client.reader._buffer == b""  # type: ignore[attr-defined]


async def test_head_and_body_go_out_in_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[bytes] = []

    def script(downstream: Downstream) -> None:
        transport = downstream._connection.transport  # type: ignore[attr-defined]
        downstream._connection.transport = Recorder(transport)  # type: ignore[attr-defined]
        whole(downstream)
        downstream._connection.transport = transport  # type: ignore[attr-defined]

    class Recorder:
        def __init__(self, transport: asyncio.Transport) -> None:
            self.transport = transport

        def is_closing(self) -> bool:
            return False

        def write(self, data: bytes) -> None:
            writes.append(data)
            self.transport.write(data)

    async with opened(doing(script)) as port:
        await port.ask(post())
    assert len(writes) == 1


async def test_nothing_is_added_to_an_answer() -> None:
    """Neither `Date` nor `Server`: what a backend says stands as it came."""
    async with opened(doing(whole)) as port:
        answer = await port.ask(post())
        assert answer.fields == {"content-type": "application/json", "content-length": "7"}


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_has_none(status: int) -> None:
    def act(downstream: Downstream) -> None:
        downstream.begin(status, JSON, b"never", last=True)

    async with opened(doing(act)) as port:
        client = await port.call()
        for _ in range(2):
            assert (await client.ask(post())).status == status


async def test_head_is_answered_without_a_body_whatever_is_written() -> None:
    async with opened(doing(streamed)) as port:
        client = await port.call()
        for _ in range(2):
            client.send(get("/v1/files").replace(b"GET", b"HEAD", 1))
            answer = await client.answer(head_only=True)
            assert answer.status == 200
            assert "content-length" not in answer.fields


# HTTP/1.0.


def old(data: bytes) -> bytes:
    return data.replace(b"HTTP/1.1", b"HTTP/1.0", 1)


@pytest.mark.parametrize(("act", "body"), [(whole, b'{"a":1}'), (streamed, ENDED[2][1])])
async def test_an_old_client_gets_no_chunks_and_a_close(act: Act, body: bytes) -> None:
    async with opened(doing(act)) as port:
        client = await port.call()
        answer = await client.ask(old(post()))
        assert answer.body == body
        assert "transfer-encoding" not in answer.fields
        assert answer.fields["connection"] == "close"
        assert await client.closed()


# Cut.


def cut(downstream: Downstream) -> None:
    downstream.begin(200, STREAM, b"data: 1\n\n", last=False)
    downstream.abort(b"data: error\n\n")
    downstream.abort(b"again")
    assert downstream.write(b"late") is False
    downstream.end()


def cut_short(downstream: Downstream) -> None:
    downstream.begin(200, (*JSON, (b"content-length", b"9")), b"abc", last=False)
    downstream.abort(b"errors")


def ended_short(downstream: Downstream) -> None:
    downstream.begin(200, (*JSON, (b"content-length", b"9")), b"abc", last=False)
    downstream.end()


@pytest.mark.parametrize(
    ("act", "body"),
    [(cut, b"data: 1\n\ndata: error\n\n"), (cut_short, b"abc"), (ended_short, b"abc")],
)
async def test_a_cut_answer_never_looks_whole(act: Act, body: bytes) -> None:
    async with opened(doing(act)) as port:
        client = await port.call()
        answer = await client.ask(post() + post())
        assert not answer.whole
        assert answer.body == body
        assert await client.closed()


async def test_where_framing_cannot_tell_a_reset_does() -> None:
    async with opened(doing(cut)) as port:
        client = await port.call()
        client.send(old(post()))
        await until(lambda: not port.edge._connections._open)
        with pytest.raises(ConnectionResetError):
            await client.reader.read()


async def test_nothing_before_the_head_is_a_close() -> None:
    async with opened(doing(lambda downstream: downstream.abort())) as port:
        client = await port.call()
        client.send(post())
        assert await client.closed()


async def test_a_stalled_client_is_cut_at_once() -> None:
    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        downstream.begin(200, STREAM, b"", last=False)
        while downstream.write(b"x" * 65536):
            pass
        downstream.abort(b"error")

    async with opened(script) as port:
        client = await port.call(receive=4096)
        client.send(post())
        await until(lambda: len(port.seen.asks) == 1)
        await until(lambda: not port.edge._connections._open)


async def test_writing_to_a_client_that_is_gone_says_no_and_never_raises() -> None:
    said: list[bool] = []

    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        downstream.begin(200, STREAM, b"data: 1\n\n", last=False)
        try:
            await asyncio.Event().wait()
        finally:
            said.extend(downstream.write(b"x" * 1000) for _ in range(20))
            downstream.end()
            downstream.abort()

    async with opened(script) as port:
        client = await port.call()
        client.send(post())
        await client.reader.readuntil(b"data: 1")
        client.writer.transport.abort()
        await until(lambda: port.seen.cancelled == 1)
    assert said == [False] * 20


# What the request's connection allows.


@pytest.mark.parametrize(
    ("fields", "closes"),
    [([], False), (["Connection: close"], True), (["Connection: keep-alive"], False)],
)
async def test_the_client_decides_whether_to_go_on(fields: list[str], closes: bool) -> None:
    async with opened(doing(whole)) as port:
        client = await port.call()
        answer = await client.ask(post(b"{}", *fields))
        assert ("connection" in answer.fields) is closes
        if closes:
            assert await client.closed()


async def test_an_exchange_may_end_the_connection() -> None:
    headers: Headers = (*JSON, (b"connection", b"close"))

    def act(downstream: Downstream) -> None:
        downstream.begin(503, headers, b"{}", last=True)

    async with opened(doing(act)) as port:
        client = await port.call()
        assert (await client.ask(post())).fields["connection"] == "close"
        assert await client.closed()


@pytest.mark.parametrize("upgrade", ["h2c", "foo", "tcp"])
async def test_an_upgrade_is_declined_and_ends_the_connection(upgrade: str) -> None:
    """The parser stays in doubt about what follows an upgrade that nobody took."""
    async with opened() as port:
        client = await port.call()
        body = b'{"model":"a"}'
        data = post(body, "Connection: Upgrade, HTTP2-Settings", f"Upgrade: {upgrade}")
        client.send(data[:-5])
        await asyncio.sleep(0.01)
        client.send(data[-5:], post())
        answer = await client.answer()
        assert (answer.status, answer.json["size"]) == (200, len(body))
        assert answer.fields["connection"] == "close"
        assert await client.closed()
        assert len(port.seen.asks) == 1
