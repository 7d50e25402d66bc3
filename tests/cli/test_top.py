"""`faultline top` in a real terminal."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from typer.testing import CliRunner

from proxy.cli import cli
from proxy.model import Address
from proxy.policy.standing import Word
from tests.console.looking import Scene
from tests.report.records import BAD_GATEWAY, RESCUED, fleet, row

LIMIT = 20.0
ENTER, LEAVE, SHOW_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"
SIZE = struct.pack("HHHH", 24, 80, 0, 0)


class Screen:
    """A terminal with `faultline top` in it."""

    def __init__(self, ours: int, theirs: int, process: asyncio.subprocess.Process) -> None:
        self.text = ""
        self.process = process
        self._ours, self._theirs = ours, theirs
        self._before = termios.tcgetattr(theirs)
        asyncio.get_running_loop().add_reader(ours, self._read)

    def _read(self) -> None:
        with suppress(OSError):
            self.text += os.read(self._ours, 1 << 16).decode("utf-8", "replace")

    async def shows(self, words: str) -> None:
        """Wait until these words were written."""
        async with asyncio.timeout(LIMIT):
            while words not in self.text:  # noqa: ASYNC110 - bounded
                await asyncio.sleep(0.02)

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    async def ends(self) -> int:
        """Wait for the end, and look whether the terminal is as it was."""
        async with asyncio.timeout(LIMIT):
            code = await self.process.wait()
        await self.shows(LEAVE)
        assert self.text.rindex(LEAVE) > self.text.rindex(ENTER)
        assert self.text.rindex(SHOW_CURSOR) > self.text.rindex("\x1b[?25l")
        assert termios.tcgetattr(self._theirs) == self._before
        return code


@asynccontextmanager
async def topping(scene: Scene) -> AsyncIterator[Screen]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, SIZE)
    url = f"http://{scene.console.addresses[0]}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", "top", "--url", url),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    screen = Screen(ours, theirs, process)
    try:
        yield screen
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        if process.returncode is None:
            process.kill()
        await process.wait()
        os.close(ours)
        os.close(theirs)


async def test_it_follows_what_happens_until_q() -> None:
    async with Scene().open() as scene, topping(scene) as screen:
        await screen.shows("All is well.")
        assert ENTER in screen.text
        await screen.shows("none yet")
        async with asyncio.timeout(LIMIT):
            while len(scene.report._listeners) == 3:  # noqa: ASYNC110 - bounded
                await asyncio.sleep(0.02)
        scene.rows = (row("openai", Word.EJECTED, verdict=BAD_GATEWAY), row("azure"))
        scene.break_down()
        scene.report.ended(RESCUED)
        await screen.shows("One provider is failing.")
        await screen.shows("out of rotation")
        await screen.shows("openai 502 cdn_edge_to_origin > azu")
        await screen.shows("failed attempts of the last")
        screen.press(b"x")
        screen.press(b"q")
        assert await screen.ends() == 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
async def test_however_it_ends_the_terminal_is_as_it_was(number: signal.Signals, code: int) -> None:
    async with Scene().open() as scene, topping(scene) as screen:
        await screen.shows("All is well.")
        screen.process.send_signal(number)
        assert await screen.ends() == code


async def test_it_waits_for_a_faultline_that_restarts() -> None:
    async with Scene().open() as scene:
        address = scene.console.addresses[0]
        async with topping(scene) as screen:
            await screen.shows("All is well.")
            await scene.console.close()
            await screen.shows("what you see is old")
            again = Address(host="127.0.0.1", port=address.port)
            out = (row("openai", Word.EJECTED), row("azure"))
            table = fleet("openai", "azure", console=again)
            async with Scene(fleet=table, rows=out).open():
                await screen.shows("openai is out of rotation.")
                screen.press(b"q")
                assert await screen.ends() == 0


def test_without_a_terminal_it_says_what_to_use() -> None:
    result = CliRunner().invoke(cli, ["top"])
    assert result.exit_code == 2
    assert "needs a terminal; `faultline status` does not" in result.stderr


async def test_nobody_there_is_told_on_a_clean_terminal() -> None:
    scene = Scene()
    async with scene.open():
        pass
    scene.console.addresses = (Address(host="127.0.0.1", port=9),)
    async with topping(scene) as screen:
        await screen.shows("does not answer: Connection refused")
        assert await screen.process.wait() == 1
        assert ENTER not in screen.text
