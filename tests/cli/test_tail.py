"""`faultline tail` as a person has it: a process with a pipe or a terminal."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxy.cli import cli
from proxy.report.lines import to_json
from tests.console.looking import Scene
from tests.report.records import REFUSED, RESCUED, WHOLE

LIMIT = 20.0
RECORDS = (
    replace(WHOLE, id="plain"),
    replace(RESCUED, id="saved"),
    replace(REFUSED, id="lost", model="gpt-4o"),
)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    noise = b'{"event":"started","level":"info"}\nno line of ours \xff\n\n'
    path.write_bytes(noise + b"".join(to_json(record, 0.0) for record in RECORDS))
    return path


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ([], "plain saved lost"),
        (["--failed"], "saved lost"),
        (["--backend", "openai"], "saved lost"),
        (["--backend", "nobody"], ""),
        (["--outcome", "rescued"], "saved"),
        (["--outcome", "whole"], "plain saved"),
        (["--outcome", "refused", "--outcome", "rescued"], "saved lost"),
        (["--model", "gpt-5"], "plain saved"),
        (["--model", "gpt-4*", "--failed"], "lost"),
    ],
)
def test_a_journal_is_read_and_filtered(journal: Path, options: list[str], shown: str) -> None:
    result = CliRunner().invoke(cli, ["tail", str(journal), *options])
    assert result.exit_code == 0
    assert [line.split()[1] for line in result.stdout.splitlines()] == shown.split()


def test_as_json_the_lines_are_the_journals_own(journal: Path) -> None:
    result = CliRunner().invoke(cli, ["tail", "-", "--json"], input=journal.read_bytes())
    lines = [to_json(record, 0.0).decode() for record in RECORDS]
    assert result.stdout == "".join(lines)


def test_a_byte_that_is_no_text_ends_nothing() -> None:
    one, two = (to_json(record, 0.0) for record in RECORDS[:2])
    odd = one.replace(b"{", b'{"of a newer one":"\xff",', 1)
    result = CliRunner().invoke(cli, ["tail", "-", "--json"], input=odd + two)
    assert (result.exit_code, result.exception) == (0, None)
    assert result.stdout.endswith("\n" + two.decode())


def test_a_gap_in_the_lines_is_told() -> None:
    gap = '{"event":"lines_dropped","reason":"slow","count":7}\n'
    result = CliRunner().invoke(cli, ["tail", "-"], input=gap)
    assert (result.stdout, result.exit_code) == ("", 0)
    assert "7 lines are missing here" in result.stderr


def test_a_wrong_command_line_is_told() -> None:
    assert "'good' is none of" in CliRunner().invoke(cli, ["tail", "--outcome", "good"]).output
    result = CliRunner().invoke(cli, ["tail", "/nowhere"])
    assert (result.exit_code, "No such file" in result.output) == (2, True)


def test_nobody_there_is_told() -> None:
    result = CliRunner().invoke(cli, ["tail", "--url", "http://127.0.0.1:9"])
    assert result.exit_code == 1
    assert "does not answer" in result.stderr


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "proxy", "tail", *options]


@asynccontextmanager
async def tailing(
    scene: Scene, *options: str, stdout: int = subprocess.PIPE, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command as a process that listens already."""
    url = f"http://{scene.console.addresses[0]}"
    process = await asyncio.create_subprocess_exec(
        *command("--url", url, *options),
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, "NO_COLOR": "", **environment},
    )
    try:
        async with asyncio.timeout(LIMIT):
            while len(scene.report._listeners) == 3:  # noqa: ASYNC110 - bounded
                await asyncio.sleep(0.01)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: asyncio.subprocess.Process) -> tuple[int, bytes]:
    async with asyncio.timeout(LIMIT):
        _, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, errors


async def test_each_exchange_is_a_line_at_once_until_ctrl_c() -> None:
    async with Scene().open() as scene, tailing(scene) as process:
        assert process.stdout is not None
        for record in RECORDS:
            scene.report.ended(record)
            async with asyncio.timeout(LIMIT):
                line = await process.stdout.readline()
            assert record.id.encode() in line
            assert b"\x1b" not in line
        process.send_signal(signal.SIGINT)
        assert await ended(process) == (130, b"")


async def test_who_reads_no_more_ends_it() -> None:
    reader, writer = os.pipe()
    async with Scene().open() as scene, tailing(scene, "--json", stdout=writer) as process:
        os.close(writer)
        scene.report.ended(WHOLE)
        line = await asyncio.to_thread(os.read, reader, 1 << 16)
        assert json.loads(line)["id"] == "req-1"
        os.close(reader)
        scene.report.ended(WHOLE)
        assert await ended(process) == (0, b"")


@pytest.mark.parametrize(("unwanted", "coloured"), [("", True), ("1", False)])
async def test_a_terminal_gets_colours_unless_they_are_unwanted(
    unwanted: str, coloured: bool
) -> None:
    ours, theirs = pty.openpty()
    async with (
        Scene().open() as scene,
        tailing(scene, stdout=theirs, NO_COLOR=unwanted) as process,
    ):
        os.close(theirs)
        scene.report.ended(REFUSED)
        text = await asyncio.to_thread(os.read, ours, 1 << 16)
        assert b"refused" in text
        assert (b"\x1b[" in text) is coloured
        process.send_signal(signal.SIGINT)
        assert (await ended(process))[0] == 130
    os.close(ours)
