"""The loop whose clock leaps: what waits, waits as long as it says, and nothing else does."""

import asyncio
import threading
import time

import pytest

from tests.scenarios.pace import SKIPPING, Skipping


def run(coroutine: object) -> float:
    """Run it at the skipping pace; return the real seconds that it took."""
    began = time.monotonic()
    with asyncio.Runner(loop_factory=SKIPPING.loop) as runner:
        runner.run(coroutine)  # type: ignore[arg-type]
    return time.monotonic() - began


async def clock() -> float:
    return asyncio.get_running_loop().time()


def test_a_minute_passes_in_a_moment() -> None:
    async def wait() -> None:
        began = await clock()
        await asyncio.sleep(60)
        assert 60 <= await clock() - began <= 60.2

    assert run(wait()) <= 10


def test_timers_ring_in_their_order_and_at_their_time() -> None:
    async def wait() -> None:
        began = await clock()
        rung: list[float] = []
        loop = asyncio.get_running_loop()
        for after in (5.0, 0.5, 2.0, 0.01):
            loop.call_later(after, lambda: rung.append(loop.time() - began))
        await asyncio.sleep(6)
        assert [round(at, 1) for at in rung] == [0.0, 0.5, 2.0, 5.0]

    run(wait())


def test_a_limit_is_a_limit() -> None:
    async def wait() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()

    run(wait())


def test_sockets_are_faster_than_any_timer() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(10))
        writer.close()

    async def talk() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        began = await clock()
        for _ in range(50):
            async with asyncio.timeout(1.0):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"hi")
                assert await reader.read() == b"hi"
                writer.close()
        assert await clock() - began <= 1.0
        server.close()

    run(talk())


def test_a_threads_work_takes_its_time() -> None:
    async def work() -> None:
        began = await clock()
        async with asyncio.timeout(1.0):
            await asyncio.to_thread(time.sleep, 0.1)
        assert 0.09 <= await clock() - began <= 0.5

    run(work())


def test_what_is_held_is_late() -> None:
    async def hold() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Skipping)
        rung: list[float] = []
        due = loop.time() + 0.1
        loop.call_at(due, lambda: rung.append(loop.time() - due))
        loop.wait(5.0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert rung[0] >= 4.9

    run(hold())


def test_another_thread_can_wake_it() -> None:
    async def wait() -> None:
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        threading.Timer(0.05, lambda: loop.call_soon_threadsafe(woken.set)).start()
        await woken.wait()

    assert run(wait()) <= 5
