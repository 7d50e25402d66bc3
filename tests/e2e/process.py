"""The real process: `python -m proxy serve`, its journal, its signals."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

PATIENCE = 10.0  # seconds; a start on a busy machine
ROOT = Path(__file__).parent.parent.parent


class Process:
    """A running Faultline and what it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, object]] = []
        self.errors = ""
        self._news = asyncio.Event()

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(json.loads(line))
            self._news.set()

    async def complain(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.errors += line.decode()

    async def until(self, event: str, count: int = 1) -> dict[str, object]:
        """Wait for the `count`-th line of an event."""
        return await self.until_line(lambda line: line.get("event") == event, count)

    async def until_line(
        self, wanted: Callable[[dict[str, object]], bool], count: int = 1
    ) -> dict[str, object]:
        async with asyncio.timeout(PATIENCE):
            while len(found := [line for line in self.lines if wanted(line)]) < count:
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def process(*arguments: str, **environment: str) -> AsyncIterator[Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "proxy",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | environment,
        cwd=ROOT,
    )
    running = Process(started)
    reading = asyncio.ensure_future(asyncio.gather(running.read(), running.complain()))
    try:
        yield running
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()
        await reading


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def post(url: str, body: object) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return answer.status, await answer.text()
