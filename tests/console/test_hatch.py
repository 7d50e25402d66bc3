"""The hatch hands out what the application would have said, and to the same people."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import uvloop

from proxy.console import hatch
from proxy.console.door import Door
from proxy.console.hatch import MOST_KNOWN, Good, Hatch
from proxy.model import Address, Secret
from tests.console.looking import Answer, Scene
from tests.report.records import fleet

LIMIT = 5.0
SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"


class Shelves:
    """A hatch with one shelf, which counts what is taken."""

    def __init__(self) -> None:
        self.table = fleet("openai")
        self.door = Door(self.table, Address(port=1), [1])
        self.accepted: list[str] = []
        self.led: list[bytes] = []
        self.good = Good(b"words", "text/plain")
        self.hatch = Hatch({"/metrics": self.take}, lambda: self.door, self.inside, lambda: 0.0)

    def take(self, accept: str) -> Good:
        self.accepted.append(accept)
        return self.good

    def inside(self) -> asyncio.Protocol:
        raise AssertionError


class Visitor:
    """One connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, request: bytes) -> Answer:
        self.writer.write(request)
        async with asyncio.timeout(LIMIT):
            head = await self.reader.readuntil(b"\r\n\r\n")
            answer = Answer(head)
            length = int(answer.headers.get("content-length", "0"))
            return Answer(head + await self.reader.readexactly(length))


@asynccontextmanager
async def visiting(scene: Scene) -> AsyncIterator[Visitor]:
    address = scene.console.addresses[0]
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        yield Visitor(reader, writer)
    finally:
        writer.close()


def request(path: str, *fields: str, method: str = "GET") -> bytes:
    lines = "".join(f"{field}\r\n" for field in ("Host: localhost", *fields))
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode()


@pytest.mark.parametrize("path", ["/", "/metrics"])
async def test_it_says_what_the_application_says(path: str) -> None:
    async with Scene().open() as scene, visiting(scene) as visitor:
        short = await visitor.ask(request(path))
        long = await scene.get(path, host="localhost")
        assert short.body == long.body
        theirs = {name: v for name, v in long.headers.items() if name not in {"connection", "date"}}
        assert {name: v for name, v in short.headers.items() if name != "date"} == theirs
        assert short.headers["date"].endswith("GMT")


async def test_who_stays_at_the_hatch_never_comes_inside() -> None:
    async with Scene().open() as scene, visiting(scene) as visitor:
        for _ in range(3):
            assert (await visitor.ask(SCRAPE)).status == 200
        assert scene.console._runner is not None
        assert scene.console._runner.server is not None
        assert scene.console._runner.server.connections == []


@pytest.mark.parametrize(
    ("later", "status"),
    [
        (request("/livez"), 200),
        (request("/static/live.js"), 200),
        (request("/nothing"), 404),
        (request("/metrics", method="POST"), 405),
        (request("/", "Host: twice"), 400),
        (request("/", "Host : spaced"), 400),
        (request("/", "Connection: close"), 200),
        (request("/", "Content-Length: 0"), 200),
        (request("/?a=b"), 200),
        (request("/", "Origin: https://evil.example"), 403),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", 200),
        (request("/", "X: " + "x" * 5000), 200),
    ],
)
async def test_who_wants_more_is_led_inside_on_the_same_connection(
    later: bytes, status: int
) -> None:
    async with Scene().open() as scene, visiting(scene) as visitor:
        assert (await visitor.ask(SCRAPE)).status == 200
        assert (await visitor.ask(later)).status == status


async def test_what_comes_in_pieces_or_together_is_answered_in_order() -> None:
    async with Scene().open() as scene:
        async with visiting(scene) as visitor:
            visitor.writer.write(SCRAPE[:20])
            await visitor.writer.drain()
            assert (await visitor.ask(SCRAPE[20:])).status == 200
            assert (await visitor.ask(SCRAPE)).status == 200
        async with visiting(scene) as visitor:
            assert "faultline_" in (await visitor.ask(SCRAPE + request("/livez"))).text
            assert (await visitor.ask(b"")).text == "ok\n"


async def test_what_is_remembered_is_judged_anew_under_a_new_table() -> None:
    wide = fleet(
        "openai",
        "azure",
        console=Address(host="0.0.0.0", port=0),
        clients={"a": Secret("one")},
    )
    shown = request("/metrics", "Authorization: Bearer one")
    async with Scene(fleet=wide).open() as scene:
        async with visiting(scene) as visitor:
            assert (await visitor.ask(shown)).status == 200
            scene.fleet = replace(wide, clients={"a": Secret("two")})
            assert (await visitor.ask(shown)).status == 401
        async with visiting(scene) as visitor:
            assert (await visitor.ask(shown)).status == 401
            assert (await visitor.ask(request("/", "Authorization: Bearer two"))).status == 200


def test_what_a_request_accepts_is_kept_apart() -> None:
    shelves = Shelves()
    for _ in range(2):
        assert shelves.hatch.answer(request("/metrics", "Accept: a")) is not None
        assert shelves.hatch.answer(request("/metrics", "accept:b")) is not None
    assert shelves.accepted == ["a", "b", "a", "b"]


def test_an_answer_is_packed_once_and_dated_when_it_is() -> None:
    shelves = Shelves()
    first = shelves.hatch.answer(SCRAPE)
    assert first is not None
    assert first is shelves.hatch.answer(SCRAPE)
    assert b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n" in first
    shelves.good = Good(b"other words", "text/plain")
    other = shelves.hatch.answer(SCRAPE)
    assert other is not None
    assert other.endswith(b"\r\n\r\nother words")


def test_not_everything_is_remembered() -> None:
    shelves = Shelves()
    for number in range(3 * MOST_KNOWN):
        assert shelves.hatch.answer(request("/metrics", f"Accept: {number}")) is not None
    assert len(shelves.hatch._known) <= MOST_KNOWN
    assert len(shelves.hatch._packed) <= MOST_KNOWN


async def test_who_says_nothing_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch, "IDLE", 0.05)
    async with Scene().open() as scene, visiting(scene) as visitor:
        async with asyncio.timeout(LIMIT):
            assert await visitor.reader.read() == b""
        assert scene.console._hatch is not None
        assert scene.console._hatch.callers == set()


async def test_who_waits_does_not_hold_up_the_end() -> None:
    scene = Scene()
    async with scene.open(), visiting(scene) as visitor:
        await visitor.ask(SCRAPE)
        await scene.console.close()
        async with asyncio.timeout(LIMIT):
            assert await visitor.reader.read() == b""


async def test_who_asks_and_never_reads_fills_no_memory() -> None:
    async with Scene().open() as scene, visiting(scene) as visitor:
        assert (await visitor.ask(SCRAPE)).status == 200
        visitor.writer.transport.pause_reading()  # type: ignore[attr-defined]
        assert scene.console._hatch is not None
        (caller,) = scene.console._hatch.callers
        async with asyncio.timeout(LIMIT):
            while caller._transport.is_reading():
                visitor.writer.write(SCRAPE)
                await asyncio.sleep(0)
        assert caller._transport.get_write_buffer_size() < 1 << 20
        visitor.writer.transport.resume_reading()  # type: ignore[attr-defined]
        async with asyncio.timeout(LIMIT):
            while not caller._transport.is_reading():
                await visitor.reader.read(1 << 16)


def test_it_works_on_uvloop() -> None:
    async def ask() -> None:
        async with Scene().open() as scene, visiting(scene) as visitor:
            assert (await visitor.ask(SCRAPE)).status == 200
            assert (await visitor.ask(request("/livez"))).text == "ok\n"
            assert (await visitor.ask(SCRAPE)).status == 200

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask())
