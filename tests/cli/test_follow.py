"""It stays with a console that goes and comes back."""

import asyncio
import queue
import threading
from dataclasses import replace

import pytest

from proxy.cli.follow import follow
from proxy.cli.look import Console, Gone, Unseen
from proxy.model import Address
from tests.console.looking import Scene
from tests.report.records import WHOLE, fleet

LIMIT = 10.0


class Following:
    """The lines of a console, followed in a thread that no failure can hold up."""

    def __init__(self, url: str) -> None:
        self.said: list[str] = []
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._url = url
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        for line in follow(Console(url=self._url), self.said.append):
            self._lines.put(line)

    async def line(self) -> bytes:
        async with asyncio.timeout(LIMIT):
            while self._lines.empty():  # noqa: ASYNC110 - bounded
                await asyncio.sleep(0.01)
        return self._lines.get_nowait()


async def heard(scene: Scene, count: int) -> None:
    """Wait until so many listen."""
    base = 3
    async with asyncio.timeout(LIMIT):
        while len(scene.report._listeners) != base + count:  # noqa: ASYNC110 - bounded
            await asyncio.sleep(0.01)


async def test_it_survives_a_restart_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.cli.follow.FIRST", 0.05)
    async with Scene().open() as scene:
        address = scene.console.addresses[0]
        following = Following(f"http://{address}")
        await heard(scene, 1)
        scene.report.ended(WHOLE)
        assert b'"event":"exchange"' in await following.line()
        assert following.said == []
    async with asyncio.timeout(LIMIT):
        while not following.said:  # noqa: ASYNC110 - bounded
            await asyncio.sleep(0.01)
    assert following.said == [f"http://{address} has gone; trying again"]
    table = fleet("openai", "azure", console=Address(host="127.0.0.1", port=address.port))
    async with Scene(fleet=table).open() as again:
        await heard(again, 1)
        again.report.ended(replace(WHOLE, id="second"))
        assert b'"id":"second"' in await following.line()
        assert following.said[1:] == ["back again; what ended meanwhile is in the journal only"]


def test_nobody_there_at_first_is_told_at_once() -> None:
    with pytest.raises(Gone, match="does not answer: Connection refused"):
        next(follow(Console(url="http://127.0.0.1:9"), lambda _: None))


async def test_who_is_refused_does_not_try_again() -> None:
    wide = fleet("openai", "azure", console=Address(host="0.0.0.0", port=0))
    async with Scene(fleet=wide).open() as scene:
        url = f"http://127.0.0.1:{scene.console.addresses[0].port}"
        with pytest.raises(Unseen, match="asks for a token"):
            await asyncio.to_thread(next, follow(Console(url=url), lambda _: None))
