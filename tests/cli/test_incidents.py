"""What failed, when, why, and what apps felt: listed, told, and as a post-mortem."""

import asyncio
import json

from typer.testing import CliRunner, Result

from proxy.cli import cli
from proxy.report.estimate import Unknown
from tests.console.looking import Scene


async def run(scene: Scene, *words: str) -> Result:
    url = f"http://{scene.console.addresses[0]}"
    return await asyncio.to_thread(CliRunner().invoke, cli, [*words, "--url", url])


async def test_they_are_listed_the_open_ones_first() -> None:
    async with Scene().open() as scene:
        assert (
            await run(scene, "incidents")
        ).stdout == "No incident since Faultline began to look.\n"
        scene.break_down()
        scene.recover()
        scene.break_down("azure")
        lines = (await run(scene, "incidents")).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["inc-2", "inc-1"]
    assert "resolved" in lines[1]
    assert lines[1].endswith("openai: the network edge cannot reach the provider")


async def test_one_is_told_from_its_beginning() -> None:
    async with Scene(estimate=Unknown(basis="too early")).open() as scene:
        incident = scene.break_down()
        told = (await run(scene, "incident", "inc-1")).stdout
    for said in (
        "openai: the network edge cannot reach the provider",
        "goes on",
        "4 rescued, 1 failed, of 5 requests.",
        "Evidence: 502 with Cloudflare's page",
        "Its end cannot be told yet. Basis: too early.",
        *(update.text for update in incident.updates),
    ):
        assert said in told


async def test_markdown_is_the_post_mortem_and_json_the_story() -> None:
    async with Scene().open() as scene:
        scene.break_down()
        scene.recover()
        markdown = await run(scene, "incident", "inc-1", "--format", "md")
        assert markdown.stdout.startswith("# Post-mortem: openai")
        assert "**To be written by a person:**" in markdown.stdout
        told = await run(scene, "incident", "inc-1", "--format", "json")
        assert json.loads(told.stdout)["stage"] == "resolved"
        assert "until 20" in (await run(scene, "incident", "inc-1")).stdout


async def test_what_is_unknown_is_said() -> None:
    async with Scene().open() as scene:
        result = await run(scene, "incident", "../x")
    assert result.exit_code == 1
    assert "is not there" in result.stderr
    result = CliRunner().invoke(cli, ["incidents", "--url", "http://127.0.0.1:9"])
    assert result.exit_code == 1
