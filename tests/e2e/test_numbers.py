"""Every number that people see agrees with the metrics and with the providers' own log."""

import asyncio
import json
from typing import Any

import aiohttp

from proxy import sim
from proxy.model import Result
from tests.e2e.house import House, house, settled
from tests.scenarios.reading import Numbers

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


async def ask(session: aiohttp.ClientSession, here: House, number: int) -> tuple[int, str]:
    body = CHAT | {"stream": number % 2 == 0}
    async with session.post(f"{here.url}/v1/chat/completions", json=body) as answer:
        return answer.status, await answer.text()


async def text(session: aiohttp.ClientSession, here: House, path: str) -> str:
    async with session.get(f"{here.faultline.console_url}{path}") as answer:
        assert answer.status == 200
        return await answer.text()


async def shown(session: aiohttp.ClientSession, here: House, path: str) -> Any:
    return json.loads(await text(session, here, path))


async def counted(session: aiohttp.ClientSession, here: House) -> Numbers:
    return Numbers(await text(session, here, "/metrics"))


async def test_page_metrics_and_the_providers_log_agree() -> None:
    async with house() as here, aiohttp.ClientSession() as session:
        for number in range(10):
            assert (await ask(session, here, number))[0] == 200
        here.p.plan(sim.cdn_502())
        for number in range(30):
            assert (await ask(session, here, number))[0] == 200
        here.s.plan(sim.cdn_502())
        refused = [await ask(session, here, number) for number in range(12)]
        await settled(here.faultline)

        metrics = await counted(session, here)
        results = [record.result for record in here.told.records]
        assert results.count(Result.WHOLE) + results.count(Result.REFUSED) == 52
        whole = metrics.sum("faultline_requests_total", result="whole")
        failed = metrics.sum("faultline_requests_total", result="refused")
        rescued = metrics.sum("faultline_rescued_total")
        assert (whole, failed) == (40, 12)
        assert [status for status, _ in refused].count(200) == 0
        for name, provider in (("p", here.p), ("s", here.s)):
            attempts = metrics.sum("faultline_attempts_total", backend=name)
            assert attempts == len(provider.attempts)

        page = await text(session, here, "/")
        assert "76.9\u00a0% whole in the last 15 minutes." in page
        (incident, *_) = (await shown(session, here, "/api/incidents.json"))["incidents"]
        story = await shown(session, here, f"/api/incidents/{incident['id']}.json")
        slots = story["answers"]["slots"]
        assert sum(slot["good"] + slot["rescued"] for slot in slots) == whole
        assert sum(slot["rescued"] for slot in slots) == rescued
        assert sum(slot["failed"] for slot in slots) == failed
        status = await shown(session, here, "/api/status.json")
        assert metrics.sum("faultline_incidents_open") == len(status["incidents"])


async def test_a_refusal_names_the_incident_and_leads_to_it() -> None:
    async with house() as here, aiohttp.ClientSession() as session:
        here.p.plan(sim.cdn_502())
        here.s.plan(sim.cdn_502())
        async with asyncio.timeout(10):
            while True:
                status, answer = await ask(session, here, 0)
                assert status == 503
                said = json.loads(answer)["error"]["message"]
                if "/incidents/" in said:
                    break
                await asyncio.sleep(0.1)
        assert "the network edge cannot reach the provider, since " in said
        assert "its end cannot be told yet" in said
        link = said.rsplit(" ", 1)[1]
        assert link.startswith(here.faultline.console_url)
        async with session.get(link) as page:
            assert page.status == 200
            assert "the network edge cannot reach the provider" in await page.text()


async def test_an_outage_is_on_the_page_within_a_second_and_explained_within_five() -> None:
    async with house() as here, aiohttp.ClientSession() as session:
        assert (await ask(session, here, 0))[0] == 200
        here.p.plan(sim.cdn_502())
        loop = asyncio.get_running_loop()
        began, first, explained = loop.time(), 0.0, 0.0
        while loop.time() - began < 6 and not explained:
            await ask(session, here, 0)
            status = await shown(session, here, "/api/status.json")
            if status["tone"] != "good" and not first:
                first = loop.time() - began
            if any(each["stage"] == "identified" for each in status["incidents"]):
                explained = loop.time() - began
            await asyncio.sleep(0.1)
        assert 0 < first < 1
        assert 0 < explained < 5
