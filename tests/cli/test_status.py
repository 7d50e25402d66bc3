"""One screen, and an exit code for scripts."""

import asyncio
import time

import pytest
from typer.testing import CliRunner, Result

from proxy.cli import cli
from proxy.model import Instant
from proxy.policy.standing import Word
from tests.console.looking import Scene
from tests.report.records import BAD_GATEWAY, row

NOBODY = "http://127.0.0.1:9"


async def run(scene: Scene) -> Result:
    url = f"http://{scene.console.addresses[0]}"
    return await asyncio.to_thread(CliRunner().invoke, cli, ["status", "--url", url])


async def test_all_is_well() -> None:
    async with Scene().open() as scene:
        result = await run(scene)
    assert result.exit_code == 0
    assert result.stdout.startswith("All is well. No request has come in the last 15 minutes.\n")
    assert "azure            in rotation" in result.stdout
    assert "chat             openai, then azure" in result.stdout


async def test_degraded_is_told_on_one_screen() -> None:
    out = row("openai", Word.EJECTED, verdict=BAD_GATEWAY)
    async with Scene(rows=(out, row("azure"))).open() as scene:
        scene.serve(95)
        scene.break_down()
        result = await run(scene)
    assert result.exit_code == 1
    for said in (
        "One provider is failing. Your apps are being served: 99.0 % whole",
        "identified: openai: the network edge cannot reach the provider",
        "faultline incident inc-1",
        "probe with the next request",
    ):
        assert said in result.stdout
    assert len(result.stdout.splitlines()) < 24


async def test_how_long_is_said_of_what_is_out_and_not_of_what_returns() -> None:
    since = Instant(time.monotonic() - 30)
    out = row("openai", Word.EJECTED, verdict=BAD_GATEWAY, since=since)
    back = row("azure", Word.SLOW_START, verdict=BAD_GATEWAY, since=since)
    async with Scene(rows=(out, back)).open() as scene:
        result = await run(scene)
    assert "openai           out of rotation for 30 s; the network edge cannot" in result.stdout
    assert "azure            returning; traffic grows by steps\n" in result.stdout


async def test_down() -> None:
    async with Scene(
        rows=(row("openai", Word.EJECTED), row("azure", Word.EJECTED))
    ).open() as scene:
        result = await run(scene)
    assert result.exit_code == 2
    assert "not served" in result.stdout


def test_nobody_there_is_down() -> None:
    result = CliRunner().invoke(cli, ["status", "--url", NOBODY])
    assert result.exit_code == 2
    assert "does not answer" in result.stderr


@pytest.mark.parametrize("model", ["\x1b[2J", "a\r\nb"])
async def test_names_from_outside_move_no_cursor(model: str) -> None:
    async with Scene().open() as scene:
        scene.rows = (row(model, Word.EJECTED), row("azure"))
        result = await run(scene)
    assert "\x1b[2J" not in result.stdout
    assert "a\r\nb" not in result.stdout
