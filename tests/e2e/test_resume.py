"""A stream that breaks goes on with the spare, as the official SDKs see it."""

from collections.abc import Awaitable, Callable, Iterator

import anthropic
import openai
import pytest
from openai.types.responses import ResponseStreamEvent

from proxy import sim
from proxy.model import Result, Resumed, Rung
from proxy.sim import Behaviour
from proxy.sim.behaviour import SETTLE
from proxy.sim.voice import Voice
from tests.e2e.house import TABLE, House, house

LONG = "tell me about bridges"


def table(*rungs: Rung) -> str:
    tiers = f"tiers: [[p, {{{{backend: s, prefill: true}}}}]]\n    resume: [{', '.join(rungs)}]"
    return TABLE.replace("tiers: [[p, s]]", tiers)


async def ask_openai(here: House, limit: int = 500) -> str:
    async with here.openai() as sdk:
        stream = await sdk.chat.completions.create(
            model="m",
            max_tokens=limit,
            messages=[{"role": "user", "content": LONG}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    assert len({chunk.id for chunk in chunks}) == 1
    finish = [c.choices[0].finish_reason for c in chunks if c.choices]
    assert finish.count("stop") == 1
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens > 0
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


async def ask_anthropic(here: House, limit: int = 500) -> str:
    async with (
        here.anthropic() as sdk,
        sdk.messages.stream(
            model="m", max_tokens=limit, messages=[{"role": "user", "content": LONG}]
        ) as stream,
    ):
        text = "".join([piece async for piece in stream.text_stream])
        final = await stream.get_final_message()
    assert final.stop_reason == "end_turn"
    assert [block.type for block in final.content] == ["text"]
    assert isinstance(final.content[0], anthropic.types.TextBlock)
    assert final.content[0].text == text
    return text


async def ask_responses(here: House, limit: int = 500) -> str:
    async with (
        here.openai() as sdk,
        sdk.responses.stream(model="m", max_output_tokens=limit, input=LONG) as stream,
    ):
        events = [event async for event in stream]
        final = await stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    [begun] = [event.response.id for event in events if event.type == "response.created"]
    deltas = [event for event in events if event.type == "response.output_text.delta"]
    text = "".join(event.delta for event in deltas)
    [whole] = [event.text for event in events if event.type == "response.output_text.done"]
    [item] = final.output
    assert item.type == "message"
    assert {event.item_id for event in deltas} == {item.id}
    assert final.output_text == whole == deltas[-1].snapshot == text
    assert (final.id, final.status) == (begun, "completed")
    assert final.usage is not None
    assert final.usage.total_tokens == final.usage.input_tokens + final.usage.output_tokens
    return text


Client = Callable[[House], Awaitable[str]]
CLIENTS: dict[str, tuple[str, Client]] = {
    "openai": ("openai-compatible", ask_openai),
    "anthropic": ("anthropic", ask_anthropic),
    "responses": ("openai-compatible", ask_responses),
}


def late_error(tokens: int) -> Behaviour:
    """Say that it failed in a read of its own: together with the beginning it were a reroute."""

    def play(voice: Voice) -> Iterator[sim.Step]:
        good = voice.answer()
        yield good.begin() + good.frame(*good.first(tokens))
        yield SETTLE
        yield good.frame(voice.error_event(503, "Overloaded")) + good.end()

    return Behaviour(name="late_error", play=play)


def cut_closing(events: int) -> Behaviour:
    """Say all of the text, and some of the events by which it ends."""

    def play(voice: Voice) -> Iterator[sim.Step]:
        good = voice.answer()
        yield good.begin() + good.frame(*good.lead, *good.content, *good.closing[:events])
        yield sim.Close()

    return Behaviour(name=f"cut_closing({events})", play=play)


CUTS: dict[str, Behaviour] = {
    "unfinished": sim.cut_after(40, sim.Cut.FIN),
    "inside-an-event": sim.cut_after(40, sim.Cut.CHUNK),
    "clean": sim.cut_after(40, sim.Cut.CLEAN),
    "error-event": late_error(40),
}
every_client = pytest.mark.parametrize(("provider", "client"), CLIENTS.values(), ids=CLIENTS.keys())
prefilled = pytest.mark.parametrize(
    ("provider", "client"), [CLIENTS["openai"], CLIENTS["anthropic"]], ids=["openai", "anthropic"]
)
"""Responses have no turn of the model's that could be begun."""


async def check_goes_on(provider: str, client: Client, cut: Behaviour, rung: Rung) -> None:
    async with house(provider, table=table(rung), tokens=60) as here:
        good = await client(here)
        here.p.plan(cut)
        here.s.plan(sim.continuing())
        assert await client(here) == good
        record = here.told.records[-1]
        assert (record.result, record.backend, record.rescued) == (Result.WHOLE, "s", True)
        resumption = record.attempts[-1].resumption
        assert resumption is not None
        assert (resumption.rung, resumption.result) == (rung, Resumed.JOINED)
        assert len(here.p.attempts) == 2
        assert len(here.s.attempts) == 1


@every_client
@pytest.mark.parametrize("rung", [Rung.ALIGN, Rung.ANCHOR])
async def test_s08_a_stream_that_dies_comes_whole(
    provider: str, client: Client, rung: Rung
) -> None:
    await check_goes_on(provider, client, sim.cut_after(40), rung)


@prefilled
async def test_s08_a_stream_that_dies_is_prefilled(provider: str, client: Client) -> None:
    await check_goes_on(provider, client, sim.cut_after(40), Rung.PREFILL)


@every_client
@pytest.mark.parametrize("tokens", [1, 2, 59, 60])
async def test_s08_it_may_die_early_and_late(provider: str, client: Client, tokens: int) -> None:
    await check_goes_on(provider, client, sim.cut_after(tokens, sim.Cut.FIN), Rung.ALIGN)


@every_client
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
async def test_c1_c2_c3_c7_every_cut_is_mended(
    provider: str, client: Client, cut: Behaviour
) -> None:
    await check_goes_on(provider, client, cut, Rung.ALIGN)


@every_client
async def test_s09_a_stream_that_falls_silent_comes_whole(provider: str, client: Client) -> None:
    async with house(provider, table=table(Rung.ALIGN), tokens=60, stall="300ms") as here:
        good = await client(here)
        here.p.plan(sim.stall_after(20))
        assert await client(here) == good
        assert here.told.records[-1].backend == "s"


@pytest.mark.parametrize("rung", [Rung.ALIGN, Rung.ANCHOR])
@pytest.mark.parametrize(
    ("api", "events"),
    [("responses", 1), ("responses", 2), ("responses", 3), ("anthropic", 1), ("anthropic", 2)],
)
async def test_what_the_app_was_told_is_not_told_again(api: str, events: int, rung: Rung) -> None:
    provider, client = CLIENTS[api]
    await check_goes_on(provider, client, cut_closing(events), rung)


@prefilled
async def test_s14_a_fallback_that_refuses_prefill_goes_on_by_its_anchor(
    provider: str, client: Client
) -> None:
    async with house(provider, table=table(Rung.PREFILL, Rung.ANCHOR), tokens=60) as here:
        good = await client(here)
        here.p.plan(sim.cut_after(40))
        here.s.plan(sim.continuing(prefill=False))
        assert await client(here) == good
        assert [seen.sent > 0 for seen in here.s.attempts] == [True, True]
        assert await client(here) == good
        assert len(here.s.attempts) == 3, "the refusal is remembered"


@every_client
@pytest.mark.parametrize("rung", [Rung.ALIGN, Rung.ANCHOR])
async def test_a_fallback_that_says_something_else_is_not_heard(
    provider: str, client: Client, rung: Rung
) -> None:
    async with house(provider, table=table(rung), tokens=60) as here:
        here.p.plan(sim.cut_after(40))
        here.s.stamp_text = True
        with pytest.raises((openai.APIError, anthropic.APIStatusError), match="cut"):
            await client(here)
        record = here.told.records[-1]
        assert (record.result, record.backend) == (Result.CUT, "p")
        resumption = record.attempts[-1].resumption
        assert resumption is not None
        assert resumption.result is Resumed.MISMATCH


async def test_a_raw_stream_of_responses_is_one_stream() -> None:
    async with house(table=table(*Rung), tokens=60) as here, here.openai() as sdk:
        whole = await sdk.responses.create(model="m", input=LONG)
        here.p.plan(sim.cut_after(30))
        here.s.plan(sim.continuing())
        stream = await sdk.responses.create(model="m", input=LONG, stream=True)
        events = [event async for event in stream]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output == whole.output
    assert (last.response.id, last.response.usage) == (whole.id, whole.usage)


async def test_a_response_that_ends_at_its_limit_comes_so() -> None:
    async with house(table=table(Rung.ALIGN), tokens=60) as here, here.openai() as sdk:
        here.p.plan(sim.cut_after(10))
        stream = await sdk.responses.create(
            model="m", input=LONG, max_output_tokens=20, stream=True
        )
        last = [event async for event in stream][-1]
    assert last.type == "response.incomplete"
    assert here.told.records[-1].backend == "s"


async def listen(
    stream: openai.AsyncStream[ResponseStreamEvent], heard: list[ResponseStreamEvent]
) -> None:
    """Keep what was heard before an error, too."""
    async for event in stream:
        heard.append(event)  # noqa: PERF401 - a comprehension would lose it


async def test_a_response_of_another_text_is_not_heard() -> None:
    async with house(table=table(*Rung), tokens=60) as here, here.openai() as sdk:
        here.p.plan(sim.cut_after(40))
        here.s.stamp_text = True
        stream = await sdk.responses.create(model="m", input=LONG, stream=True)
        heard: list[ResponseStreamEvent] = []
        with pytest.raises(openai.APIError, match="cut"):
            await listen(stream, heard)
    assert [event.sequence_number for event in heard] == list(range(len(heard)))
    deltas = [event.delta for event in heard if event.type == "response.output_text.delta"]
    assert len(deltas) == 40
    assert "@" not in "".join(deltas)


async def test_a_response_that_leans_on_another_goes_to_nobody_else() -> None:
    async with house(table=table(*Rung), tokens=60) as here, here.openai() as sdk:
        here.p.plan(sim.cut_after(40))
        stream = await sdk.responses.create(
            model="m", input=LONG, previous_response_id="resp_p", stream=True
        )
        with pytest.raises(openai.APIError, match="cut"):
            await listen(stream, [])
        assert here.s.attempts == []


async def test_a_dead_spare_leaves_the_error_event() -> None:
    async with house(table=table(*Rung), tokens=60) as here:
        here.p.plan(sim.cut_after(40))
        here.s.plan(sim.refuse())
        with pytest.raises(openai.APIError, match="cut"):
            await ask_openai(here)
        assert here.told.records[-1].result is Result.CUT
