"""What an app has of an answer that came through an official SDK."""

from dataclasses import dataclass, field
from typing import Any

import anthropic
import openai

from tests.scenarios.world import World


@dataclass
class Heard:
    """An answer, as the app sees it."""

    text: str = ""
    finish: str | None = None
    models: set[str] = field(default_factory=set)
    tokens: int = 0
    """As the provider counted them."""
    took: float = 0.0

    @property
    def words(self) -> int:
        """Return how many tokens the app has: a simulated provider's token is a word."""
        return len(self.text.split())


async def chat(world: World, sdk: openai.AsyncOpenAI | None = None) -> Heard:
    """Ask OpenAI's SDK for a stream with its usage, and take all of it."""
    sdk = sdk or world.openai()
    heard, began = Heard(), world.now()
    prompt: Any = world.chat()["messages"]
    stream = await sdk.chat.completions.create(
        model="m", messages=prompt, stream=True, stream_options={"include_usage": True}
    )
    async for chunk in stream:
        heard.models.add(chunk.model)
        for choice in chunk.choices:
            heard.text += choice.delta.content or ""
            heard.finish = choice.finish_reason or heard.finish
        if chunk.usage is not None:
            heard.tokens = chunk.usage.completion_tokens
    heard.took = world.now() - began
    return heard


async def response(world: World, sdk: openai.AsyncOpenAI | None = None) -> Heard:
    """Ask OpenAI's SDK for a streamed response, and take all of it."""
    sdk = sdk or world.openai()
    heard, began = Heard(), world.now()
    async for event in await sdk.responses.create(model="m", input=prompt(world), stream=True):
        if event.type == "response.output_text.delta":
            heard.text += event.delta
        if event.type == "response.completed":
            heard.finish = event.response.status
            heard.models.add(event.response.model)
    heard.took = world.now() - began
    return heard


async def message(world: World, sdk: anthropic.AsyncAnthropic | None = None) -> Heard:
    """Ask Anthropic's SDK for a streamed message, and take all of it."""
    sdk = sdk or world.anthropic()
    heard, began = Heard(), world.now()
    async with sdk.messages.stream(
        model="m", max_tokens=1000, messages=[{"role": "user", "content": prompt(world)}]
    ) as stream:
        async for text in stream.text_stream:
            heard.text += text
        last = await stream.get_final_message()
    heard.finish, heard.tokens = last.stop_reason, last.usage.output_tokens
    heard.models.add(last.model)
    heard.took = world.now() - began
    return heard


def prompt(world: World) -> str:
    """Return a prompt that nobody else sends."""
    messages: Any = world.chat()["messages"]
    return str(messages[0]["content"])
