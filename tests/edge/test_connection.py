"""One client connection against raw bytes: what is malformed, slow, pipelined, or gone."""

import asyncio
import contextlib
import logging

import pytest

from proxy.edge.intake import Pace
from proxy.exchange import Downstream
from proxy.model import Ask, Body, Seconds
from tests.edge.port import JSON, STREAM, WITHIN, Port, Script, echo, get, opened, post, until

HOST = b"Host: localhost\r\n"
START = b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST
TYPE = b"Content-Type: application/json\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = b'{"model":"a"}'


def framed(*lines: bytes, body: bytes = b"") -> bytes:
    return START + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


CL, TE = b"Content-Length: 13", b"Transfer-Encoding: chunked"
ENDED = b"0\r\n\r\n"

MALFORMED: dict[str, bytes] = {
    "length and chunks": framed(CL, TE, body=ENDED),
    "chunks and length": framed(TE, CL, body=ENDED),
    "xchunked": framed(b"Transfer-Encoding: xchunked", body=ENDED),
    "a space before the colon": framed(b"Transfer-Encoding : chunked", body=ENDED),
    "a vertical tab": framed(b"Transfer-Encoding: \x0bchunked", body=ENDED),
    "chunked twice": framed(b"Transfer-Encoding: chunked, chunked", body=ENDED),
    "two codings": framed(TE, TE, body=ENDED),
    "identity and a length": framed(b"Transfer-Encoding: identity", CL, body=BODY),
    "gzip, chunked": framed(b"Transfer-Encoding: gzip, chunked", body=ENDED),
    "two equal lengths": framed(CL, CL, body=BODY),
    "two lengths": framed(CL, b"Content-Length: 5", body=BODY),
    "a list of lengths": framed(b"Content-Length: 13, 13", body=BODY),
    "a length with a plus": framed(b"Content-Length: +13", body=BODY),
    "a length with an underscore": framed(b"Content-Length: 1_3", body=BODY),
    "a negative length": framed(b"Content-Length: -1"),
    "a length that overflows": framed(b"Content-Length: 99999999999999999999999"),
    "a length in hexadecimal": framed(b"Content-Length: 0xd", body=BODY),
    "an empty length": framed(b"Content-Length:"),
    "length in disguise": framed(b"Content_Length: 13", body=b""),
    "coding in disguise": framed(b"Transfer_Encoding: chunked", body=b""),
    "a folded line": framed(b"X-A: a", b" b"),
    "a bare line feed": START.replace(b"\r\n", b"\n") + b"\n",
    "a bare carriage return": START + b"X-A: a\rX-B: b\r\n\r\n",
    "a NUL": framed(b"X-A: a\x00b"),
    "a control": framed(b"X-A: a\x01b"),
    "a space in a name": framed(b"X A: b"),
    "no colon": framed(b"nonsense"),
    "an empty name": framed(b": a"),
    "a chunk extension with a line feed": CHUNKED + b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "a chunk extension with a carriage return": CHUNKED + b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "a chunk that ends with a line feed": CHUNKED + b"5\nhello\n0\n\n",
    "a chunk size in C": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk size with a plus": CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
    "a negative chunk size": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "a chunk that spills": CHUNKED + b"3\r\nhello\r\n0\r\n\r\n",
    "a space before a chunk size": CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n",
    "a huge chunk": CHUNKED + b"fffffffffffffffff\r\nhello",
    "no host": b"GET /v1/models HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /v1/models HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "HTTP/1.2": b"GET /v1/models HTTP/1.2\r\n" + HOST + b"\r\n",
    "HTTP/2.0": b"GET /v1/models HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /v1/models\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method in lower case": b"get /v1/models HTTP/1.1\r\n" + HOST + b"\r\n",
    "CONNECT": b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "TRACE": b"TRACE /v1/models HTTP/1.1\r\n" + HOST + b"\r\n",
    "chunks in HTTP/1.0": b"POST /v1/chat/completions HTTP/1.0\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another host in the request line": b"GET http://evil.example/v1/models HTTP/1.1\r\n"
    + HOST
    + b"\r\n",
    "a host with a path": b"GET /v1/models HTTP/1.1\r\nHost: localhost/x?\r\n\r\n",
    "dots": b"GET /v1/../admin HTTP/1.1\r\n" + HOST + b"\r\n",
    "dots in disguise": b"GET /v1/%2e%2e/admin HTTP/1.1\r\n" + HOST + b"\r\n",
    "a slash in disguise": b"GET /v1/..%2fadmin HTTP/1.1\r\n" + HOST + b"\r\n",
    "a backslash": b"GET /v1/\\admin HTTP/1.1\r\n" + HOST + b"\r\n",
    "a NUL in the path": b"GET /v1/%00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "two slashes": b"GET //evil.example/v1/models HTTP/1.1\r\n" + HOST + b"\r\n",
    "a fragment": b"GET /v1/models#a HTTP/1.1\r\n" + HOST + b"\r\n",
    "a byte beyond ASCII": b"GET /v1/\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "a strange expectation": framed(b"Expect: x"),
    "a long line": b"GET /v1/" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a long field": framed(b"X-A: " + b"a" * 17_000),
    "long fields": framed(*[b"X-%d: " % n + b"a" * 8000 for n in range(5)]),
    "many fields": framed(*[b"X-%d: a" % n for n in range(130)]),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_is_malformed_is_refused_and_ends_the_connection(name: str) -> None:
    async with opened() as port:
        client = await port.call()
        client.send(MALFORMED[name])
        answer = await client.answer()
        assert answer.status in {400, 405, 413, 417, 421, 431, 505}
        assert answer.fields["connection"] == "close"
        assert answer.fields["content-type"] == "application/json"
        client.send(get())
        assert await client.closed()
        assert port.seen.asks == []
        assert len(port.told.codes) == 1


async def test_what_was_malformed_is_never_said_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened() as port:
        for line in (b"authorization : sk-canary", b"x: sk-canary\x00", b"sk-canary"):
            client = await port.call()
            client.send(framed(line))
            assert b"canary" not in await client.rest()
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    "pieces",
    [
        [CHUNKED, b"5\r\nhello\r\n", b"zz\r\n"],
        [CHUNKED + b"5\r\nhello\r\nzz\r\n"],
        [CHUNKED + b"5\r\nhel", b"lo" * 3],
    ],
)
async def test_a_body_that_breaks_on_its_way_is_refused(pieces: list[bytes]) -> None:
    """aiohttp leaves the reader of such a body waiting for ever."""
    async with opened() as port:
        client = await port.call()
        for piece in pieces:
            client.send(piece)
            await asyncio.sleep(0.01)
        assert (await client.answer()).status == 400
        await client.rest()
        assert port.seen.asks == []


# Slow clients.


async def test_a_head_that_dribbles_has_a_deadline() -> None:
    async with opened(pace=Pace(head=Seconds(0.15))) as port:
        client = await port.call()
        client.send(post())
        assert (await client.answer()).status == 200
        for byte in (b"P", b"O", b"S"):
            client.send(byte)
            await asyncio.sleep(0.02)
        answer = await client.answer()
        assert answer.status == 408
        assert await client.closed()


def once(going: asyncio.Event) -> Script:
    """Answer when it is time."""

    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        await going.wait()
        await echo(ask, body, downstream)

    return script


async def test_a_head_that_was_begun_behind_a_running_request_has_its_deadline_too() -> None:
    going = asyncio.Event()
    async with opened(once(going), pace=Pace(head=Seconds(0.15))) as port:
        client = await port.call()
        client.send(post())
        await until(lambda: port.edge.in_flight == 1)
        client.send(START)
        await asyncio.sleep(0.2)  # no deadline while the answer before it is due
        going.set()
        assert (await client.answer()).status == 200
        assert (await client.answer()).status == 408
        assert await client.closed()


async def test_a_head_that_was_begun_behind_a_running_request_may_end_in_time() -> None:
    going = asyncio.Event()
    async with opened(once(going), pace=Pace(head=Seconds(0.25))) as port:
        client = await port.call()
        client.send(post())
        await until(lambda: port.edge.in_flight == 1)
        client.send(START)
        await asyncio.sleep(0.02)
        going.set()
        assert (await client.answer()).status == 200
        client.send(CL + b"\r\n\r\n" + BODY)
        assert (await client.answer()).status == 200
        await asyncio.sleep(0.3)
        assert (await client.ask(post())).status == 200


async def test_the_deadline_of_a_head_counts_from_its_first_byte_and_ends_with_it() -> None:
    async with opened(pace=Pace(head=Seconds(0.25))) as port:
        client = await port.call()
        await asyncio.sleep(0.3)
        client.send(START)
        await asyncio.sleep(0.02)
        client.send(CL + b"\r\n\r\n" + BODY)
        assert (await client.answer()).status == 200
        await asyncio.sleep(0.3)
        assert (await client.ask(post())).status == 200


async def test_an_idle_connection_is_closed_after_a_while() -> None:
    async with opened(pace=Pace(keepalive=Seconds(0.1))) as port:
        client = await port.call()
        assert (await client.ask(post())).status == 200
        assert await client.closed()


async def test_an_idle_time_begins_anew_after_a_long_answer() -> None:
    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        await asyncio.sleep(0.15)
        downstream.begin(200, JSON, b"{}", last=True)

    async with opened(script, pace=Pace(keepalive=Seconds(0.1))) as port:
        client = await port.call()
        assert (await client.ask(post())).status == 200
        assert await client.closed()


class Flood:
    """Writes as long as there is room, and counts how often there was room again."""

    def __init__(self, chunks: int = 400) -> None:
        self.left = chunks
        self.rooms = 0
        self.full = False
        self.done = asyncio.Event()

    async def __call__(self, ask: Ask, body: Body, downstream: Downstream) -> None:
        downstream.begin(200, STREAM, b"", last=False)
        downstream.on_room(lambda: self.room(downstream))
        self.pour(downstream)
        await self.done.wait()
        downstream.end()

    def room(self, downstream: Downstream) -> None:
        self.rooms += 1
        self.pour(downstream)

    def pour(self, downstream: Downstream) -> None:
        while self.left:
            self.left -= 1
            if not downstream.write(b"x" * 65536):
                self.full = True
                return
        self.done.set()


async def test_a_slow_reader_holds_the_writer_back() -> None:
    flood = Flood()
    async with opened(flood) as port:
        client = await port.call(receive=128 * 1024)
        client.send(post())
        await until(lambda: flood.full)
        left = flood.left
        assert left > 100, "all that fits is what the kernel keeps"
        answer = await client.answer()
        assert answer.whole
        assert len(answer.body) == 400 * 65536
        assert flood.rooms > 0


class Large:
    """Answers at once with more than a kernel keeps."""

    def __init__(self, size: int = 32 * 1024 * 1024) -> None:
        self.size = size

    async def __call__(self, ask: Ask, body: Body, downstream: Downstream) -> None:
        downstream.begin(200, JSON, b"x" * self.size, last=True)


async def test_no_further_answer_is_made_for_a_client_that_does_not_read() -> None:
    async with opened(Large()) as port:
        client = await port.call(receive=128 * 1024)
        client.send(post() * 3)
        await until(lambda: len(port.seen.asks) == 1)
        await asyncio.sleep(0.05)
        assert len(port.seen.asks) == 1
        for _ in range(3):
            assert len((await client.answer()).body) == Large().size
        assert len(port.seen.asks) == 3


@pytest.mark.parametrize("ending", ["", "Connection: close"])
async def test_a_client_that_never_reads_is_dropped(ending: str) -> None:
    async with opened(Large(), pace=Pace(flush=Seconds(0.05))) as port:
        client = await port.call(receive=128 * 1024)
        client.send(post(BODY, *[ending][: bool(ending)]))
        await until(lambda: len(port.seen.asks) == 1)
        await until(lambda: not port.edge._connections._open)


async def test_a_client_that_reads_slowly_is_not_dropped() -> None:
    async with opened(Large(4 * 1024 * 1024), pace=Pace(flush=Seconds(0.5))) as port:
        client = await port.call(receive=128 * 1024)
        client.send(post())
        got = 0
        while got < 4 * 1024 * 1024:
            got += len(await asyncio.wait_for(client.reader.read(256 * 1024), WITHIN))
            await asyncio.sleep(0.01)


# Order.


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with opened() as port:
        client = await port.call()
        client.send(b"".join(post(b'{"model":"%d"}' % n) for n in range(1000)))
        for n in range(1000):
            assert (await client.answer()).json["model"] == str(n)


async def test_a_pipeline_is_not_read_far_ahead() -> None:
    wait = asyncio.Event()

    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        await wait.wait()
        downstream.begin(200, JSON, b"{}", last=True)

    async with opened(script) as port:
        client = await port.call()
        client.send(post() * 1000)
        await until(lambda: port.edge.in_flight == 1)
        await asyncio.sleep(0.05)
        (connection,) = port.edge._connections._open
        assert len(connection._messages) <= 32
        wait.set()
        for _ in range(1000):
            assert (await client.answer()).status == 200


async def test_one_task_serves_a_connection() -> None:
    async with opened() as port:
        client = await port.call()
        before = len(asyncio.all_tasks())
        for _ in range(5):
            await client.ask(post())
        assert len(asyncio.all_tasks()) == before


# Clients that go.


async def stuck(ask: Ask, body: Body, downstream: Downstream) -> None:
    await asyncio.Event().wait()


async def streaming(ask: Ask, body: Body, downstream: Downstream) -> None:
    downstream.begin(200, STREAM, b"data: 1\n\n", last=False)
    await asyncio.Event().wait()


def close(port: Port) -> None:
    port.clients[0].leave()


def reset(port: Port) -> None:
    port.clients[0].writer.transport.abort()


def half_close(port: Port) -> None:
    port.clients[0].writer.write_eof()


@pytest.mark.parametrize("leave", [close, reset, half_close])
@pytest.mark.parametrize("script", [stuck, streaming])
async def test_a_client_that_goes_cancels_its_exchange(
    leave: object, script: object, caplog: pytest.LogCaptureFixture
) -> None:
    """A half-closed connection counts as gone."""
    assert callable(leave)
    async with opened(script) as port:  # type: ignore[arg-type]
        client = await port.call()
        client.send(post())
        await until(lambda: port.edge.in_flight == 1)
        if script is streaming:
            await client.reader.readuntil(b"data: 1")
        gone = asyncio.get_running_loop().time()
        leave(port)
        await until(lambda: port.seen.cancelled == 1)
        assert asyncio.get_running_loop().time() - gone < 0.5, "mostly 1 ms"
        await until(lambda: not port.edge._connections._open)
        assert port.edge.in_flight == 0
    assert not caplog.records


async def test_a_client_that_goes_before_its_body_has_come_makes_no_exchange() -> None:
    async with opened() as port:
        client = await port.call()
        client.send(framed(b"Content-Length: 10", body=b"hello"))
        await until(lambda: port.edge.in_flight == 1)
        client.leave()
        await until(lambda: port.edge.in_flight == 0)
        assert port.seen.asks == []


async def test_many_clients_that_go_leave_nothing_behind() -> None:
    async with opened(streaming) as port:
        tasks = len(asyncio.all_tasks())
        for _ in range(30):
            client = await port.call()
            client.send(post())
        await until(lambda: port.edge.in_flight == 30)
        for client in port.clients:
            client.writer.transport.abort()
        await until(lambda: port.seen.cancelled == 30)
        await until(lambda: len(asyncio.all_tasks()) <= tasks)
        assert not port.edge._connections._open


async def test_a_refused_body_is_read_for_a_while_so_that_the_client_can_see_why() -> None:
    async with opened(pace=Pace(linger=Seconds(0.2))) as port:
        client = await port.call()
        client.send(framed(b"Content-Length: 999999999"))
        for _ in range(20):
            client.send(b"x" * 65536)
            await asyncio.sleep(0)
        answer = await client.answer()
        assert answer.status == 413
        assert answer.fields["connection"] == "close"
        with contextlib.suppress(ConnectionError):
            await client.rest()
        await until(lambda: not port.edge._connections._open)
