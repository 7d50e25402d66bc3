"""Exchanges are told as they end, to those who follow them and keep pace."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from proxy.console import exchanges
from proxy.report import tap
from tests.console.looking import Scene
from tests.report.records import CANARY, REFUSED, WHOLE

LIMIT = 5.0


class Follower:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def piece(self) -> bytes:
        """Return the next chunk."""
        async with asyncio.timeout(LIMIT):
            size = int(await self.reader.readline(), 16)
            return (await self.reader.readexactly(size + 2))[:-2]

    async def lines(self, number: int) -> list[dict[str, Any]]:
        """Return so many lines that say something."""
        found: list[dict[str, Any]] = []
        while len(found) < number:
            found += [json.loads(line) for line in (await self.piece()).splitlines() if line]
        assert len(found) == number
        return found


@asynccontextmanager
async def following(scene: Scene) -> AsyncIterator[Follower]:
    address = scene.console.addresses[0]
    reader, writer = await asyncio.open_connection(address.host, address.port, limit=1 << 22)
    writer.write(f"GET /api/exchanges HTTP/1.1\r\nhost: {address}\r\n\r\n".encode())
    async with asyncio.timeout(LIMIT):
        head = await reader.readuntil(b"\r\n\r\n")
    assert b"200 OK" in head
    assert b"application/x-ndjson" in head
    follower = Follower(reader, writer)
    assert await follower.piece() == b"\n"
    try:
        yield follower
    finally:
        writer.close()
        await writer.wait_closed()


async def test_an_exchange_is_told_in_the_journals_own_line() -> None:
    async with Scene().open() as scene, following(scene) as one, following(scene) as other:
        scene.report.ended(WHOLE)
        scene.report.ended(REFUSED)
        told = await one.lines(2)
        assert [line["id"] for line in await other.lines(2)] == [WHOLE.id, REFUSED.id]
        assert [line["result"] for line in told] == ["whole", "refused"]
        assert told[0]["event"] == "exchange"
        assert told[0]["id"] == WHOLE.id
        scene.report.ended(replace(WHOLE, id="later"))
        assert [line["id"] for line in await one.lines(1)] == ["later"]


async def test_silence_shows_that_the_line_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "BEAT", 0.02)
    async with Scene().open() as scene, following(scene) as follower:
        assert await follower.piece() == b"\n"


async def test_what_a_slow_listener_misses_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "MOST_WAITING", 100)
    async with Scene().open() as scene, following(scene) as follower:
        for _ in range(107):  # in one go: the listener has no turn between
            scene.report.ended(WHOLE)
        lines = await follower.lines(101)
        assert [line["event"] for line in lines[-2:]] == ["exchange", "lines_dropped"]
        assert lines[-1]["count"] == 7


async def test_who_takes_nothing_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "GATHER", 0.0)
    record = replace(WHOLE, path="/v1/" + "x" * 1000)
    async with Scene().open() as scene, following(scene) as stuck, following(scene) as follower:
        stuck.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(200):
            for _ in range(100):
                scene.report.ended(record)
            assert len(await follower.lines(100)) == 100
        stuck.writer.transport.resume_reading()  # type: ignore[attr-defined]
        told, missed = 0, 0
        while told + missed < 20_000:
            for line in (await stuck.piece()).splitlines():
                said: dict[str, Any] = json.loads(line) if line else {"event": ""}
                told += said["event"] == "exchange"
                missed += said["count"] if said["event"] == "lines_dropped" else 0
        assert missed > 0
        assert told + missed == 20_000


async def test_nobody_pays_after_the_last_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "MOST_LISTENERS", 1)
    monkeypatch.setattr(exchanges, "BEAT", 0.02)
    async with Scene().open() as scene:
        before = scene.report._listeners
        async with following(scene):
            assert (await scene.get("/api/exchanges")).status == 503
            assert len(scene.report._listeners) == len(before) + 1
        async with asyncio.timeout(LIMIT):
            while scene.report._listeners != before:  # noqa: ASYNC110 - bounded
                await asyncio.sleep(0.02)
        async with following(scene) as follower:
            scene.report.ended(WHOLE)
            assert await follower.lines(1)


async def test_who_follows_does_not_hold_up_the_end() -> None:
    scene = Scene()
    async with scene.open(), following(scene) as follower:
        began = asyncio.get_running_loop().time()
        await scene.console.close()
        assert asyncio.get_running_loop().time() - began < 0.9
        async with asyncio.timeout(LIMIT):
            await follower.reader.read()


async def test_no_secret_is_told() -> None:
    async with Scene().open() as scene, following(scene) as follower:
        scene.report.ended(WHOLE)
        assert CANARY not in json.dumps(await follower.lines(1))
