"""The whole proxy in this process, between simulated providers and official SDKs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anthropic
import google.genai
import openai

from proxy import sim
from proxy.app import Faultline
from proxy.model import AttemptRecord, ExchangeRecord, HealthChange
from proxy.settings.load import loads

APP_KEY = "app-key-canary-4711"
TABLE = """\
version: 1
listen: "127.0.0.1:0"
console: "127.0.0.1:0"
backends:
  p: {{provider: {provider}, url: "{p}{path}", key: "${{P_KEY}}"}}
  s: {{provider: {provider}, url: "{s}{path}", key: "${{S_KEY}}"}}
defaults:
  limits: {{head: {head}, first_content: {first_content}, stall: {stall}}}
routes:
  - name: all
    match: {{model: "*"}}
    tiers: [[p, s]]
"""
PATHS = {"openai-compatible": "/v1", "anthropic": "/v1", "gemini": "/v1beta"}
KEYS = {"P_KEY": "p-key-canary-0815", "S_KEY": "s-key-canary-2342"}


class Told:
    """What the report hears, kept for the tests."""

    def __init__(self) -> None:
        self.records: list[ExchangeRecord] = []
        self.changes: list[HealthChange] = []

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:
        pass

    def health_changed(self, change: HealthChange) -> None:
        self.changes.append(change)

    def budget_refused(self, backend: str) -> None:
        pass

    def turned_away(self, code: str) -> None:
        pass

    def ended(self, record: ExchangeRecord) -> None:
        self.records.append(record)


@dataclass
class House:
    """Faultline, its first choice `p` and its spare `s`."""

    faultline: Faultline
    p: sim.Provider
    s: sim.Provider
    told: Told

    @property
    def url(self) -> str:
        return self.faultline.url

    def openai(self, max_retries: int = 0) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(
            base_url=f"{self.url}/v1", api_key=APP_KEY, max_retries=max_retries
        )

    def anthropic(self) -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(base_url=self.url, api_key=APP_KEY, max_retries=0)

    @asynccontextmanager
    async def gemini(self) -> AsyncIterator[google.genai.client.AsyncClient]:
        sdk = google.genai.Client(api_key=APP_KEY, http_options={"base_url": self.url}).aio
        try:
            yield sdk
        finally:
            await sdk.aclose()


@asynccontextmanager
async def house(
    provider: str = "openai-compatible", *, table: str = TABLE, tokens: int = 12, **limits: str
) -> AsyncIterator[House]:
    """Open the house; `limits` are head, first_content and stall."""
    async with AsyncExitStack() as stack:
        p = await stack.enter_async_context(sim.Provider("p", tokens=tokens))
        s = await stack.enter_async_context(sim.Provider("s", tokens=tokens))
        text = table.format(
            provider=provider,
            p=p.url,
            s=s.url,
            path=PATHS[provider],
            **({"head": "5s", "first_content": "5s", "stall": "5s"} | limits),
        )
        told = Told()
        faultline = Faultline(
            lambda: loads(text, name="test.yaml", env=KEYS, base=Path()), listeners=(told,)
        )
        stack.push_async_callback(faultline.close)
        await faultline.start()
        yield House(faultline, p, s, told)
        await settled(faultline)


async def settled(faultline: Faultline) -> None:
    """Wait until no exchange runs any more and nothing is in flight."""
    async with asyncio.timeout(5):
        while faultline.edge.in_flight or any(  # noqa: ASYNC110 - bounded, and nothing tells
            row.in_flight for row in faultline.standing.view(faultline.clock.now())
        ):
            await asyncio.sleep(0.01)
