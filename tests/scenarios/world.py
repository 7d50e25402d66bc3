"""One scenario's world: Faultline, its providers, its apps, all in this process on one loop."""

import asyncio
import os
import random
import string
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anthropic
import google.genai
import openai

from proxy.app import Faultline
from proxy.model import Change
from proxy.settings.load import loads
from proxy.sim.seen import Seen
from tests.scenarios.clients import CHAT, Client, Tap, request
from tests.scenarios.crossing import Call
from tests.scenarios.pace import Skipping
from tests.scenarios.places import Hole, Names, authority, server_context
from tests.scenarios.setup import Places, Setup, key_name, table
from tests.scenarios.story import Attempt, Told
from tests.scenarios.witness import Witness

PATIENCE = 600.0
"""The longest that a scenario waits for anything, in its own seconds."""
TICK = 0.01
"""Seconds between two looks at how late the loop is."""
LETTERS = string.ascii_letters + string.digits


class World:
    """What a scenario works with."""

    def __init__(self, setup: Setup, seed: int) -> None:
        self.setup = setup
        self.seed = seed
        self.dice = random.Random(seed)
        self.providers: dict[str, Witness] = {}
        self.told = Told()
        self.calls: list[Call] = []
        self.keys = {name: self._canary() for name in self.setup.owner if name not in setup.key}
        self._of_key = {key: name for name, key in self.keys.items()}
        self.app_key = self._canary()
        self.tap = Tap(self.calls)
        self.late = 0.0
        """The most that the loop was late: at the real pace others may have the processor."""
        self.names = Names()
        self.names.answers |= setup.names
        self.holes: dict[str, Hole] = {}
        self.ca = ""
        """A file."""
        self.faultline: Faultline
        self._clients: list[Client] = []
        self._stack = AsyncExitStack()
        self._prompts = 0

    @property
    def p(self) -> Witness:
        """The first choice."""
        return self.providers["p"]

    @property
    def s(self) -> Witness:
        """The second."""
        return self.providers["s"]

    def now(self) -> float:
        """Return the time of all clocks."""
        return asyncio.get_running_loop().time()

    # --- asking ---

    def chat(self, **fields: object) -> dict[str, object]:
        """Return a prompt that nobody else sends."""
        self._prompts += 1
        said = f"prompt {self._prompts} of {self.seed}"
        return {"model": "m", "messages": [{"role": "user", "content": said}]} | fields

    async def connect(self, *, window: int | None = None) -> Client:
        """Open an app's connection."""
        address = self.faultline.edge.addresses[0]
        client = await Client(self.calls).connect(address.host, address.port, window=window)
        self._clients.append(client)
        return client

    def send(self, client: Client, payload: object, **how: Any) -> Call:
        """Send a request, and do not wait for the answer."""
        address = self.faultline.edge.addresses[0]
        headers = {"authorization": f"Bearer {self.app_key}"} | how.pop("headers", {})
        host = f"{address.host}:{address.port}"
        return client.send(request(payload, host=host, headers=headers, **how))

    async def ask(
        self,
        *,
        client: Client | None = None,
        headers: Mapping[str, str] | None = None,
        path: str = CHAT,
        **fields: object,
    ) -> Call:
        """Ask for one answer, and wait for it; without a client on a connection of its own."""
        own = client or await self.connect()
        call = self.send(own, self.chat(**fields), path=path, headers=dict(headers or {}))
        try:
            async with asyncio.timeout(PATIENCE):
                return await own.answer(call)
        finally:
            if client is None:
                own.leave()
                self._clients.remove(own)

    async def load(self, count: int, *, at_once: int = 20, **fields: object) -> list[Call]:
        """Ask for many answers, so many at one time; every second one is a stream."""
        numbers = iter(range(count))
        calls: list[Call] = []

        async def work() -> None:
            client = await self.connect()
            for number in numbers:
                if not client.usable:
                    client = await self.connect()
                how = {"stream": number % 2 == 0} | fields
                calls.append(await self.ask(client=client, **how))  # type: ignore[arg-type]

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(at_once, count)):
                tasks.create_task(work())
        return calls

    async def pour(self, rate: float, seconds: float, **fields: object) -> list[Call]:
        """Ask at a steady rate, however long the answers take."""
        idle: list[Client] = []
        calls: list[Call] = []
        start = self.now()

        async def one(number: int) -> None:
            while idle and not idle[-1].usable:
                idle.pop()
            client = idle.pop() if idle else await self.connect()
            how = {"stream": number % 2 == 0} | fields
            calls.append(await self.ask(client=client, **how))  # type: ignore[arg-type]
            idle.append(client)

        async with asyncio.TaskGroup() as tasks:
            for number in range(round(rate * seconds)):
                await asyncio.sleep(max(0.0, start + number / rate - self.now()))
                tasks.create_task(one(number))
        return calls

    def openai(self, retries: int = 0) -> openai.AsyncOpenAI:
        """Return OpenAI's SDK."""
        sdk = openai.AsyncOpenAI(
            base_url=f"{self.tapped}/v1", api_key=self.app_key, max_retries=retries
        )
        self._stack.push_async_callback(sdk.close)
        return sdk

    def anthropic(self, retries: int = 0) -> anthropic.AsyncAnthropic:
        """Return Anthropic's SDK."""
        sdk = anthropic.AsyncAnthropic(
            base_url=self.tapped, api_key=self.app_key, max_retries=retries
        )
        self._stack.push_async_callback(sdk.close)
        return sdk

    def gemini(self) -> google.genai.client.AsyncClient:
        """Return Google's SDK."""
        sdk = google.genai.Client(api_key=self.app_key, http_options={"base_url": self.tapped}).aio
        self._stack.push_async_callback(sdk.aclose)
        return sdk

    @property
    def tapped(self) -> str:
        """The address for apps whose sockets are their own."""
        return f"http://127.0.0.1:{self.tap.port}"

    # --- looking ---

    def at(self, backend: str, since: float = 0.0, until: float = float("inf")) -> int:
        """Count the attempts that a backend's provider saw."""
        return sum(
            self._backend(provider, seen) == backend and since <= seen.at < until
            for provider in self.providers.values()
            for seen in provider.log
        )

    def _backend(self, provider: Witness, seen: Seen) -> str:
        """Return which backend an attempt was made as: the key that it shows says that."""
        return self._of_key.get(seen.key or "", provider.name)

    def attempts(self) -> Iterator[Attempt]:
        """Yield all that the providers saw."""
        for provider in self.providers.values():
            for seen in provider.log:
                said = provider.said.get(id(seen))
                yield Attempt(
                    provider=provider.name,
                    backend=self._backend(provider, seen),
                    seen=seen,
                    said=b"" if said is None else bytes(said.data),
                    said_all=said is None or said.all,
                )

    def changes(self, change: Change, backend: str) -> list[float]:
        """Return when the standing of a backend changed in this way."""
        return [c.at for c in self.told.changes if c.change is change and c.backend == backend]

    def hold(self, seconds: float) -> None:
        """Let the loop do nothing for a while: what comes meanwhile is late."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, Skipping):
            loop.wait(seconds)
        else:
            time.sleep(seconds)

    async def until(self, ready: Callable[[], bool], within: float = PATIENCE) -> None:
        """Wait until something is so; looked at every 10 ms."""
        async with asyncio.timeout(within):
            while not ready():  # noqa: ASYNC110 - bounded, and nothing tells
                await asyncio.sleep(0.01)

    async def seen(self, provider: Witness, count: int = 1) -> None:
        """Wait until a provider has seen so many requests in all."""
        await self.until(lambda: len(provider.log) >= count)

    # --- from the beginning to the end ---

    @asynccontextmanager
    async def open(self, journal: int) -> AsyncIterator[None]:
        """Start everything, and leave nothing."""
        async with AsyncExitStack() as stack:
            for name in self.setup.providers:
                provider = Witness(
                    name,
                    tokens=self.setup.tokens,
                    stamp_text=self.setup.stamp,
                    keep_alive=self.setup.keep_alive,
                )
                self.providers[name] = provider
                kind = self.setup.tls.get(name)
                await provider.start(tls=None if kind is None else server_context(kind))
                stack.push_async_callback(provider.close)
                if name in self.setup.holes:
                    self.holes[name] = Hole()
                    stack.callback(self.holes[name].close)
            if not isinstance(loop := asyncio.get_running_loop(), Skipping):
                stack.callback(loop.create_task(self._look_how_late()).cancel)
            stack.enter_context(self.names.installed())
            stack.enter_context(_environment(self.setup.environment))
            if self.setup.tls:
                self.ca = stack.enter_context(authority().cert_pem.tempfile())
            await self.tap.start()
            stack.push_async_callback(self.tap.close)
            self.faultline = Faultline(
                lambda: loads(self._table(), name="t.yaml", env=self._keys(), base=Path()),
                journal=journal,
                listeners=(self.told,),
                dice=random.Random(self.dice.getrandbits(64)),
            )
            stack.push_async_callback(self.faultline.close)
            await self.faultline.start()
            address = self.faultline.edge.addresses[0]
            self.tap.there = (address.host, address.port)
            yield

    async def _look_how_late(self) -> None:
        while True:
            due = self.now() + TICK
            await asyncio.sleep(TICK)
            self.late = max(self.late, self.now() - due)

    async def leave(self) -> None:
        """Have all apps go."""
        await self._stack.aclose()
        for client in self._clients:
            client.leave()
        self._clients.clear()

    def _table(self) -> str:
        places = Places(
            ports={name: provider.port for name, provider in self.providers.items()}
            | {name: hole.port for name, hole in self.holes.items()},
            tap=self.tap.port,
            ca=self.ca,
        )
        return table(self.setup, places)

    def _keys(self) -> dict[str, str]:
        return {key_name(name): key for name, key in self.keys.items()}

    def _canary(self) -> str:
        return "".join(self.dice.choices(LETTERS, k=32)) + "+/" + self.dice.choice(LETTERS)


@contextmanager
def _environment(added: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(added)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
