import anthropic
import pytest

from proxy.sim import Provider, error_event_after, overload
from tests.sim.talk import events, voice

TURN: anthropic.types.MessageParam = {"role": "user", "content": "hi"}


def client(alpha: Provider) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=alpha.url, api_key="k", max_retries=0)


async def test_the_sdk_reads_a_message_whole_and_streamed() -> None:
    async with Provider("alpha", tokens=5) as alpha, client(alpha) as sdk:
        whole = await sdk.messages.create(model="m", max_tokens=50, messages=[TURN])
        async with sdk.messages.stream(model="m", max_tokens=50, messages=[TURN]) as stream:
            final = await stream.get_final_message()
        assert whole.stop_reason == final.stop_reason == "end_turn"
        assert [b.type for b in final.content] == ["text"]
        assert final.content[0].model_dump()["text"] == whole.content[0].model_dump()["text"]
        assert final.usage.output_tokens == 5


async def test_the_sdk_reads_counts_and_models() -> None:
    async with Provider("alpha") as alpha, client(alpha) as sdk:
        counted = await sdk.messages.count_tokens(model="m", messages=[TURN])
        assert counted.input_tokens > 0
        assert [model.id async for model in sdk.models.list()] == ["sim-large", "sim-small"]


async def test_the_sdk_hears_overload_in_the_head_and_in_the_stream() -> None:
    async with Provider("alpha") as alpha, client(alpha) as sdk:
        alpha.plan_next(overload(retry_after=3), error_event_after(2))
        with pytest.raises(anthropic.APIStatusError) as refused:
            await sdk.messages.create(model="m", max_tokens=50, messages=[TURN])
        assert refused.value.status_code == 529
        assert refused.value.response.headers["retry-after"] == "3"
        async with sdk.messages.stream(model="m", max_tokens=50, messages=[TURN]) as stream:
            with pytest.raises(anthropic.APIStatusError, match="overloaded_error"):
                await stream.get_final_message()


def test_what_leads_to_the_first_token_is_no_content() -> None:
    good = voice("/v1/messages", {"stream": True}).answer()
    kinds = [e["type"] for e in events(b"".join(good.lead))]
    assert kinds == ["message_start", "content_block_start", "ping"]
    assert {e["type"] for e in events(b"".join(good.content))} == {"content_block_delta"}
    assert events(good.closing[-1])[0] == {"type": "message_stop"}
