"""B. What goes wrong between the request and the first byte that a client sees."""

import asyncio
import json
import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from proxy import sim
from proxy.model import Cause, Change, Sent
from proxy.sim import Behaviour
from tests.scenarios.clients import CHAT
from tests.scenarios.crossing import Call
from tests.scenarios.scenario import scenario
from tests.scenarios.world import World

TIERS = "[[p], [s]]"
"""Where leaving the first choice costs another model."""


def causes(world: World, backend: str = "p") -> list[Cause]:
    return [r.verdict.cause for _, r in world.told.attempts if r.backend == backend]


def rescued(call: Call) -> bool:
    return call.complete and call.backend == "s"


@scenario()
async def test_B1_a_reset_before_the_head_is_rerouted(world: World) -> None:
    world.p.plan(sim.reset_before_head())
    calls = [await world.ask(stream=stream) for stream in (True, False)]
    assert all(rescued(call) for call in calls)
    tried = [record for _, record in world.told.attempts if record.backend == "p"]
    assert [record.sent for record in tried] == [Sent.MAYBE_SENT] * 2
    assert set(causes(world)) == {Cause.ORIGIN}
    assert len(world.p.log) == 2


@scenario(tiers="[[p]]")
async def test_B2_a_connection_that_was_hung_up_is_repeated_and_charged_to_nobody(
    world: World,
) -> None:
    world.p.plan(sim.reset_before_head(), when=lambda seen: seen.index > 0)
    calls = await world.load(200, at_once=5)
    assert all(call.complete for call in calls)
    assert world.told.changes == []
    stale = [record for _, record in world.told.attempts if record.reused]
    assert len(stale) >= 100
    assert not any(record.verdict.good for record in stale)


@scenario(tiers="[[p]]", keep_alive=0.05)
async def test_B2_the_race_with_a_server_that_closes_idle_connections(world: World) -> None:
    for _ in range(100):
        assert (await world.ask()).complete
        await asyncio.sleep(0.0499 + 0.0002 * world.dice.random())
    assert world.told.changes == []


@scenario(tiers="[[p]]", route="replay: never")
async def test_B2_what_must_never_be_repeated_is_not(world: World) -> None:
    assert (await world.ask()).complete
    world.p.plan(sim.reset_before_head())
    call = await world.ask()
    assert call.status == 502
    assert len(world.p.log) == 2


@pytest.mark.parametrize("fault", [sim.close_mid_head, sim.reset_mid_head, sim.close_before_head])
@scenario()
async def test_B3_a_head_that_ends_in_the_middle_never_shows(
    world: World, fault: Callable[[], Behaviour]
) -> None:
    world.p.plan(fault())
    for stream in (True, False):
        assert rescued(await world.ask(stream=stream))


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (sim.garbage(), Cause.PROTOCOL),
        (sim.garbage(b"SSH-2.0-OpenSSH_9.6\r\n"), Cause.PROTOCOL),
        (sim.html_200(), None),
        (sim.empty_200(), None),
    ],
    ids=str,
)
@scenario()
async def test_B4_what_is_no_answer_of_an_api_is_a_bad_gateway(
    world: World, fault: Behaviour, cause: Cause | None
) -> None:
    world.p.plan(fault)
    for stream in (True, False):
        assert rescued(await world.ask(stream=stream))
    if cause is not None:
        assert set(causes(world)) == {cause}


HTML = [502, 503, 504, *range(520, 531)]


@pytest.mark.parametrize("code", HTML)
@scenario()
async def test_B5_an_error_page_goes_no_further(world: World, code: int) -> None:
    world.p.plan(sim.status(code, sim.Form.HTML, message="<script>canary()</script>"))
    calls = [await world.ask(stream=bool(number % 2)) for number in range(6)]
    assert all(rescued(call) for call in calls)
    assert 1 <= len(world.p.log) <= 5
    assert world.told.changes


@scenario(tiers="[[p]]")
async def test_B5_an_error_page_is_said_in_the_clients_dialect(world: World) -> None:
    world.p.plan(sim.cdn_502())
    call = await world.ask()
    assert call.status == 503
    assert b"<" not in call.answer
    error = json.loads(call.answer)["error"]
    assert error["code"] == "all_backends_failed"


@scenario()
async def test_B6_an_error_of_the_provider_is_rerouted(world: World) -> None:
    world.p.plan(sim.status(500))
    assert rescued(await world.ask())
    assert len(world.p.log) == 1


@scenario(tiers=TIERS)
async def test_B6_before_a_tier_is_left_it_is_asked_once_more(world: World) -> None:
    world.p.plan(sim.status(500))
    assert rescued(await world.ask())
    assert len(world.p.log) == 2


@pytest.mark.parametrize("code", [400, 413, 422])
@scenario()
async def test_B6_the_clients_own_fault_passes_byte_for_byte(world: World, code: int) -> None:
    world.p.plan(sim.status(code, message="look at messages.3 <again>"))
    for _ in range(8):
        call = await world.ask()
        assert call.status == code
        assert call.backend == "p"
    assert world.told.changes == []
    assert world.s.log == []


@scenario()
async def test_B6_an_unknown_model_condemns_itself_only(world: World) -> None:
    world.p.plan(
        sim.status(404, message="The model `x` does not exist"), when=lambda seen: seen.model == "x"
    )
    for _ in range(3):
        assert rescued(await world.ask(model="x"))
        assert (await world.ask(model="m")).backend == "p"
    assert [(change.scope.value, change.model) for change in world.told.changes] == [("model", "x")]
    assert [seen.model for seen in world.p.log].count("x") == 1


@pytest.mark.parametrize("code", [401, 403])
@scenario()
async def test_B6_a_refused_key_of_ours_never_shows(world: World, code: int) -> None:
    key = world.keys["p"]
    world.p.plan(sim.status(code, message=f"Incorrect API key provided: {key}"))
    calls = [await world.ask() for _ in range(5)]
    assert all(rescued(call) for call in calls)
    assert len(world.p.log) == 1
    (out,) = world.told.changes
    assert out.change in {Change.EJECTED, Change.COOLED}
    assert out.scope.value == ("key" if code == 401 else "backend")  # 403 says: not in this land


@scenario(key={"p": "client"}, tiers="[[p]]")
async def test_B6_a_refused_key_of_the_clients_is_the_clients_business(world: World) -> None:
    world.p.plan(sim.status(401, message="Incorrect API key provided"))
    for _ in range(3):
        call = await world.ask()
        assert call.status == 401
        assert call.backend == "p"
    assert world.told.changes == []


@scenario(tiers=TIERS)
async def test_B7_told_to_stay_away_it_stays_away(world: World) -> None:
    world.p.plan(sim.status(429, retry_after=20))
    assert rescued(await world.ask())
    world.p.plan(sim.ok())
    told = world.now()
    while world.now() < told + 16:
        assert rescued(await world.ask())
        await asyncio.sleep(1)
    assert len(world.p.log) == 1
    await asyncio.sleep(5)
    assert (await world.ask()).backend == "p"


@pytest.mark.parametrize(
    ("told", "least", "most"),
    [
        ("1000000000", 0.9, 3600),
        ("86400", 250, 3600),
        ("-5", 0.5, 5),
        ("0", 0.5, 5),
        ("garbage", 0.5, 5),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.5, 5),
        ("in 30 s", 25, 31),
        ("in 9999 s", 250, 3600),
        ("٣٠", 0.5, 5),
    ],
)
@scenario(tiers="[[p]]", route="patience: 0s")
async def test_B7_times_that_are_told_are_believed_within_reason(
    world: World, told: str, least: float, most: float
) -> None:
    if told.startswith("in "):
        told = formatdate(time.time() + int(told.split()[1]), usegmt=True)
    world.p.plan(sim.status(429, headers=((b"retry-after", told.encode()),)))
    call = await world.ask()
    assert call.status == 429
    assert 1 <= int(call.fields["retry-after"]) <= 60
    (cooled,) = [change for change in world.told.changes if change.until is not None]
    assert cooled.until is not None
    assert least <= cooled.until - cooled.at <= most


@scenario(tiers="[[p], [s]]", route="patience: 0s")
async def test_B8_all_limited_is_a_limit_with_the_soonest_time(world: World) -> None:
    world.p.plan(sim.status(429, retry_after=30))
    world.s.plan(sim.status(429, retry_after=10))
    first = await world.ask()
    rest = [await world.ask() for _ in range(20)]
    assert {call.status for call in (first, *rest)} == {429}
    assert 9 <= int(first.fields["retry-after"]) <= 11
    assert first.fields["x-should-retry"] == "true"
    assert json.loads(first.answer)["error"]["code"]
    assert (len(world.p.log), len(world.s.log)) == (1, 1)
    assert max(call.took for call in rest) <= 0.01 + world.late


@pytest.mark.parametrize("code", [529, 503])
@pytest.mark.parametrize("provider", ["openai-compatible", "anthropic"])
@scenario()
async def test_B9_overload_is_rerouted(world: World, code: int, provider: str) -> None:
    world.p.plan(sim.overload(code))
    path = CHAT if provider == "openai-compatible" else "/v1/messages"
    for stream in (True, False):
        call = await world.ask(path=path, stream=stream, max_tokens=50)
        assert rescued(call)
    assert set(causes(world)) == {Cause.CAPACITY}


@scenario(limits="first_content: 20s")
async def test_B10_a_head_and_nothing_more_costs_the_limit(world: World) -> None:
    world.p.plan(sim.head_then_silence())
    calls = [await world.ask(stream=True) for _ in range(3)]
    assert all(rescued(call) for call in calls)
    assert [round(call.took) for call in calls] == [20, 20, 0]
    assert set(causes(world)) == {Cause.TIMEOUT}


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("openai-compatible", CHAT),
        ("openai-compatible", "/v1/responses"),
        ("anthropic", "/v1/messages"),
        ("gemini", "/v1beta/models/m:streamGenerateContent?alt=sse"),
    ],
)
@scenario()
async def test_B11_an_error_before_the_first_word_is_rerouted(
    world: World, provider: str, path: str
) -> None:
    world.p.plan(sim.error_first_event())
    call = await world.ask(path=path, stream=True, max_tokens=50)
    assert rescued(call)
    assert call.streamed


@scenario(limits="first_content: 90s, stall: 10s")
async def test_B12_pings_are_no_progress(world: World) -> None:
    world.p.plan(sim.pings_only(1.0))
    call = await world.ask(stream=True)
    assert rescued(call)
    assert 80 <= call.took <= 95
