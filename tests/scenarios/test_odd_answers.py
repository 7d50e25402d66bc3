"""B. Answers that HTTP allows, or forbids, and that no client should have to deal with."""

import gzip
import hashlib
import json
import time
from collections.abc import Callable

import pytest

from proxy import sim
from proxy.model import Cause
from proxy.sim import Behaviour, Step
from proxy.sim.voice import Voice
from tests.scenarios.clients import request
from tests.scenarios.crossing import Call, End
from tests.scenarios.scenario import scenario
from tests.scenarios.world import World


def causes(world: World) -> set[Cause]:
    return {r.verdict.cause for _, r in world.told.attempts if r.backend == "p"}


def rescued(call: Call) -> bool:
    return call.complete and call.backend == "s"


@pytest.mark.parametrize("count", [1, 16, 1000])
@scenario()
async def test_B13_interim_answers_are_no_answer(world: World, count: int) -> None:
    world.p.plan(sim.interim(count))
    call = await world.ask()
    assert rescued(call)
    assert call.interim == []


@scenario()
async def test_B13_interim_answers_are_skipped(world: World) -> None:
    world.p.plan(sim.interim(3, then_answer=True))
    call = await world.ask()
    assert call.complete
    assert call.backend == "p"
    assert call.interim == []


MEGABYTES = 50


def large(world: World, **headers: str) -> bytes:
    payload = world.chat()
    payload["padding"] = "x" * (MEGABYTES * 1024 * 1024)
    host = world.faultline.edge.addresses[0]
    return request(payload, host=f"{host.host}:{host.port}", headers=headers)


@scenario()
async def test_B14_who_asks_whether_to_go_on_is_told_once(world: World) -> None:
    head, _, body = large(world, expect="100-continue").partition(b"\r\n\r\n")
    client = await world.connect()
    call = client.send(head + b"\r\n\r\n")
    await world.until(lambda: bool(call.interim))
    client.send(body)
    await client.answer(call)
    assert call.complete
    assert call.interim == [100]
    assert world.p.log[0].sha256 == hashlib.sha256(body).hexdigest()


@scenario()
async def test_B14_what_else_is_expected_is_refused(world: World) -> None:
    client = await world.connect()
    call = world.send(client, world.chat(), headers={"expect": "a-miracle"})
    await client.answer(call)
    assert call.status == 417
    assert world.p.log == []


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize("code", [413, 401])
@scenario()
async def test_B15_an_early_answer_stops_the_upload(world: World, code: int, close: bool) -> None:
    world.p.plan(sim.early_answer(code, close=close))
    client = await world.connect()
    call = client.send(large(world))
    await client.answer(call)
    if code == 413:
        assert call.status == 413
        assert call.backend == "p"
    else:
        assert rescued(call)
    world.p.plan(sim.ok())
    assert (await world.ask()).complete
    assert all(seen.method == "POST" and seen.index == 0 for seen in world.p.log)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@scenario()
async def test_B16_a_redirect_is_never_followed(world: World, code: int) -> None:
    there = f"{world.s.url}/v1/stolen"
    world.p.plan(sim.redirect(there, code))
    calls = [await world.ask() for _ in range(3)]
    assert all(rescued(call) for call in calls)
    assert not any(seen.path.endswith("stolen") for seen in world.s.log)
    assert not any("location" in call.fields for call in calls)
    assert causes(world) == {Cause.PROTOCOL}


@pytest.mark.parametrize(
    ("size", "fields", "fits"),
    [(9 * 1024, 1, True), (4 * 1024, 150, True), (64 * 1024, 1, False), (30_000, 300, False)],
)
@scenario()
async def test_B17_a_large_head_is_taken_up_to_the_limit(
    world: World, size: int, fields: int, fits: bool
) -> None:
    world.p.plan(sim.huge_head(size, fields))
    call = await world.ask()
    assert call.complete
    assert call.backend == ("p" if fits else "s")


LIES = [sim.length_and_chunked, sim.two_lengths, sim.surplus, sim.body_on_204]


@pytest.mark.parametrize("lie", LIES)
@scenario()
async def test_B18_framing_that_lies_leads_to_no_mixture(
    world: World, lie: Callable[[], Behaviour]
) -> None:
    world.p.plan_next(lie())
    first = await world.ask()
    second = await world.ask()
    assert second.complete
    assert b"smuggled" not in first.answer + second.answer
    assert all(seen.index == 0 for seen in world.p.log)
    assert rescued(first)


def zipped(voice: Voice) -> list[Step]:
    body = gzip.compress(voice.answer().content[0])
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n"
    return [head + b"content-length: %d\r\n\r\n" % len(body) + body]


@scenario()
async def test_B19_an_encoded_answer_passes_as_it_is(world: World) -> None:
    world.p.plan(Behaviour(name="zipped", play=lambda voice: iter(zipped(voice))))
    call = await world.ask(headers={"accept-encoding": "gzip"})
    assert call.backend == "p"
    assert call.fields["content-encoding"] == "gzip"
    answer = json.loads(gzip.decompress(call.answer))
    assert answer["choices"][0]["finish_reason"] == "stop"


@scenario()
async def test_B20_a_bomb_is_not_blown_up(world: World) -> None:
    world.p.plan(sim.gzip_bomb())
    await world.ask()
    began = time.process_time()
    call = await world.ask()
    assert rescued(call)
    assert time.process_time() - began <= 0.1


@scenario()
async def test_B21_switching_protocols_unasked_is_a_bad_gateway(world: World) -> None:
    world.p.plan(sim.switching_protocols())
    assert rescued(await world.ask())
    assert causes(world) == {Cause.PROTOCOL}


@scenario()
async def test_B22_json_where_a_stream_was_asked_for_never_hangs(world: World) -> None:
    world.p.plan(sim.unary_for_stream())
    call = await world.ask(stream=True)
    assert call.complete
    assert call.took < 1


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream"])
@scenario()
async def test_B22_a_stream_under_a_wrong_name_never_hangs(world: World, kind: str) -> None:
    world.p.plan(sim.wrong_content_type(kind))
    call = await world.ask(stream=True)
    assert call.end is End.COMPLETE
    assert call.took < 1
