"""Drills over HTTP: who may begin one, who may not, and that looking changes nothing."""

import json
from dataclasses import replace

import pytest

from proxy.model import Address, Drill, Seconds, Secret
from tests.console.looking import Answer, Scene
from tests.report.records import fleet

TOKENS = {"search": Secret("token-of-search"), "ops": Secret("token-of-ops")}
TABLE = fleet("openai", "azure", console=Address(port=0), clients=TOKENS)
BEARER = {"authorization": "Bearer token-of-ops"}
RESET = {"backend": "openai", "fault": "reset", "seconds": 30}


async def begin(scene: Scene, wanted: object = RESET, **headers: str) -> Answer:
    body = wanted if isinstance(wanted, bytes) else json.dumps(wanted).encode()
    return await scene.send("POST", "/api/drills", body, **headers)


async def test_a_drill_is_begun_listed_and_ended() -> None:
    async with Scene(fleet=TABLE).open() as scene:
        answer = await begin(scene, **BEARER)
        assert answer.status == 201
        told = json.loads(answer.text)
        assert 29 < told.pop("ends_in_s") <= 30
        assert told == {"backend": "openai", "fault": "reset", "by": "ops"}
        assert scene.drills.at("openai") is Drill.RESET
        listed = json.loads((await scene.get("/api/drills")).text)
        assert [(drill["backend"], drill["by"]) for drill in listed] == [("openai", "ops")]
        assert (await scene.get("/api/drills/openai", "DELETE", **BEARER)).status == 204
        assert scene.drills.at("openai") is None
        assert (await scene.get("/api/drills/openai", "DELETE", **BEARER)).status == 404


@pytest.mark.parametrize("fault", Drill)
async def test_every_fault_can_be_asked_for(fault: Drill) -> None:
    async with Scene(fleet=TABLE).open() as scene:
        assert (await begin(scene, RESET | {"fault": fault}, **BEARER)).status == 201
        assert scene.drills.at("openai") is fault
        scene.drills.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": "token-of-ops"}, 401),
        ({"authorization": "Basic eDp0b2tlbi1vZi1vcHM="}, 401),  # x:token-of-ops
        ({"x_api_key": "token-of-ops"}, 401),
        (BEARER | {"origin": "http://localhost:8081"}, 403),
        (BEARER | {"origin": "null"}, 403),
        (BEARER | {"sec_fetch_site": "same-origin"}, 403),
        (BEARER | {"sec_fetch_mode": "navigate"}, 403),
        (BEARER | {"referer": "http://localhost:8081/"}, 403),
        (BEARER | {"content_type": "text/plain"}, 415),
        (BEARER | {"content_type": "application/x-www-form-urlencoded"}, 415),
        (BEARER | {"content_type": "application/jsonp"}, 415),
        (BEARER | {"host": "evil.example"}, 421),
        ({"host": "evil.example"}, 421),
    ],
)
async def test_who_may_not_begin_one(headers: dict[str, str], status: int) -> None:
    async with Scene(fleet=TABLE).open() as scene:
        assert (await begin(scene, **headers)).status == status
        assert list(scene.drills.running) == []


@pytest.mark.parametrize("method", ["DELETE", "POST"])
async def test_nobody_ends_one_without_a_token(method: str) -> None:
    async with Scene(fleet=TABLE).open() as scene:
        scene.drills.begin("openai", Drill.RESET, Seconds(60), "ops")
        assert (await scene.send(method, "/api/drills/openai", b"")).status == 401
        browser = BEARER | {"origin": "http://evil.example"}
        assert (await scene.send(method, "/api/drills/openai", b"", **browser)).status == 403
        assert scene.drills.at("openai") is Drill.RESET
        scene.drills.close()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/api/drills", "/api/drills/openai", "/api/drills?fault=reset"])
async def test_looking_changes_nothing(method: str, path: str) -> None:
    async with Scene(fleet=TABLE).open() as scene:
        scene.drills.begin("azure", Drill.RESET, Seconds(60), "ops")
        await scene.send(method, path, json.dumps(RESET).encode(), **BEARER)
        assert [running.backend for running in scene.drills.running] == ["azure"]
        scene.drills.close()


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/drill", "/api/drillsx", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH", "OPTIONS"])
async def test_nothing_else_can_be_changed(path: str, method: str) -> None:
    async with Scene(fleet=TABLE).open() as scene:
        assert (await scene.send(method, path, b"{}", **BEARER)).status == 405


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
async def test_a_browser_gets_no_leave_to_ask(method: str) -> None:
    async with Scene(fleet=TABLE).open() as scene:
        answer = await scene.get("/api/drills", method, origin="http://evil.example")
        assert answer.status == 405
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_without_tokens_in_the_table_there_are_no_drills() -> None:
    async with Scene(fleet=replace(TABLE, clients={})).open() as scene:
        answer = await begin(scene, **BEARER)
        assert answer.status == 403
        assert "`clients`" in answer.text
        assert list(scene.drills.running) == []


async def test_the_token_is_that_of_the_table_of_the_moment() -> None:
    async with Scene(fleet=TABLE).open() as scene:
        scene.fleet = replace(TABLE, clients={"search": TOKENS["search"]})
        assert (await begin(scene, **BEARER)).status == 401


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        ([], 400),
        ({"backend": "openai"}, 400),
        (RESET | {"fault": "fire"}, 400),
        (RESET | {"more": 1}, 400),
        (RESET | {"seconds": "30"}, 400),
        (RESET | {"seconds": 0}, 400),
        (RESET | {"seconds": -1}, 400),
        (RESET | {"seconds": 600.1}, 400),
        (RESET | {"seconds": 1e400}, 400),
        (json.dumps(RESET).encode() + b" " * 2000, 400),
        (RESET | {"backend": "nobody"}, 404),
    ],
)
async def test_what_is_no_drill_says_why(wanted: object, status: int) -> None:
    async with Scene(fleet=TABLE).open() as scene:
        answer = await begin(scene, wanted, **BEARER)
        assert answer.status == status, answer.text
        assert json.loads(answer.text)["error"]
        assert list(scene.drills.running) == []


async def test_beyond_loopback_looking_needs_a_token_too() -> None:
    wide = replace(TABLE, console=Address(host="0.0.0.0", port=0))
    async with Scene(fleet=wide).open() as scene:
        assert (await scene.get("/api/drills")).status == 401
        assert (await scene.get("/api/drills", **BEARER)).status == 200
        assert (await begin(scene, **BEARER)).status == 201
        scene.drills.close()


async def test_the_page_says_that_it_is_on_purpose() -> None:
    async with Scene(fleet=TABLE).open() as scene:
        assert "On purpose" not in (await scene.get("/")).text
    async with Scene(fleet=TABLE).open() as scene:
        await begin(scene, **BEARER)
        text = (await scene.get("/")).text
        assert "Drill: openai plays <code>reset</code>" in text
        assert "Begun by ops" in text
        scene.drills.close()
