import pytest
from google import genai
from google.genai import errors, types

from proxy.sim import Provider, error_event_after
from tests.sim.talk import events, voice

STREAM = "/v1beta/models/g:streamGenerateContent?alt=sse"


# The SDK takes aiohttp where it is installed, in a way that aiohttp discourages.
@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")
async def test_the_sdk_reads_every_operation() -> None:
    async with Provider("alpha", tokens=5) as alpha:
        sdk = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=alpha.url)).aio
        whole = await sdk.models.generate_content(model="g", contents="hi")
        parts = [
            part
            async for part in await sdk.models.generate_content_stream(model="g", contents="hi")
        ]
        assert "".join(part.text or "" for part in parts) == whole.text
        assert parts[-1].candidates is not None
        assert parts[-1].candidates[0].finish_reason == types.FinishReason.STOP
        assert (await sdk.models.count_tokens(model="g", contents="hi")).total_tokens
        assert (await sdk.models.embed_content(model="g", contents="hi")).embeddings
        assert [m.name async for m in await sdk.models.list()] == [
            "models/sim-large",
            "models/sim-small",
        ]
        alpha.plan(error_event_after(1, 429))
        with pytest.raises(errors.APIError, match="RESOURCE_EXHAUSTED"):
            [p async for p in await sdk.models.generate_content_stream(model="g", contents="hi")]
        await sdk.aclose()


def test_the_last_event_tells_why_it_ended() -> None:
    good = voice(STREAM, {"generationConfig": {"maxOutputTokens": 2}}).answer()
    assert len(good.content) == 2
    last = events(good.closing[-1])[0]["candidates"][0]  # type: ignore[index]
    assert last["finishReason"] == "MAX_TOKENS"


def test_a_batch_has_as_many_embeddings() -> None:
    good = voice("/v1beta/models/g:batchEmbedContents", {"requests": [{}, {}]}).answer()
    assert good.content[0].count(b"values") == 2
