"""What has changed is told within a second, to those who listen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest

from proxy.console import live
from proxy.console.server import Console
from proxy.model import Drill, Seconds
from proxy.policy.standing import Row
from tests.console.looking import Scene
from tests.report.records import row

LIMIT = 5.0


class Listener:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader

    async def event(self) -> dict[str, object]:
        """Return the next event's data."""
        async with asyncio.timeout(LIMIT):
            text = await self.reader.readuntil(b"\n\n")
        data = next(line for line in text.split(b"\n") if line.startswith(b"data: "))
        return msgspec.json.decode(data[6:], type=dict[str, object])


@asynccontextmanager
async def listening(scene: Scene) -> AsyncIterator[Listener]:
    address = scene.console.addresses[0]
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(f"GET /api/events HTTP/1.1\r\nhost: {address}\r\n\r\n".encode())
    async with asyncio.timeout(LIMIT):
        head = await reader.readuntil(b"\r\n\r\n")
    assert b"200 OK" in head
    assert b"text/event-stream" in head
    try:
        yield Listener(reader)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_the_state_is_told_at_once_and_with_every_change() -> None:
    async with Scene().open() as scene, listening(scene) as listener:
        first = await listener.event()
        assert first["tone"] == "good"
        assert first["sentence"] == "All is well. No request has come in the last 15 minutes."
        scene.break_down()
        began = asyncio.get_running_loop().time()
        told = await listener.event()
        assert asyncio.get_running_loop().time() - began < 1.0
        assert told["tone"] == "mid"
        assert told["incidents"] == [{"id": "inc-1", "stage": "identified", "impact": "minor"}]


async def test_without_a_change_the_line_still_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY", 0.02)
    async with Scene().open() as scene, listening(scene) as listener:
        assert await listener.event() == await listener.event()


async def test_answers_are_no_change_by_themselves() -> None:
    scene = Scene()
    before = live._state(scene.look())
    scene.serve(10)
    assert live._state(scene.look()) == before
    scene.break_down()
    assert live._state(scene.look()) != before


async def test_a_drill_is_a_change_before_it_harms_anybody() -> None:
    scene = Scene()
    before = live._state(scene.look())
    scene.drills.begin("openai", Drill.RESET, Seconds(30.0), by="")
    assert live._state(scene.look()) != before


async def test_who_listens_does_not_hold_up_the_end() -> None:
    scene = Scene()
    async with scene.open(), listening(scene) as listener:
        await listener.event()
        began = asyncio.get_running_loop().time()
        await scene.console.close()
        assert asyncio.get_running_loop().time() - began < 0.9
        async with asyncio.timeout(LIMIT):
            await listener.reader.read()


async def test_there_is_an_end_to_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_LISTENERS", 1)
    async with Scene().open() as scene, listening(scene):
        assert (await scene.get("/api/events")).status == 503


async def test_a_listener_that_left_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_LISTENERS", 1)
    monkeypatch.setattr(live, "EVERY", 0.02)
    async with Scene().open() as scene:
        async with listening(scene) as listener:
            await listener.event()
        async with asyncio.timeout(LIMIT):
            while (await scene.head("/api/events")) == 503:  # noqa: ASYNC110 - bounded
                await asyncio.sleep(0.02)


async def test_all_who_listen_are_told_the_same_by_one_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "EVERY", 0.05)
    async with Scene().open() as scene, listening(scene) as one, listening(scene) as other:
        assert await one.event() == await other.event()
        scene.break_down()
        assert (await one.event())["tone"] == (await other.event())["tone"] == "mid"


async def test_while_nobody_listens_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def view() -> list[Row]:
        nonlocal looks
        looks += 1
        return [row("openai"), row("azure")]

    monkeypatch.setattr(live, "EVERY", 0.01)
    scene = Scene()
    scene.sources = replace(scene.sources, view=view)
    scene.console = Console(scene.sources)
    async with scene.open():
        for _ in range(2):  # once more after all have gone
            async with listening(scene) as listener:
                await listener.event()
                scene.break_down()
                assert (await listener.event())["tone"] == "mid"
            async with asyncio.timeout(LIMIT):
                before = 0
                while looks != before:
                    before = looks
                    await asyncio.sleep(0.05)
            scene.recover()


async def test_a_page_that_is_asked_for_upon_a_change_shows_it() -> None:
    async with Scene().open() as scene, listening(scene) as listener:
        await listener.event()
        assert "openai: the network edge" not in (await scene.get("/")).text
        scene.break_down()
        await listener.event()
        assert "openai: the network edge" in (await scene.get("/")).text


async def test_who_begins_to_listen_finds_the_page_as_new_as_the_first_event() -> None:
    async with Scene().open() as scene:
        assert "openai: the network edge" not in (await scene.get("/")).text
        scene.break_down()
        async with listening(scene) as listener:
            await listener.event()
            assert "openai: the network edge" in (await scene.get("/")).text
