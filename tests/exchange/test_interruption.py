"""Who ended an exchange before its end, and that it is told as it was."""

import asyncio
from dataclasses import replace

import pytest

from proxy.exchange.interruption import BROKEN, LEFT, SHUT_DOWN, interruption
from proxy.model import Backend, Cause, Instant, Outcome, Result, Verdict
from tests.exchange.lines import HELLO, ROLE
from tests.exchange.sabotage import Bug
from tests.exchange.stage import Bytes, RecordingClient, Stage, chat


def test_who_it_was_is_read_off_the_bug_and_the_client() -> None:
    client = RecordingClient()
    assert interruption(Bug(), client) is BROKEN
    assert interruption(None, client) is SHUT_DOWN
    client.gone = True
    assert interruption(None, client) is LEFT
    assert LEFT.refusal is None


class Scene:
    """A stream, interrupted before its commit or after."""

    def __init__(self, *, committed: bool) -> None:
        self.stage = Stage()
        self.client = RecordingClient()
        self._committed = committed

    async def begin(self) -> "asyncio.Task[None]":
        run = self.stage.run(chat(stream=True), Bytes(), self.client, self.stage.fleet, "id")
        task = asyncio.ensure_future(run)
        await asyncio.sleep(0)
        self.stage.upstream.calls[0].stream(ROLE, *[HELLO] * self._committed)
        return task

    async def end(self, task: "asyncio.Task[None]") -> None:
        await asyncio.wait([task], timeout=1)
        self.stage.check_nothing_is_left(self.client)

    @property
    def told(self) -> tuple[Result, int, str]:
        record = self.stage.record
        (attempt,) = record.attempts
        assert attempt.verdict.cause is Cause.CLIENT_CANCEL, "no backend is to blame"
        return record.result, record.status, attempt.verdict.signature


@pytest.mark.parametrize("committed", [False, True])
async def test_a_client_that_left(committed: bool) -> None:
    scene = Scene(committed=committed)
    task = await scene.begin()
    scene.client.gone = True
    task.cancel()
    await scene.end(task)
    assert scene.told == (Result.CANCELLED, 200 if committed else 0, "client-gone")
    assert not scene.client.over


async def test_a_shutdown_before_the_commit_is_a_refusal() -> None:
    scene = Scene(committed=False)
    task = await scene.begin()
    task.cancel()
    await scene.end(task)
    assert task.cancelled()
    assert scene.told == (Result.REFUSED, 503, "shutdown")
    assert b'"draining"' in scene.client.body
    assert scene.client.header("connection") == "close"


async def test_a_shutdown_after_the_commit_is_a_cut() -> None:
    scene = Scene(committed=True)
    task = await scene.begin()
    task.cancel()
    await scene.end(task)
    assert scene.told == (Result.CUT, 200, "shutdown")
    assert scene.client.cut
    assert b"shutting down" in scene.client.body


def judges_nothing(outcome: Outcome, backend: Backend, now: Instant) -> Verdict:
    raise Bug


@pytest.mark.parametrize("committed", [False, True])
async def test_a_bug_is_no_client_that_left(committed: bool) -> None:
    scene = Scene(committed=committed)
    scene.stage.ports = replace(scene.stage.ports, judge=judges_nothing)
    task = await scene.begin()
    scene.stage.clock.advance(1000)
    await scene.end(task)
    assert isinstance(task.exception(), Bug)
    result, status = (Result.CUT, 200) if committed else (Result.REFUSED, 500)
    assert scene.told == (result, status, "bug")
    assert b"a fault of its own" in scene.client.body
