"""How a command asks a running Faultline."""

import asyncio
from pathlib import Path

import pytest

from proxy.cli.look import TOKEN, Console, Gone, Unseen, console, safe
from proxy.model import Address, Secret
from tests.console.looking import Scene
from tests.report.records import fleet

TABLE = """\
version: 1
console: "127.0.0.1:4711"
clients: {{ops: {{token: "{token}"}}}}
backends:
  p: {{provider: openai-compatible, url: "http://127.0.0.1:9", key: none}}
routes:
  - name: all
    tiers: [p]
"""


def home(scene: Scene) -> str:
    return f"http://{scene.console.addresses[0]}"


async def get(where: Console, path: str) -> str:
    return await asyncio.to_thread(where.get, path)


async def test_it_gets_what_the_console_answers() -> None:
    async with Scene().open() as scene:
        where = Console(url=home(scene))
        assert await get(where, "/livez") == "ok\n"
        assert (await asyncio.to_thread(where.json, "/api/status.json"))["tone"] == "good"
        with pytest.raises(Unseen, match=r"is not there \(HTTP 404\)"):
            await get(where, "/nothing")
        with pytest.raises(Unseen, match="is no console of Faultline's"):
            await asyncio.to_thread(where.json, "/livez")


async def test_beyond_this_machine_it_shows_a_token() -> None:
    table = fleet(
        "openai",
        "azure",
        console=Address(host="0.0.0.0", port=0),
        clients={"ops": Secret("a-token")},
    )
    async with Scene(fleet=table).open() as scene:
        url = f"http://127.0.0.1:{scene.console.addresses[0].port}"
        with pytest.raises(Unseen, match=f"asks for a token: set {TOKEN}"):
            await get(Console(url=url), "/api/status.json")
        assert await get(Console(url=url, token="a-token"), "/api/status.json")


async def test_an_answer_that_goes_on_is_told_line_by_line_until_it_ends() -> None:
    async with Scene().open() as scene:
        lines = Console(url=home(scene)).lines("/api/exchanges")
        assert await asyncio.to_thread(next, lines) == b""  # a sign of life
        scene.serve()
        assert b'"event":"exchange"' in await asyncio.to_thread(next, lines)
        await scene.console.close()
        with pytest.raises(Gone, match="has gone"):
            await asyncio.to_thread(next, lines)


async def test_silence_is_an_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.cli.look.SILENCE", 0.1)
    async with Scene().open() as scene:
        lines = Console(url=home(scene)).lines("/api/exchanges")
        await asyncio.to_thread(next, lines)
        with pytest.raises(Gone, match="does not answer: timed out"):
            await asyncio.to_thread(next, lines)


def test_nobody_there_is_said() -> None:
    with pytest.raises(Unseen, match="does not answer: Connection refused"):
        Console(url="http://127.0.0.1:9").get("/livez")


def test_where_and_with_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "faultline.yaml"
    path.write_text(TABLE.format(token="table-token-0123456789"))
    monkeypatch.delenv(TOKEN, raising=False)
    assert console("http://h:1/", None) == Console(url="http://h:1")
    found = console("", path)
    assert found == Console(url="http://127.0.0.1:4711", token="table-token-0123456789")
    monkeypatch.setenv(TOKEN, "mine")
    assert console("", path).token == "mine"
    assert console("http://h:1", None).token == "mine"


def test_nothing_moves_the_cursor() -> None:
    assert safe("a\x1b[31m\r\nb\u202ec") == "a [31m  b c"
    assert safe(3) == "3"
