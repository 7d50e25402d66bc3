import openai

from proxy.sim import Provider
from tests.sim.talk import chat, events, voice


def client(alpha: Provider) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{alpha.url}/v1", api_key="k", max_retries=0)


async def test_the_sdk_reads_a_chat() -> None:
    async with Provider("alpha", tokens=5) as alpha, client(alpha) as sdk:
        answer = await sdk.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], n=2
        )
        assert [len(str(c.message.content).split()) for c in answer.choices] == [5, 5]
        assert answer.choices[0].finish_reason == "stop"
        assert answer.system_fingerprint == "fp_alpha"
        assert answer.usage is not None
        assert answer.usage.completion_tokens == 5


async def test_the_sdk_reads_a_streamed_chat_as_the_same_words() -> None:
    async with Provider("alpha", tokens=5) as alpha, client(alpha) as sdk:
        whole = await sdk.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}]
        )
        stream = await sdk.chat.completions.create(
            model="m",
            messages=[{"role": "user", "content": "hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert text == whole.choices[0].message.content
        assert chunks[-1].usage == whole.usage
        assert chunks[-2].choices[0].finish_reason == "stop"


async def test_the_sdk_reads_the_other_operations() -> None:
    async with Provider("alpha", tokens=5) as alpha, client(alpha) as sdk:
        text = await sdk.completions.create(model="m", prompt="hi", max_tokens=2)
        assert text.choices[0].finish_reason == "length"
        stream = await sdk.completions.create(model="m", prompt="hi", stream=True)
        assert len([part async for part in stream]) == 6
        packed = await sdk.embeddings.create(model="m", input=["a", "b"])
        plain = await sdk.embeddings.create(model="m", input="a", encoding_format="float")
        assert [len(row.embedding) for row in packed.data] == [8, 8]
        assert abs(plain.data[0].embedding[3] - packed.data[0].embedding[3]) < 1e-6
        assert [model.id async for model in sdk.models.list()] == ["sim-large", "sim-small"]


def test_every_choice_has_its_end() -> None:
    good = voice(payload=chat(n=2)).answer()
    ends = [c for e in events(b"".join(good.closing)) for c in e["choices"]]  # type: ignore[attr-defined]
    assert [c["finish_reason"] for c in ends] == ["stop", "stop"]
    assert good.closing[-1] == b"data: [DONE]\n\n"
    assert len(good.lead) == 2
    assert len(good.content) == 12
