"""What machines read, over a real socket."""

import json
from xml.etree import ElementTree as ET

import pytest

from proxy.console.machines import ANSWERS
from proxy.policy.standing import Word
from tests.console.looking import Scene
from tests.report.records import CANARY, row


@pytest.mark.parametrize("path", ANSWERS)
async def test_every_answer_is_json_and_keeps_secrets(path: str) -> None:
    async with Scene().open() as scene:
        scene.break_down()
        scene.recover()
        scene.break_down("azure")
        answer = await scene.get(path)
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        assert json.loads(answer.text)
        assert CANARY not in answer.text


async def test_unresolved_ones_and_all_are_told_apart() -> None:
    async with Scene().open() as scene:
        scene.break_down()
        scene.recover()
        scene.break_down("azure")

        async def ids(path: str) -> list[str]:
            return [i["id"] for i in json.loads((await scene.get(path)).text)["incidents"]]

        assert await ids("/api/v2/incidents/unresolved.json") == ["inc-2"]
        assert await ids("/api/v2/incidents.json") == ["inc-2", "inc-1"]
        assert await ids("/api/v2/summary.json") == ["inc-2"]
        assert await ids("/api/incidents.json") == ["inc-2", "inc-1"]


async def test_links_lead_to_where_the_client_came_in() -> None:
    async with Scene().open() as scene:
        scene.break_down()
        port = scene.console.addresses[0].port
        for path in ("/api/v2/summary.json", "/history.atom", "/history.rss"):
            answer = await scene.get(path, host=f"localhost:{port}")
            assert f"http://localhost:{port}/incidents/inc-1" in answer.text


async def test_one_story() -> None:
    async with Scene().open() as scene:
        scene.break_down()
        told = json.loads((await scene.get("/api/incidents/inc-1.json")).text)
        assert told["id"] == "inc-1"
        assert (await scene.get("/api/incidents/inc-9.json")).status == 404


async def test_feeds_and_badges_are_what_they_say() -> None:
    async with Scene(rows=(row("openai", Word.EJECTED), row("azure"))).open() as scene:
        scene.break_down()
        scene.serve(5)
        for path, kind in [
            ("/history.atom", "application/atom+xml; charset=utf-8"),
            ("/history.rss", "application/rss+xml; charset=utf-8"),
            ("/badge/status.svg", "image/svg+xml; charset=utf-8"),
        ]:
            answer = await scene.get(path)
            assert answer.headers["content-type"] == kind
            ET.fromstring(answer.text)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/badge/status.svg", "faultline: degraded"),
        ("/badge/backend/openai.svg", "openai: out of rotation"),
        ("/badge/backend/azure.svg", "azure: in rotation"),
        ("/badge/backend/openai/uptime/1h.svg", "openai 1h: 0.0 %"),
        ("/badge/backend/azure/uptime/7d.svg", "azure 7d: 100 %"),
        ("/badge/apps/uptime/24h.svg", "apps 24h: 90.0 %"),
        ("/badge/apps/uptime/30d.svg", "apps 30d: 90.0 %"),
    ],
)
async def test_badges(path: str, said: str) -> None:
    async with Scene(rows=(row("openai", Word.EJECTED), row("azure"))).open() as scene:
        scene.break_down()
        scene.serve(5)
        picture = ET.fromstring((await scene.get(path)).text)
        assert picture.get("aria-label") == said


async def test_a_badge_without_traffic_claims_nothing() -> None:
    async with Scene().open() as scene:
        assert "no traffic" in (await scene.get("/badge/apps/uptime/1h.svg")).text


@pytest.mark.parametrize(
    "path",
    [
        "/badge/backend/unknown.svg",
        "/badge/backend/unknown/uptime/1h.svg",
        "/badge/apps/uptime/9y.svg",
        "/badge/backend/openai/uptime/9y.svg",
    ],
)
async def test_what_is_unknown_has_no_badge(path: str) -> None:
    async with Scene().open() as scene:
        assert (await scene.get(path)).status == 404
