"""Start, reload, drain, end: the life of the process."""

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from proxy import sim
from tests.e2e.process import get, post, process

TABLE = """\
version: 1
listen: "127.0.0.1:0"
console: "127.0.0.1:0"
backends:
  p: {{provider: openai-compatible, url: "{url}/v1", key: none}}
routes:
  - name: {name}
    tiers: [p]
drain: {drain}
"""
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def write(path: Path, provider: sim.Provider, name: str = "all", drain: str = "5s") -> None:
    path.write_text(TABLE.format(url=provider.url, name=name, drain=drain))


async def rest(answer: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    """Return the rest of an answer, and whether it ended as a whole one."""
    said = b""
    try:
        while chunk := await answer.content.readany():
            said += chunk
    except aiohttp.ClientPayloadError:
        return said, False
    return said, True


async def test_it_serves_and_tells_and_drains_on_sigterm(tmp_path: Path) -> None:
    async with sim.Provider("p") as p:
        write(table := tmp_path / "faultline.yaml", p)
        async with process("serve", "--config", str(table)) as running:
            started = await running.until("started")
            status, text = await post(f"{started['url']}/v1/chat/completions", CHAT)
            assert status == 200
            assert "chat.completion" in text
            line = await running.until_line(lambda line: line.get("route") == "all")
            assert line["backend"] == "p"
            assert (await get(f"{started['console']}/readyz"))[0] == 200
            running.signal(signal.SIGTERM)
            await running.until("stopped")
            assert await running.ended() == 0


async def test_a_running_stream_is_finished_before_the_end(tmp_path: Path) -> None:
    async with sim.Provider("p", tokens=10) as p:
        p.plan(sim.ok(first=0.1, every=0.1))
        write(table := tmp_path / "faultline.yaml", p)
        async with process("serve", "--config", str(table)) as running:
            url = f"{(await running.until('started'))['url']}/v1/chat/completions"
            streaming = asyncio.ensure_future(post(url, CHAT | {"stream": True}))
            await p.until(lambda: p.in_flight == 1)
            running.signal(signal.SIGTERM)
            await running.until("draining")
            with pytest.raises(aiohttp.ClientConnectionError):
                await post(url, CHAT)
            status, text = await streaming
            assert status == 200
            assert "[DONE]" in text
            assert await running.ended() == 0


@pytest.mark.parametrize("signals", [1, 2])
async def test_a_stream_that_outlasts_the_drain_is_cut_so_that_it_shows(
    tmp_path: Path, signals: int
) -> None:
    async with sim.Provider("p", tokens=10) as p:
        p.plan(sim.stall_after(3))
        write(table := tmp_path / "faultline.yaml", p, drain="300ms" if signals == 1 else "60s")
        async with process("serve", "--config", str(table)) as running:
            url = f"{(await running.until('started'))['url']}/v1/chat/completions"
            async with (
                aiohttp.ClientSession() as session,
                session.post(url, json=CHAT | {"stream": True}) as answer,
            ):
                await answer.content.readany()
                running.signal(signal.SIGTERM)
                await running.until("draining")
                if signals == 2:
                    running.signal(signal.SIGTERM)
                said, whole = await rest(answer)
                assert b'"error"' in said
                assert not whole
            assert await running.ended() == 0


async def test_a_changed_table_is_taken_and_a_bad_one_is_refused(tmp_path: Path) -> None:
    async with sim.Provider("p") as p:
        write(table := tmp_path / "faultline.yaml", p)
        async with process("serve", "--config", str(table)) as running:
            url = f"{(await running.until('started'))['url']}/v1/chat/completions"
            write(table, p, name="second")
            await running.until("settings_loaded")
            await post(url, CHAT)
            await running.until_line(lambda line: line.get("route") == "second")
            table.write_text("drian: 5s\n" + table.read_text())
            refused = await running.until("settings_refused")
            assert "faultline.yaml:1:1" in str(refused["problem"])
            assert (await post(url, CHAT))[0] == 200
            write(table, p, name="third")
            running.signal(signal.SIGHUP)
            await running.until("settings_loaded", 2)
            await post(url, CHAT)
            await running.until_line(lambda line: line.get("route") == "third")


async def test_a_bad_table_ends_with_1_and_says_where(tmp_path: Path) -> None:
    async with sim.Provider("p") as p:
        write(table := tmp_path / "faultline.yaml", p)
        table.write_text("drian: 5s\n" + table.read_text())
        async with process("serve", "--config", str(table)) as running:
            assert await running.ended() == 1
    assert "faultline.yaml:1:1" in running.errors
    assert "did you mean `drain`?" in running.errors
    assert "Traceback" not in running.errors


async def test_without_a_table_the_environments_keys_make_one(tmp_path: Path) -> None:
    environment = {
        "OPENAI_API_KEY": "sk-canary-0815",
        "FAULTLINE_CONFIG": "",
        "FAULTLINE_LISTEN": "",
    }
    async with process("serve", **environment) as running:
        starting = asyncio.ensure_future(running.until("started"))
        ending = asyncio.ensure_future(running.ended())  # where a port is taken on this machine
        await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            running.signal(signal.SIGTERM)
        starting.cancel()
        await ending
    assert "export OPENAI_BASE_URL=http://localhost:8080/v1" in running.errors
    assert "sk-canary" not in running.errors
    assert "sk-canary" not in str(running.lines)


async def test_the_health_check_follows_readiness(tmp_path: Path) -> None:
    async with sim.Provider("p") as p:
        write(table := tmp_path / "faultline.yaml", p)
        async with process("serve", "--config", str(table)) as running:
            console = str((await running.until("started"))["console"])
            async with process("healthcheck", "--url", console) as check:
                assert await check.ended() == 0
        async with process("healthcheck", "--url", console) as check:
            assert await check.ended() == 1
