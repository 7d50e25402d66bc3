import openai
import pytest

from proxy.sim import Provider, error_event_after
from tests.sim.talk import events, voice


async def test_the_sdk_reads_a_response_whole_and_streamed() -> None:
    async with (
        Provider("alpha", tokens=5) as alpha,
        openai.AsyncOpenAI(base_url=f"{alpha.url}/v1", api_key="k", max_retries=0) as sdk,
    ):
        whole = await sdk.responses.create(model="m", input="hi")
        assert whole.status == "completed"
        async with sdk.responses.stream(model="m", input="hi") as stream:
            kinds = [event.type async for event in stream]
            final = await stream.get_final_response()
        assert final.output_text == whole.output_text
        assert kinds[0] == "response.created"
        assert kinds[-1] == "response.completed"


async def test_the_sdk_hears_a_failure_inside_the_stream() -> None:
    async with (
        Provider("alpha") as alpha,
        openai.AsyncOpenAI(base_url=f"{alpha.url}/v1", api_key="k", max_retries=0) as sdk,
    ):
        alpha.plan(error_event_after(1))
        stream = await sdk.responses.create(model="m", input="hi", stream=True)
        with pytest.raises(openai.APIError, match="Overloaded"):
            [event async for event in stream]


def test_sequence_numbers_run() -> None:
    good = voice("/v1/responses", {"stream": True, "max_output_tokens": 2}).answer()
    told = events(b"".join(good.events))
    assert [e["sequence_number"] for e in told] == list(range(len(told)))
    assert len(good.content) == 2
    assert told[-1]["type"] == "response.incomplete"
