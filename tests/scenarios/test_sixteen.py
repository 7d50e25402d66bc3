"""S. The sixteen failures of a public bench of gateways, one request each, judged as it judges.

One first choice, one fallback that is another model, OpenAI's SDK as the caller.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openai
import pytest

from proxy import sim
from proxy.model import Result, Rung
from proxy.sim import Behaviour, Step, framing
from proxy.sim import openai as sim_openai
from proxy.sim.speech import speak
from proxy.sim.voice import Voice
from tests.scenarios import reading
from tests.scenarios.crossing import Call, End
from tests.scenarios.scenario import scenario
from tests.scenarios.sdks import Heard, chat
from tests.scenarios.world import World

TOKENS = 60
BENCH: dict[str, Any] = {
    "tiers": "[[p], [s/fallback]]",
    "limits": "head: 30s, first_content: 30s, stall: 30s",
    "route": "hedge: {after: 10s}",
    "tokens": TOKENS,
}
FALLBACK = "fallback"


def spoken(call: Call) -> str:
    """Return the text that a provider has for a call's prompt."""
    said = speak(json.loads(call.body), provider="p", model="m", tokens=TOKENS, stamp=False)
    return said.text


def rungs(world: World) -> list[Rung]:
    """Return the rungs that were tried, in order."""
    return [record.resumption.rung for _, record in world.told.attempts if record.resumption]


def going_on(*, takes_prefill: bool) -> Behaviour:
    """Be a model of other words, which goes on with what it is given."""

    def play(voice: Voice) -> Iterator[Step]:
        messages: Any = voice.seen.payload["messages"]
        turns = [turn["role"] for turn in messages]
        shown = messages[turns.index("assistant")]["content"] if "assistant" in turns else None
        if shown is None:
            own = replace(voice, stamp=True).answer()
            yield own.begin() + own.frame(*own.events) + own.end()
            return
        prefilled = turns[-1] == "assistant"
        if prefilled and not takes_prefill:
            error = voice.error(400, "This model does not support assistant message prefill.")
            yield framing.reply(400, ((b"content-type", b"application/json"),), error)
            return
        first = {"messages": messages[: turns.index("assistant")]}
        whole = speak(first, provider="s", model=FALLBACK, tokens=TOKENS, stamp=False)
        rest = whole.text[len(shown) if prefilled else len(shown) - 48 :]
        tokens = tuple(re.findall(r"\s*\S+", rest))
        answer = sim_openai.chat(replace(whole, tokens=tokens), voice.seen.payload)
        yield answer.begin() + answer.frame(*answer.events) + answer.end()

    return Behaviour(name=f"going_on({takes_prefill})", play=play)


def whole(heard: Heard) -> bool:
    """Tell whether every token is there, and an end."""
    return heard.words == TOKENS and heard.finish == "stop"


async def the_whole_answer(world: World) -> Heard:
    """Ask, and get what a provider has to say, to the character."""
    heard = await chat(world)
    assert whole(heard)
    assert heard.text == spoken(world.calls[-1])
    return heard


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


RESUMING = BENCH | {
    "route": "hedge: {after: 10s}, resume: [align, prefill, anchor]",
    "limits": "head: 30s, first_content: 30s, stall: 10s",
    "stamp": False,
    "resumes": True,
}
"""The two providers are the same model: unless they are told otherwise, they say the same."""
CUTS = [sim.cut_after(40, how) for how in sim.Cut]


@pytest.mark.parametrize("cut", CUTS, ids=str)
@scenario(**RESUMING)
async def test_S08_a_cut_stream_is_gone_on_with(world: World, cut: Behaviour) -> None:
    world.p.plan(cut)
    await the_whole_answer(world)
    assert world.told.records[-1].result is Result.WHOLE


@pytest.mark.parametrize("cut", CUTS, ids=str)
@scenario(**RESUMING)
async def test_S08_a_fallback_with_other_words_is_asked_to_go_on(
    world: World, cut: Behaviour
) -> None:
    world.p.plan(cut)
    world.s.plan(going_on(takes_prefill=False))
    await the_whole_answer(world)
    assert rungs(world) == [Rung.ALIGN, Rung.ANCHOR]


@pytest.mark.parametrize("cut", CUTS, ids=str)
@scenario(**BENCH | {"route": "resume: [align]"})
async def test_S08_where_nothing_fits_it_is_cut_without_a_foreign_word(
    world: World, cut: Behaviour
) -> None:
    world.p.plan(cut)
    with pytest.raises(openai.APIError):
        await chat(world)
    (made,) = world.calls
    assert reading.stamps(bytes(made.answer)) == {"p"}
    assert made.end is End.CUT


@scenario(**RESUMING | {"limits": "head: 30s, first_content: 30s, stall: 40s"})
async def test_S09_a_stalled_stream_is_gone_on_with(world: World) -> None:
    world.p.plan(sim.stall_after(20, 30.0))
    heard = await the_whole_answer(world)
    assert heard.took <= 45
    world.p.plan(sim.ok())
    assert (await chat(world)).models == {"m"}


@scenario(**RESUMING)
async def test_S09_silence_is_ended_by_the_limit(world: World) -> None:
    world.p.plan(sim.stall_after(20))
    heard = await the_whole_answer(world)
    assert heard.took <= 11


PREFILL = "[[p], [{backend: s, model: fallback, prefill: true}]]"


@pytest.mark.parametrize("cut", CUTS, ids=str)
@scenario(**RESUMING)
async def test_S14_a_fallback_without_prefill_is_not_asked_for_one(
    world: World, cut: Behaviour
) -> None:
    world.p.plan(cut)
    world.s.plan(going_on(takes_prefill=False))
    await the_whole_answer(world)
    assert Rung.PREFILL not in rungs(world)


@scenario(**RESUMING | {"tiers": PREFILL, "route": "resume: [prefill, anchor]"})
async def test_S14_a_prefill_that_is_refused_is_not_seen_and_not_tried_again(
    world: World,
) -> None:
    world.p.plan(sim.cut_after(40))
    world.s.plan(going_on(takes_prefill=False))
    for _ in range(2):
        await the_whole_answer(world)
    assert rungs(world) == [Rung.PREFILL, Rung.ANCHOR, Rung.ANCHOR]


@scenario(**RESUMING | {"tiers": PREFILL, "route": "resume: [prefill]"})
async def test_S14_a_prefill_that_is_taken(world: World) -> None:
    world.p.plan(sim.cut_after(40))
    world.s.plan(going_on(takes_prefill=True))
    await the_whole_answer(world)


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
