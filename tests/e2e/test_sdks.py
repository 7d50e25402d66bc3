"""Official SDKs get whole answers from the spare while the first choice fails in every way."""

from collections.abc import Awaitable, Callable

import anthropic
import google.genai.errors
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from proxy import sim
from proxy.model import Result
from proxy.sim import Behaviour
from tests.e2e.house import APP_KEY, KEYS, House, house

# google-genai takes aiohttp where it is installed, in a way that aiohttp discourages.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")
CHAT: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
MESSAGES: list[anthropic.types.MessageParam] = [{"role": "user", "content": "hi"}]
FAULTS: dict[str, Callable[[], Behaviour]] = {
    "a-cloudflare-502": sim.cdn_502,
    "b-503": lambda: sim.status(503),
    "c-refused": sim.refuse,
    "d-reset": sim.reset_before_head,
    "e-error-first": sim.error_first_event,
    "f-silent": sim.silent,
    "g-html-200": sim.html_200,
    "g-empty-200": sim.empty_200,
}
every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())


async def openai_unary(here: House) -> str:
    async with here.openai() as sdk:
        answer = await sdk.chat.completions.create(model="m", messages=CHAT)
        assert answer.choices[0].finish_reason == "stop"
        return answer.choices[0].message.content or ""


async def openai_stream(here: House) -> str:
    async with here.openai() as sdk:
        stream = await sdk.chat.completions.create(model="m", messages=CHAT, stream=True)
        chunks = [chunk async for chunk in stream]
        assert chunks[-1].choices[0].finish_reason == "stop"
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


async def responses_unary(here: House) -> str:
    async with here.openai() as sdk:
        return (await sdk.responses.create(model="m", input="hi")).output_text


async def responses_stream(here: House) -> str:
    async with here.openai() as sdk:
        stream = await sdk.responses.create(model="m", input="hi", stream=True)
        events = [event async for event in stream]
        assert events[-1].type == "response.completed"
        return "".join(e.delta for e in events if e.type == "response.output_text.delta")


async def anthropic_unary(here: House) -> str:
    async with here.anthropic() as sdk:
        answer = await sdk.messages.create(model="m", max_tokens=64, messages=MESSAGES)
        assert answer.stop_reason == "end_turn"
        assert isinstance(answer.content[0], anthropic.types.TextBlock)
        return answer.content[0].text


async def anthropic_stream(here: House) -> str:
    async with (
        here.anthropic() as sdk,
        sdk.messages.stream(model="m", max_tokens=64, messages=MESSAGES) as stream,
    ):
        return "".join([text async for text in stream.text_stream])


async def gemini_unary(here: House) -> str:
    async with here.gemini() as sdk:
        answer = await sdk.models.generate_content(model="m", contents="hi")
        return answer.text or ""


async def gemini_stream(here: House) -> str:
    async with here.gemini() as sdk:
        stream = await sdk.models.generate_content_stream(model="m", contents="hi")
        return "".join([chunk.text or "" async for chunk in stream])


Client = Callable[[House], Awaitable[str]]
CLIENTS: dict[str, tuple[str, Client]] = {
    "openai-unary": ("openai-compatible", openai_unary),
    "openai-stream": ("openai-compatible", openai_stream),
    "responses-unary": ("openai-compatible", responses_unary),
    "responses-stream": ("openai-compatible", responses_stream),
    "anthropic-unary": ("anthropic", anthropic_unary),
    "anthropic-stream": ("anthropic", anthropic_stream),
    "gemini-unary": ("gemini", gemini_unary),
    "gemini-stream": ("gemini", gemini_stream),
}


@pytest.mark.parametrize(("provider", "client"), CLIENTS.values(), ids=CLIENTS.keys())
@every_fault
async def test_the_answer_is_whole_and_comes_from_the_spare(
    provider: str, client: Client, fault: Callable[[], Behaviour]
) -> None:
    async with house(provider, head="400ms") as here:
        good = await client(here)
        assert here.told.records[-1].backend == "p"
        here.p.plan(fault())
        assert await client(here) == good
        record = here.told.records[-1]
        assert record.backend == "s"
        assert record.result is Result.WHOLE
        assert record.rescued
        assert len(here.s.attempts) == 1


async def test_a_cut_stream_raises_the_sdks_own_exception() -> None:
    async with house() as here:
        here.p.plan(sim.cut_after(6))
        with pytest.raises(openai.APIError, match="cut"):
            await openai_stream(here)
        with pytest.raises(openai.APIError):
            await responses_stream(here)


async def test_a_cut_stream_raises_for_anthropic_and_gemini() -> None:
    async with house("anthropic") as here:
        here.p.plan(sim.cut_after(6))
        with pytest.raises(anthropic.APIStatusError, match="cut"):
            await anthropic_stream(here)
    async with house("gemini") as here:
        here.p.plan(sim.cut_after(6))
        with pytest.raises(google.genai.errors.APIError, match="cut"):
            await gemini_stream(here)


async def test_a_refusal_reads_well_in_each_sdk() -> None:
    async with house() as here:
        for provider in (here.p, here.s):
            provider.plan(sim.cdn_502())
        with pytest.raises(openai.InternalServerError, match="Faultline: no backend answered"):
            await openai_unary(here)
    async with house("anthropic") as here:
        for provider in (here.p, here.s):
            provider.plan(sim.cdn_502())
        with pytest.raises(anthropic.APIStatusError, match="Faultline: no backend answered"):
            await anthropic_unary(here)
    async with house("gemini") as here:
        for provider in (here.p, here.s):
            provider.plan(sim.cdn_502())
        with pytest.raises(google.genai.errors.ServerError, match="Faultline: no backend answered"):
            await gemini_unary(here)


@pytest.mark.parametrize("provider", ["openai-compatible", "anthropic", "gemini"])
async def test_no_key_reaches_another_backend(provider: str) -> None:
    client: Client = {
        "openai-compatible": openai_unary,
        "anthropic": anthropic_unary,
        "gemini": gemini_unary,
    }[provider]
    async with house(provider) as here:
        here.p.plan_next(sim.status(503))
        await client(here)
        for seen, own, other in ((here.p, "P_KEY", "S_KEY"), (here.s, "S_KEY", "P_KEY")):
            text = repr(seen.attempts)
            assert KEYS[own] in text
            assert KEYS[other] not in text
            assert APP_KEY not in text


async def test_the_anthropic_beta_header_passes() -> None:
    async with house("anthropic") as here, here.anthropic() as sdk:
        await sdk.messages.create(
            model="m",
            max_tokens=64,
            messages=MESSAGES,
            extra_headers={"anthropic-beta": "context-1m-2025-08-07"},
        )
        headers = {k.lower(): v for k, v in here.p.attempts[0].headers}
        assert headers[b"anthropic-beta"] == b"context-1m-2025-08-07"


async def test_other_operations_of_the_sdk_pass() -> None:
    async with house() as here, here.openai() as sdk:
        rows = await sdk.embeddings.create(model="m", input=["a", "b"])
        assert len(rows.data) == 2
        text = await sdk.completions.create(model="m", prompt="hi")
        assert text.choices[0].text
