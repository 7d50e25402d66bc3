"""S. The sixteen failures of a public bench of gateways, one request each, judged as it judges.

One first choice, one fallback that is another model, OpenAI's SDK as the caller.
"""

import asyncio
from typing import Any

import openai
import pytest

from proxy import sim
from proxy.sim import Behaviour
from proxy.sim.voice import Voice
from tests.scenarios.sdks import Heard, chat
from tests.scenarios.world import World, scenario

TOKENS = 60
BENCH: dict[str, Any] = {
    "tiers": "[[p], [s/fallback]]",
    "limits": "head: 30s, first_content: 30s, stall: 30s",
    "route": "hedge: {after: 10s}",
    "tokens": TOKENS,
}
FALLBACK = "fallback"


def whole(heard: Heard) -> bool:
    """Tell whether every token is there, and an end."""
    return heard.words == TOKENS and heard.finish == "stop"


@scenario(**BENCH)
async def test_S01_a_short_wait_that_was_told_is_waited_for(world: World) -> None:
    world.p.plan_next(sim.status(429, retry_after=2))
    heard = await chat(world)
    assert whole(heard)
    assert heard.models == {"m"}
    first, second = world.p.log
    assert second.at - first.at >= 1.8
    assert world.s.log == []


@scenario(**BENCH)
async def test_S02_limits_without_end_lead_to_the_fallback(world: World) -> None:
    world.p.plan(sim.status(429))
    heard = await chat(world)
    assert whole(heard)
    assert heard.models == {FALLBACK}
    assert world.at("p", 0, world.p.log[0].at + 3) <= 4
    assert len(world.p.log) <= 6


@scenario(**BENCH)
async def test_S03_one_failure_is_repeated_once(world: World) -> None:
    world.p.plan_next(sim.status(500))
    heard = await chat(world)
    assert whole(heard)
    assert heard.models == {"m"}
    assert (len(world.p.log), len(world.s.log)) == (2, 0)


@scenario(**BENCH)
async def test_S04_an_outage_leads_to_the_fallback(world: World) -> None:
    world.p.plan(sim.status(503))
    heard = await chat(world)
    assert whole(heard)
    assert heard.models == {FALLBACK}
    assert len(world.p.log) <= 6


@scenario(**BENCH)
async def test_S05_a_reset_is_not_seen(world: World) -> None:
    world.p.plan_next(sim.reset_before_head())
    assert whole(await chat(world))


@scenario(**BENCH | {"route": ""})
async def test_S06_a_silent_provider_is_asked_once(world: World) -> None:
    world.p.plan(sim.silent())
    heard = await chat(world)
    assert whole(heard)
    assert heard.models == {FALLBACK}
    assert heard.took <= 31
    assert len(world.p.log) == 1


@scenario(**BENCH)
async def test_S06_with_a_hedge_it_is_asked_once_too(world: World) -> None:
    world.p.plan(sim.silent())
    heard = await chat(world)
    assert whole(heard)
    assert heard.took <= 11
    assert len(world.p.log) == 1


@scenario(**BENCH)
async def test_S07_a_late_first_word_is_overtaken(world: World) -> None:
    world.p.plan(sim.slow_first_token(20))
    heard = await chat(world)
    assert whole(heard)
    assert heard.models == {FALLBACK}
    assert heard.took <= 15
    await asyncio.sleep(1)
    assert world.p.live == 0


@scenario(**BENCH)
async def test_S10_a_garbled_event_is_dropped(world: World) -> None:
    world.p.plan(sim.garbled_event(9))
    heard = await chat(world)
    assert heard.words == TOKENS - 1
    assert heard.finish == "stop"
    assert heard.tokens == TOKENS
    (record,) = world.told.records
    assert record.attempts[-1].garbled == 1


def no_done_and_open(voice: Voice) -> Any:
    """Say everything but the end marker, and leave the connection open."""
    good = voice.answer()
    yield good.begin() + good.frame(*good.events[:-1])
    yield sim.Silence()


@pytest.mark.parametrize(
    ("how", "within"),
    [(sim.no_done(), 1.0), (Behaviour(name="and open", play=no_done_and_open), 2.1)],
    ids=str,
)
@scenario(**BENCH)
async def test_S11_a_stream_without_end_marker_is_ended(
    world: World, how: Behaviour, within: float
) -> None:
    world.p.plan(how)
    heard = await chat(world)
    assert whole(heard)
    assert heard.tokens == TOKENS
    assert heard.took <= within
    assert world.told.changes == []


TOO_LONG = (
    "This model's maximum context length is 8192 tokens. However, your messages resulted in "
    "9001 tokens. Please reduce the length of the messages."
)


@scenario(**BENCH)
async def test_S12_a_prompt_that_is_too_long_is_told(world: World) -> None:
    world.p.plan(sim.status(400, message=TOO_LONG))
    with pytest.raises(openai.BadRequestError, match="maximum context length"):
        await chat(world)
    assert (len(world.p.log), len(world.s.log)) == (1, 0)


@scenario(**BENCH | {"tiers": "[[p], [{backend: s, model: fallback, context_window: 128000}]]"})
async def test_S12_a_larger_window_answers_if_there_is_one(world: World) -> None:
    world.p.plan(sim.status(400, message=TOO_LONG))
    heard = await chat(world)
    assert whole(heard)
    assert heard.models == {FALLBACK}
    assert len(world.p.log) == 1


@scenario(**BENCH)
async def test_S13_a_safety_refusal_is_not_routed_around(world: World) -> None:
    said = "Your request was rejected as a result of our safety system (content_policy_violation)."
    world.p.plan(sim.status(400, message=said))
    with pytest.raises(openai.BadRequestError, match="our safety system"):
        await chat(world)
    assert (len(world.p.log), len(world.s.log)) == (1, 0)
    assert world.told.changes == []


@scenario(**BENCH)
async def test_S15_an_outage_of_a_minute(world: World) -> None:
    sdk = world.openai()
    start = world.now()
    world.p.plan(sim.status(503))
    world.p.script([(60.0, sim.ok())])
    back = None
    while back is None and world.now() < start + 120:
        heard = await chat(world, sdk)
        assert whole(heard)
        assert heard.took <= 1
        if heard.models == {"m"}:
            back = world.now() - start
        await asyncio.sleep(4)
    assert back is not None
    assert 60 <= back <= 90
    assert world.at("p", start, start + 60) <= 16


@scenario(**BENCH)
async def test_S16_the_answer_names_the_model_that_gave_it(world: World) -> None:
    world.p.plan(sim.status(503))
    heard = await chat(world)
    assert whole(heard)
    assert heard.models == {FALLBACK}
    assert heard.tokens == TOKENS
    (made,) = world.calls
    assert made.fields["x-faultline-backend"] == "s"
    assert made.fields["x-faultline-model"] == FALLBACK
