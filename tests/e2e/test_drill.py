"""A drill on the live path: begun over the console, seen everywhere, over by itself."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from prometheus_client import generate_latest

from proxy import sim
from proxy.model import AttemptRecord, Cause, Drill, Result
from proxy.wire import rehearsal
from tests.e2e.house import KEYS, TABLE, House, house

TOKEN = {"Authorization": f"Bearer {KEYS['S_KEY']}"}
DRILLED = TABLE + 'clients: {{app: {{token: "${{S_KEY}}"}}}}\n'
CAUSES = {
    Drill.CDN_502: Cause.CDN_EDGE_TO_ORIGIN,
    Drill.RESET: Cause.ORIGIN,
    Drill.SILENCE: Cause.TIMEOUT,
    Drill.GARBAGE: Cause.PROTOCOL,
}


async def begin(
    session: aiohttp.ClientSession, here: House, fault: Drill, seconds: float = 60
) -> None:
    wanted = {"backend": "p", "fault": fault, "seconds": seconds}
    url = f"{here.faultline.console_url}/api/drills"
    async with session.post(url, json=wanted, headers=TOKEN) as answer:
        assert answer.status == 201, await answer.text()


async def ask(session: aiohttp.ClientSession, here: House, *, stream: bool) -> Any:
    body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
    url = f"{here.url}/v1/chat/completions"
    async with session.post(url, json=body, headers=TOKEN) as answer:
        assert answer.status == 200
        return answer.headers, await answer.text()


def bad(here: House) -> AttemptRecord:
    return here.told.records[-1].attempts[0]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", CAUSES)
async def test_a_drill_looks_like_the_real_thing_and_says_what_it_is(
    fault: Drill, stream: bool
) -> None:
    async with house(table=DRILLED, head="0.2s") as here, aiohttp.ClientSession() as session:
        await begin(session, here, fault)
        headers, _ = await ask(session, here, stream=stream)
        assert here.p.attempts == []
        assert headers["x-faultline-backend"] == "s"
        assert f"p={fault}" in headers["x-faultline-drill"]
        attempt = bad(here)
        assert (attempt.backend, attempt.drill, attempt.verdict.cause) == (
            "p",
            fault,
            CAUSES[fault],
        )
        assert attempt.verdict.evidence.startswith(f"drill ({fault}): ")
        assert here.told.records[-1].rescued
        page = generate_latest(here.faultline._metrics.registry).decode()
        assert f'faultline_drilled_attempts_total{{backend="p",fault="{fault}"}}' in page


async def test_the_drill_is_the_same_failure_as_that_of_a_simulated_provider() -> None:
    async with house(table=DRILLED) as here, aiohttp.ClientSession() as session:
        here.p.plan(sim.cdn_502())
        await ask(session, here, stream=True)
        real = bad(here).verdict
        here.p.plan(sim.ok())
        await begin(session, here, Drill.CDN_502)
        await ask(session, here, stream=True)
        played = bad(here).verdict
        assert (played.signature, played.scope, played.action) == (
            real.signature,
            real.scope,
            real.action,
        )
        assert played.evidence == f"drill (cdn_502): {real.evidence}"


async def test_a_cut_breaks_a_stream_that_has_begun_and_never_looks_whole() -> None:
    async with house(table=DRILLED) as here, aiohttp.ClientSession() as session:
        await begin(session, here, Drill.CUT)
        with pytest.raises(aiohttp.ClientPayloadError):
            await ask(session, here, stream=True)
        assert here.told.records[-1].result is Result.CUT
        assert bad(here).drill is Drill.CUT


async def test_a_slow_answer_is_left_for_the_next_by_a_shorter_limit() -> None:
    async with (
        house(table=DRILLED, first_content="0.3s") as here,
        aiohttp.ClientSession() as session,
    ):
        await begin(session, here, Drill.SLOW)
        headers, _ = await ask(session, here, stream=True)
        assert headers["x-faultline-backend"] == "s"
        assert bad(here).verdict.cause is Cause.TIMEOUT


async def test_a_slow_answer_comes_late_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "LATE", 0.2)
    async with house(table=DRILLED) as here, aiohttp.ClientSession() as session:
        await begin(session, here, Drill.SLOW)
        began = here.faultline.clock.now()
        headers, text = await ask(session, here, stream=True)
        assert here.faultline.clock.now() - began >= 0.2
        assert headers["x-faultline-backend"] == "p"
        assert headers["x-faultline-drill"] == "p=slow"
        assert "[DONE]" in text


async def test_it_ends_by_itself_and_the_backend_serves_again() -> None:
    async with house(table=DRILLED) as here, aiohttp.ClientSession() as session:
        await begin(session, here, Drill.RESET, 0.3)
        await ask(session, here, stream=False)
        async with asyncio.timeout(5):
            while here.faultline.drills.running:  # noqa: ASYNC110 - bounded, and nothing tells
                await asyncio.sleep(0.02)
        headers, _ = await ask(session, here, stream=False)
        assert headers["x-faultline-backend"] == "p"
        assert "x-faultline-drill" not in headers


async def test_it_can_be_ended_and_needs_the_token_for_that() -> None:
    async with house(table=DRILLED) as here, aiohttp.ClientSession() as session:
        await begin(session, here, Drill.RESET)
        url = f"{here.faultline.console_url}/api/drills"
        async with session.delete(f"{url}/p") as answer:
            assert answer.status == 401
        async with session.get(url) as answer:
            (told,) = json.loads(await answer.text())
            assert (told["backend"], told["fault"], told["by"]) == ("p", "reset", "app")
        async with session.delete(f"{url}/p", headers=TOKEN) as answer:
            assert answer.status == 204
        headers, _ = await ask(session, here, stream=False)
        assert headers["x-faultline-backend"] == "p"


async def test_a_drill_of_a_backend_that_is_gone_ends_with_it() -> None:
    async with house(table=DRILLED) as here, aiohttp.ClientSession() as session:
        await begin(session, here, Drill.RESET)
        assert here.faultline.reload() is None
        assert [running.backend for running in here.faultline.drills.running] == ["p"]
        await here.faultline.close()
        assert list(here.faultline.drills.running) == []
