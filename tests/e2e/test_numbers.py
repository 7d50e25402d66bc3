"""Every number that people see agrees with the metrics and with the providers' own log."""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp
import pytest

from proxy import sim
from proxy.model import Cause, Change, Result
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


CAUSES = {
    "ok": Cause.NONE,
    "status(400, json)": Cause.BAD_REQUEST,
    "cut_after(6, rst)": Cause.ORIGIN,
    "garbage": Cause.PROTOCOL,
    "status(500, json)": Cause.ORIGIN,
    "cdn_502": Cause.CDN_EDGE_TO_ORIGIN,
}
"""What each behaviour of a simulated provider, as its own log names it, means."""

PHASES = [
    (10, sim.ok(), None),
    (3, sim.status(400), None),
    (1, sim.ok(), None),
    (3, sim.cut_after(6), None),
    (2, sim.ok(), None),
    (3, sim.garbage(), None),
    (3, sim.ok(), None),
    (3, sim.status(500), None),
    (3, sim.ok(), None),
    (30, sim.cdn_502(), None),
    (12, sim.cdn_502(), sim.cdn_502()),
]
"""How many requests the app sends, one after the other, while the providers behave like that."""


class Tale(NamedTuple):
    """What the app itself got."""

    whole: int = 0
    failed: int = 0
    mistaken: int = 0
    """Its own fault: handed over, and nobody's failure."""


async def played(session: aiohttp.ClientSession, here: House) -> Tale:
    """Let the app send its requests; return what it got, by its own judgement."""
    fared: Counter[str] = Counter()
    for number, p, s in PHASES:
        here.p.plan(p)
        here.s.plan(s or sim.ok())
        for _ in range(number):
            fared[await fate(session, here, stream=p.name.startswith("cut"))] += 1
    await settled(here.faultline)
    return Tale(**fared)


async def fate(session: aiohttp.ClientSession, here: House, *, stream: bool) -> str:
    try:
        status, said = await ask(session, here, 0 if stream else 1)
    except aiohttp.ClientPayloadError:
        return "failed"
    if status == 400:
        return "mistaken"
    return "whole" if status == 200 and ("[DONE]" in said or not stream) else "failed"


def log(provider: sim.Provider) -> Counter[Cause]:
    """What a provider answered, by its own log."""
    return Counter(CAUSES[seen.behaviour] for seen in provider.attempts)


def bars(page: str, name: str) -> tuple[int, int, int]:
    """The answers that a strip of the page says: all, rescued, failed."""
    found = re.search(
        rf"\b{name}, \d+ minutes: (\d+) answers(?:, (\d+) rescued)?, (\d+) failed", page
    )
    assert found is not None
    return int(found[1]), int(found[2] or 0), int(found[3])


async def command(*arguments: str, code: int) -> str:
    """What a command says, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "proxy", *arguments, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == code
    return said.decode()


@pytest.fixture
async def told() -> AsyncIterator[tuple[House, aiohttp.ClientSession, Tale]]:
    async with house() as here, aiohttp.ClientSession() as session:
        yield here, session, await played(session, here)


Told = tuple[House, aiohttp.ClientSession, Tale]


async def test_metrics_agree_with_the_app_and_the_providers_own_log(told: Told) -> None:
    here, session, app = told
    assert app == Tale(whole=55, failed=15, mistaken=3)
    metrics = await counted(session, here)
    results = {
        result: metrics.sum("faultline_requests_total", result=result.value) for result in Result
    }
    assert results[Result.WHOLE] == app.whole
    assert results[Result.REFUSED] + results[Result.CUT] == app.failed
    assert results[Result.CLIENT_ERROR] == app.mistaken
    assert sum(results.values()) == sum(app)
    assert metrics.sum("faultline_streams_cut_total", backend="p") == 3
    for name, provider in (("p", here.p), ("s", here.s)):
        own = log(provider)
        assert metrics.sum("faultline_attempts_total", backend=name) == own.total()
        for cause in Cause:
            counted_so = metrics.sum("faultline_attempts_total", backend=name, cause=cause.value)
            assert counted_so == own[cause], (name, cause)
    # What p failed without a cut, and s answered: so many were rescued, by their cause.
    rescued = app.whole - (log(here.p)[Cause.NONE])
    assert metrics.sum("faultline_rescued_total") == rescued - unasked(here)
    ejected = [change for change in here.told.changes if change.change is Change.EJECTED]
    assert metrics.sum("faultline_ejections_total") == len(ejected) > 1


def unasked(here: House) -> int:
    """Whole answers of s for which p was not asked: it was out of rotation."""
    whole = [record for record in here.told.records if record.result is Result.WHOLE]
    return sum(record.attempts[0].backend == "s" for record in whole)


async def test_the_page_agrees_with_them(told: Told) -> None:
    here, session, app = told
    page = (await text(session, here, "/")).replace("\u00a0", " ")
    concerned = app.whole + app.failed
    percent = int(1000 * app.whole / concerned) / 10
    rescued = (await counted(session, here)).sum("faultline_rescued_total")
    assert f"{percent} % whole in the last 15 minutes." in page
    assert bars(page, "Your apps") == (concerned, rescued, app.failed)
    for name, provider in (("p", here.p), ("s", here.s)):
        own = log(provider)
        good = own[Cause.NONE] + own[Cause.BAD_REQUEST]  # it has answered well
        assert bars(page, name) == (own.total(), 0, own.total() - good)
    badge = await text(session, here, "/badge/apps/uptime/1h.svg")
    assert f"apps 1h: {percent} %" in badge


@pytest.mark.parametrize(("name", "since"), [("p", 42), ("s", 12)])
async def test_an_incident_agrees_with_them(told: Told, name: str, since: int) -> None:
    here, session, app = told
    listed = (await shown(session, here, "/api/incidents.json"))["incidents"]
    (incident,) = [each for each in listed if each["title"].startswith(f"{name}: ")]
    story = await shown(session, here, f"/api/incidents/{incident['id']}.json")
    own = log(here.p if name == "p" else here.s)
    assert story["failures"] == {"cdn_edge_to_origin": own[Cause.CDN_EDGE_TO_ORIGIN]}
    # It began with the first failure: `since` requests before the end.
    rescued = sum(
        record.rescued and record.attempts[0].backend == name
        for record in here.told.records[-since:]
    )
    assert story["toll"] == f"{rescued} rescued, 12 failed, of {since} requests"
    post_mortem = await text(session, here, f"/incidents/{incident['id']}.md")
    for what, number in [
        ("requests on the routes concerned", since),
        ("of these rescued", rescued),
        ("failed", 12),
        ("failures, all attempts", own[Cause.CDN_EDGE_TO_ORIGIN]),
    ]:
        assert f"| {what} | {number} |" in post_mortem

    slots = story["answers"]["slots"]  # of the chart: before it began, too
    metrics = await counted(session, here)
    assert sum(slot["good"] + slot["rescued"] for slot in slots) == app.whole
    assert sum(slot["rescued"] for slot in slots) == metrics.sum("faultline_rescued_total")
    assert sum(slot["failed"] for slot in slots) == app.failed
    assert metrics.sum("faultline_incidents_open") == len(listed) == 2


async def test_machines_and_the_command_line_say_the_same(told: Told) -> None:
    here, session, _ = told
    status = await shown(session, here, "/api/status.json")
    summary = await shown(session, here, "/api/v2/summary.json")
    metrics = await counted(session, here)
    assert summary["status"] == {"indicator": "critical", "description": status["sentence"]}
    states = {part["name"]: part["status"] for part in summary["components"]}
    assert (states["all"], states["p"], states["s"]) == ("major_outage",) * 3
    for name in ("p", "s"):
        assert metrics.sum("faultline_backend_state", backend=name) == 0
    pairs = zip(summary["incidents"], status["incidents"], strict=True)
    for theirs, ours in pairs:
        assert (theirs["id"], theirs["name"]) == (ours["id"], ours["title"])
        assert theirs["impact"] == ours["impact"] == "critical"

    url = ("--url", here.faultline.console_url)
    screen = await command("status", *url, code=2)
    assert status["sentence"] in screen
    for incident in status["incidents"]:
        assert incident["title"] in screen
        assert incident["toll"] in screen
        assert incident["toll"] in await command("incident", incident["id"], *url, code=0)


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
