"""I-14: whatever providers and clients do, the memory of the real process has a bound."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from proxy import sim
from proxy.sim import Behaviour
from tests.e2e.process import process
from tests.scenarios.clients import request
from tests.scenarios.test_mid_stream import long_line

MIB = 1024 * 1024
TABLE = """\
version: 1
listen: "127.0.0.1:0"
console: none
backends:
  p: {{provider: openai-compatible, url: "{p}/v1", key: none}}
routes:
  - {{name: all, tiers: [[p]]}}
"""
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
PER_READER = 0.6 * MIB
"""What one client that does not read may cost (C14)."""
HELD = 9 * MIB
"""What is held of an answer at most, and a little more (README, "How it decides")."""


def rss(pid: int) -> int:
    """Bytes of a process's memory that are resident now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


@asynccontextmanager
async def watched(pid: int) -> AsyncIterator[list[int]]:
    """Sample the growth of a process's memory, twenty times a second."""
    before, found = rss(pid), list[int]()

    async def look() -> None:
        while True:
            found.append(rss(pid) - before)
            await asyncio.sleep(0.05)

    looking = asyncio.ensure_future(look())
    try:
        yield found
    finally:
        looking.cancel()


@asynccontextmanager
async def asking(port: int) -> AsyncIterator[asyncio.StreamReader]:
    """Ask for a stream on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=64 * 1024)
    try:
        writer.write(request(CHAT, headers={"connection": "close"}))
        yield reader
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def served(tmp_path: Path, behaviour: Behaviour) -> AsyncIterator[tuple[int, int]]:
    """Have a warm process in front of a provider; yield its port and its id."""
    async with sim.Provider("p") as p:
        (table := tmp_path / "faultline.yaml").write_text(TABLE.format(p=p.url))
        async with process("serve", "--config", str(table)) as running:
            url = str((await running.until("started"))["url"])
            port = int(url.rsplit(":", 1)[1])
            for _ in range(10):
                async with asking(port) as answer:
                    await answer.readuntil(b"[DONE]")
            p.plan(behaviour)
            yield port, running.process.pid


@pytest.mark.timeout(300)
@pytest.mark.parametrize("readers", [20, pytest.param(1000, marks=pytest.mark.slow)])
async def test_I14_C14_clients_that_do_not_read_cost_little(tmp_path: Path, readers: int) -> None:
    async with (
        served(tmp_path, sim.flood(64 * MIB)) as (port, pid),
        watched(pid) as growth,
        asyncio.timeout(20 + readers / 5),
        AsyncExitStack() as stack,
    ):
        for _ in range(readers):
            answer = await stack.enter_async_context(asking(port))
            await answer.readexactly(1)
        await asyncio.sleep(1)  # the floods would go on
    assert max(growth) <= readers * PER_READER


@pytest.mark.parametrize(
    "behaviour", [long_line(64 * MIB), sim.gzip_bomb(), sim.flood(64 * MIB)], ids=str
)
async def test_I14_B20_C8_what_a_provider_sends_is_never_kept_whole(
    tmp_path: Path, behaviour: Behaviour
) -> None:
    async with (
        served(tmp_path, behaviour) as (port, pid),
        watched(pid) as growth,
        asyncio.timeout(30),
        asking(port) as answer,
    ):
        with suppress(ConnectionError):
            while await answer.read(MIB):
                pass
    assert max(growth) <= 2 * HELD
