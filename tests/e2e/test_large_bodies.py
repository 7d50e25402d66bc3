"""Large bodies reach the spare byte for byte, and memory stays flat."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from proxy import sim
from tests.e2e.process import process

HEAD = b'{"model": "m", "messages": [{"role": "user", "content": "'
BLOCK = b"0123456789abcdef" * 65536
TAIL = b'"}]}'
MIB = 1024 * 1024
MOST_GROWTH = 4 * MIB
TABLE = """\
version: 1
listen: "127.0.0.1:0"
console: none
backends:
  p: {{provider: openai-compatible, url: "{p}/v1", key: none}}
  s: {{provider: openai-compatible, url: "{s}/v1", key: none}}
routes:
  - name: all
    tiers: [[p, s]]
"""


async def body(megabytes: int) -> AsyncIterator[bytes]:
    yield HEAD
    for _ in range(megabytes):
        yield BLOCK
    yield TAIL


def digest(megabytes: int) -> str:
    seen = hashlib.sha256(HEAD)
    for _ in range(megabytes):
        seen.update(BLOCK)
    seen.update(TAIL)
    return seen.hexdigest()


def rss(pid: int) -> int:
    """Bytes of a process's memory that are resident now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


async def upload(url: str, megabytes: int) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{url}/v1/chat/completions",
            data=body(megabytes),
            headers={"content-type": "application/json"},
        ) as answer,
    ):
        return answer.status


async def watch(pid: int, peak: list[int]) -> None:
    while True:
        peak.append(rss(pid))
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("megabytes", [20, 100])
async def test_a_large_body_reaches_the_spare_in_flat_memory(
    tmp_path: Path, megabytes: int
) -> None:
    async with sim.Provider("p") as p, sim.Provider("s") as s:
        (table := tmp_path / "faultline.yaml").write_text(TABLE.format(p=p.url, s=s.url))
        async with process("serve", "--config", str(table)) as running:
            url = str((await running.until("started"))["url"])
            pid = running.process.pid
            p.plan(sim.status(503))
            assert await upload(url, 8) == 200  # what the first large body needs, once
            p.forget()
            s.forget()
            baseline, seen = rss(pid), list[int]()
            watching = asyncio.ensure_future(watch(pid, seen))
            assert await upload(url, megabytes) == 200
            watching.cancel()
            assert [a.sha256 for a in (*p.attempts, *s.attempts)] == [digest(megabytes)] * 2
            assert max(seen) - baseline <= MOST_GROWTH


async def test_a_body_that_is_kept_nowhere_and_turns_out_too_large_is_a_413(tmp_path: Path) -> None:
    async with sim.Provider("p") as p, sim.Provider("s") as s:
        (table := tmp_path / "faultline.yaml").write_text(
            TABLE.format(p=p.url, s=s.url) + "bodies: {limit: 2MiB, memory: 64KiB, spool: none}\n"
        )
        async with process("serve", "--config", str(table)) as running:
            url = str((await running.until("started"))["url"])
            assert await upload(url, 1) == 200
            assert await upload(url, 4) == 413
            told = await running.until_line(lambda line: line.get("status") == 413)
            assert told["result"] == "client_error"
            assert len(s.attempts) == 0
