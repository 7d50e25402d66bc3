"""F. Who is asked, who is left alone, and who comes back."""

import asyncio
import itertools
import json
import statistics
from itertools import pairwise
from typing import Any

import openai
import pytest

from proxy import sim
from proxy.model import Change
from proxy.sim import Behaviour
from tests.scenarios import sdks
from tests.scenarios.crossing import Call
from tests.scenarios.scenario import scenario
from tests.scenarios.world import World

FAILURES = [sim.cdn_502(), sim.status(503), sim.reset_before_head(), sim.refuse()]


def tried(world: World, backend: str = "p") -> int:
    """Count what is told of a backend: a port that is shut sees nothing."""
    return sum(1 for _, record in world.told.attempts if record.backend == backend)


def all_good(calls: list[Call]) -> bool:
    return all(call.complete for call in calls)


@pytest.mark.parametrize("fault", FAILURES, ids=str)
@scenario()
async def test_F1_an_outage_costs_few_attempts(world: World, fault: Behaviour) -> None:
    world.p.plan(fault)
    calls = await world.load(500, at_once=10)
    assert all_good(calls)
    assert tried(world) <= 5 + 10 + 3
    assert tried(world) + tried(world, "s") <= 1.05 * len(calls)


@pytest.mark.parametrize("fault", [sim.cdn_502(), sim.reset_before_head()], ids=str)
@scenario()
async def test_F1_our_own_lag_does_not_hide_an_outage(world: World, fault: Behaviour) -> None:
    """What a provider says is its own doing, however late we are to hear it."""
    world.p.plan(fault)
    calls = []
    for _ in range(12):
        world.hold(0.5)
        calls += await world.load(5, at_once=5)
    assert all_good(calls)
    assert tried(world) <= 5 + 5 + 4


@scenario()
async def test_F2_one_in_two_is_too_many(world: World) -> None:
    world.p.plan(sim.status(503), when=lambda _: world.dice.random() < 0.5)
    start = world.now()
    calls = await world.pour(20, 10)
    assert all_good(calls)
    (first, *_) = world.changes(Change.EJECTED, "p")
    assert first - start <= 10
    assert world.at("p", until=first) >= 5


@scenario()
async def test_F2_it_is_the_share_that_counts(world: World) -> None:
    """Four bad, one good: never five in a row, and yet far too many."""
    fault = [sim.status(503)] * 4
    for _ in range(12):
        world.p.plan_next(*fault, sim.ok())
    calls = await world.load(40, at_once=1)
    assert all_good(calls)
    assert world.changes(Change.EJECTED, "p")
    assert world.at("p") <= 21


@scenario()
async def test_F3_one_in_twenty_is_not(world: World) -> None:
    numbers = itertools.count(1)
    world.p.plan(sim.status(503), when=lambda _: next(numbers) % 20 == 0)
    calls = await world.pour(20, 30)
    assert all_good(calls)
    assert world.changes(Change.EJECTED, "p") == []
    attempts = world.at("p") + world.at("s")
    assert attempts <= 1.06 * len(calls)
    assert world.at("p") <= 1.2 * len(calls)


@scenario()
async def test_F4_flapping_is_met_with_longer_holds(world: World) -> None:
    down = [(20.0 * n, sim.cdn_502()) for n in range(15)]
    world.p.script([*down, *((at + 10, sim.ok()) for at, _ in down)])
    start = world.now()
    calls = await world.pour(2, 300)
    assert all_good(calls)
    calls.sort(key=lambda call: call.began)
    switches = [b.began for a, b in pairwise(calls) if a.backend != b.backend]
    assert len([at for at in switches if at < start + 60]) >= 2
    assert len([at for at in switches if at > start + 120]) <= 2 * 3


@scenario(tiers="[[p, s]]", route="balance: least", tokens=4)
async def test_F5_a_brownout_sends_traffic_elsewhere_without_an_ejection(world: World) -> None:
    world.p.plan(sim.ok(first=0.1))
    world.s.plan(sim.ok(first=0.1))
    await world.pour(10, 10)
    world.p.plan(sim.ok(first=2.0))
    slow = world.now()
    calls = await world.pour(10, 40)
    assert all_good(calls)
    assert world.told.changes == []
    late = world.at("p", since=slow + 10)
    assert late <= 0.2 * world.at("s", since=slow + 10)


@scenario()
async def test_F6_a_broken_model_is_no_broken_backend(world: World) -> None:
    world.p.plan(
        sim.status(404, message="The model `x` does not exist"), when=lambda s: s.model == "x"
    )
    for _ in range(10):
        assert (await world.ask(model="x")).backend == "s"
        assert (await world.ask(model="y")).backend == "p"
    assert world.at("p") == 11


KEYS = {
    "also": {"p2": "p"},
    "tiers": "[[p, p2, s]]",
}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (401, "Incorrect API key provided"),
        (429, "You exceeded your current quota, please check your plan and billing details."),
    ],
)
@scenario(**KEYS)
async def test_F7_a_broken_key_is_no_broken_backend(world: World, code: int, message: str) -> None:
    bad = world.keys["p"]
    world.p.plan(sim.status(code, message=message), when=lambda seen: seen.key == bad)
    calls = [await world.ask() for _ in range(10)]
    assert all_good(calls)
    assert {call.backend for call in calls} == {"p2"}
    assert world.at("p") == 1


@scenario()
async def test_F8_with_all_down_it_fails_fast_and_comes_back(world: World) -> None:
    for provider in (world.p, world.s):
        provider.plan(sim.cdn_502())
    start = world.now()
    calls = await world.pour(25, 30)
    assert {call.status for call in calls} == {503}
    refused = [call for call in calls if call.fields["x-faultline-attempts"] == "0"]
    assert len(refused) >= 0.8 * len(calls)
    assert statistics.quantiles([call.took for call in refused], n=100)[-1] <= 0.01 + world.late
    assert all(1 <= int(call.fields["retry-after"]) <= 60 for call in calls)
    assert {call.fields["x-should-retry"] for call in calls} == {"false"}
    for backend in ("p", "s"):
        assert world.at(backend, since=start + 5) <= 30
    for provider in (world.p, world.s):
        provider.plan(sim.ok())
    back = world.now()
    while not (await world.ask()).complete:  # noqa: ASYNC110 - an app asks again
        await asyncio.sleep(0.1)
    assert world.now() - back <= 16


@scenario(tiers="[[p], [s/fallback]]")
async def test_F8_a_refusal_names_who_failed_and_who_was_out(world: World) -> None:
    world.p.plan(sim.status(401))
    world.s.plan(sim.cdn_502())
    await world.ask()
    said = json.loads((await world.ask()).answer)["error"]["message"]
    assert "no backend answered for m (s: " in said
    assert "Out of rotation: p: key refused." in said


@scenario(extra="ejection: {backoff: {first: 60s, most: 60s}}")
async def test_F9_one_that_is_secretly_well_is_found(world: World) -> None:
    for provider in (world.p, world.s):
        provider.plan(sim.cdn_502())
    await world.load(20, at_once=1)
    world.s.plan(sim.ok())
    well = world.now()
    found = None
    while found is None:
        call = await world.ask()
        found = world.now() if call.complete else None
        await asyncio.sleep(0.02)
    assert found - well <= 2.1
    assert world.at("p", since=well) + world.at("s", since=well) <= 3


@scenario(tokens=4)
async def test_F10_a_crowd_that_waits_comes_back_by_steps(world: World) -> None:
    world.p.plan(sim.cdn_502())
    await world.load(20, at_once=5)
    assert world.changes(Change.EJECTED, "p")
    for provider in (world.p, world.s):
        provider.plan(sim.ok(first=2.0))
    world.p.forget()
    await asyncio.sleep(2)
    calls = await world.load(1000, at_once=250)
    assert all_good(calls)
    (back,) = world.changes(Change.RECOVERED, "p")
    early = [a for a in world.attempts() if a.backend == "p" and back - 3 < a.seen.at < back]
    assert len(early) == 1
    assert len(world.changes(Change.EJECTED, "p")) == 1
    assert 2 <= world.p.peak <= 2 ** int((world.now() - back) / 3)


@scenario()
async def test_F11_a_thousand_at_once_make_one_probe(world: World) -> None:
    world.p.plan(sim.cdn_502())
    await world.load(10, at_once=5)
    before = world.at("p")
    world.p.plan(sim.slow_first_token(2.0))
    await asyncio.sleep(1.5)
    calls = await world.load(1000, at_once=1000, stream=True)
    assert all_good(calls)
    (back,) = world.changes(Change.RECOVERED, "p")
    assert world.at("p", until=back) - before == 1


@pytest.mark.parametrize(("end", "within"), [("leaves", 2.0), ("hangs", 14.0), ("is reset", 4.5)])
@scenario(limits="head: 10s, first_content: 10s")
async def test_F12_a_probe_that_is_lost_gives_its_lease_back(
    world: World, end: str, within: float
) -> None:
    world.p.plan(sim.cdn_502())
    await world.load(10, at_once=5)
    await asyncio.sleep(1.5)
    before = world.at("p")
    fault = sim.reset_before_head() if end == "is reset" else sim.head_then_silence()
    world.p.plan(fault)
    client = await world.connect()
    world.send(client, world.chat(stream=True))
    await world.until(lambda: world.at("p") > before)
    if end == "leaves":
        await asyncio.sleep(0.1)
        client.leave(reset=True)
    world.p.plan(sim.ok())
    began = world.now()
    while not world.changes(Change.RECOVERED, "p"):
        assert (await world.ask()).complete
        await asyncio.sleep(0.2)
    assert world.now() - began <= within


@scenario(limits="head: 30s, first_content: 30s")
async def test_F13_an_old_success_closes_nothing(world: World) -> None:
    world.p.plan(sim.slow_first_token(3.0))
    client = await world.connect()
    old = world.send(client, world.chat(stream=True))
    await world.seen(world.p)
    world.p.plan(sim.cdn_502())
    await world.load(10, at_once=1)
    (out,) = world.changes(Change.EJECTED, "p")
    await client.answer(old)
    assert old.complete
    assert old.backend == "p"
    assert world.changes(Change.RECOVERED, "p") == []
    assert world.now() > out + 2


@scenario()
async def test_F14_a_probe_that_is_limited_is_no_recovery(world: World) -> None:
    world.p.plan(sim.cdn_502())
    await world.load(10, at_once=5)
    await asyncio.sleep(1.5)
    world.p.plan(sim.status(429))
    assert (await world.ask()).backend == "s"
    assert world.changes(Change.RECOVERED, "p") == []
    assert (await world.ask()).backend == "s"
    assert world.at("p") == 6


@scenario()
async def test_F15_a_storm_of_resends_is_damped(world: World) -> None:
    for provider in (world.p, world.s):
        provider.plan(sim.status(503))
    sdk = world.openai(retries=2)
    start = world.now()
    intents = 0

    async def one() -> None:
        with pytest.raises(openai.InternalServerError):
            await sdks.chat(world, sdk)

    async with asyncio.TaskGroup() as tasks:
        while world.now() < start + 60:
            tasks.create_task(one())
            intents += 1
            await asyncio.sleep(0.2)
    late = start + 5
    hits = world.at("p", since=late) + world.at("s", since=late)
    assert hits <= 1.2 * intents
    again = [c for c in world.calls if c.headers.get("x-stainless-retry-count", "0") != "0"]
    assert len(again) <= 0.05 * intents  # `x-should-retry: false` is heard


@scenario(route="hedge: {after: 1s}", limits="head: 30s, first_content: 30s", tokens=4)
async def test_F16_hedges_are_few_and_losers_go_at_once(world: World) -> None:
    for provider in (world.p, world.s):
        provider.plan(sim.slow_first_token(3.0))
    calls = await world.pour(10, 30, stream=True)
    assert all_good(calls)
    hedges = [record for _, record in world.told.attempts if record.hedge]
    assert 2 <= len(hedges) <= 0.05 * len(calls) + 2 * 3
    assert world.told.changes == []


@scenario(route="hedge: {after: 1s}", limits="head: 30s, first_content: 30s")
async def test_F16_a_loser_is_cancelled_within_50_ms(world: World) -> None:
    world.p.plan(sim.slow_first_token(10.0))
    call = await world.ask(stream=True)
    assert call.complete
    assert call.backend == "s"
    assert call.head_at is not None
    (seen,) = world.p.log
    await world.until(lambda: seen.peer_closed is not None)
    assert seen.peer_closed is not None
    assert seen.peer_closed - call.head_at <= 0.05 + world.late
    assert world.told.changes == []


@scenario()
async def test_F17_the_next_gateway_learns_that_one_was_here(world: World) -> None:
    await world.ask(headers={"x-stainless-retry-count": "1", "via": "1.1 other"})
    headers = {name.lower(): value for name, value in world.p.log[0].headers}
    via = b", ".join(v for n, v in world.p.log[0].headers if n.lower() == b"via")
    assert b"1.1 faultline" in via
    assert b"1.1 other" in via
    assert headers[b"x-stainless-retry-count"] == b"1"


@scenario(tiers="[[s]]", url={"s": "http://127.0.0.1:{tap}/v1"}, elsewhere=("s",))
async def test_F18_a_circle_is_broken_after_one_round(world: World) -> None:
    call = await world.ask()
    assert call.status == 503
    assert "loop" in world.told.records[0].attempts[0].verdict.evidence
    assert world.told.codes == ["loop_detected"]
    assert len(world.calls) == 2


@scenario(tiers="[[p], [s/fallback]]")
async def test_F19_the_fallbacks_complaint_does_not_hide_the_failure(world: World) -> None:
    world.p.plan(sim.cdn_502())
    world.s.plan(sim.status(400, message="This model does not support tools."))
    call = await world.ask()
    assert call.status == 503
    assert b"does not support tools" not in call.answer
    said = json.loads(call.answer)["error"]["message"]
    assert "p" in said
    assert "s" in said
    assert "p=cdn_edge_to_origin" in call.fields["x-faultline-reason"]


@pytest.mark.parametrize("path", ["/v1/files", "/v1/batches", "/v1/responses"])
@scenario()
async def test_F20_what_cannot_be_repeated_is_not(world: World, path: str) -> None:
    world.p.plan(sim.reset_before_head())
    fields: dict[str, Any] = {"background": True, "previous_response_id": "resp_1"}
    call = await world.ask(path=path, **(fields if path.endswith("responses") else {}))
    assert call.status == 502
    assert json.loads(call.answer)["error"]["code"] == "not_replayable"
    assert len(world.p.log) == 1
    assert world.s.log == []


@scenario(limits="head: 15s", tiers="[[p], [s]]")
async def test_F21_the_clients_own_deadline_holds(world: World) -> None:
    world.p.plan(sim.silent())
    world.s.plan(sim.silent())
    call = await world.ask(stream=True, headers={"x-stainless-timeout": "20"})
    assert call.status in {503, 504}
    assert call.took <= 20.1
    (seen,) = world.s.log
    await world.until(lambda: seen.peer_closed is not None, 1.0)
    assert world.now() - seen.at <= 5.1


@scenario(tiers="[[p/x, p/y], [s]]")
async def test_F22_a_limit_of_the_account_holds_for_all_its_models(world: World) -> None:
    said = "Rate limit reached for organization org-1 on requests per day. Limit 100."
    world.p.plan(sim.status(429, retry_after=30, message=said))
    calls = [await world.ask() for _ in range(5)]
    assert all(call.backend == "s" for call in calls)
    assert world.at("p") <= 2
