"""One scenario's world: Faultline, its providers, its apps, all in this process on one loop.

`scenario` makes a test of a coroutine function. When that has passed, its run is judged by the
checker: no scenario can forget an invariant.
"""

import asyncio
import inspect
import logging
import os
import random
import string
import tempfile
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import google.genai
import openai
import pytest

from proxy.app import Faultline
from proxy.model import Change, Fleet
from proxy.policy.breaker import State
from proxy.settings.load import loads
from tests.scenarios.checker import judge
from tests.scenarios.clients import CHAT, Client, Tap, request
from tests.scenarios.crossing import Call
from tests.scenarios.pace import Pace, Skipping
from tests.scenarios.places import Hole, Names, authority, server_context
from tests.scenarios.story import Attempt, Story, Told
from tests.scenarios.witness import Witness

SEED = "FAULTLINE_SEED"
"""An environment variable: runs the scenarios under another seed."""
QUIET_WITHIN = 2.0
"""Seconds after which nothing of a load may be left (I-8)."""
PATIENCE = 600.0
"""The longest that a scenario waits for anything, in its own seconds."""
PATHS = {"openai-compatible": "/v1", "anthropic": "/v1", "gemini": "/v1beta"}
LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a scenario needs. The table's parts are YAML, as a person would write them."""

    providers: tuple[str, ...] = ("p", "s")
    provider: str = "openai-compatible"
    """The vendor of all backends, as the table names it."""
    tiers: str = "[[p, s]]"
    route: str = ""
    """More of the route: `patience: 3s, hedge: {after: 10s}`."""
    limits: str = ""
    """Of the route: `head: 30s, stall: 10s`."""
    routes: str = ""
    """Routes before that one: lines of a list."""
    extra: str = ""
    """More of the table: whole lines."""
    backends: Mapping[str, str] = field(default_factory=dict)
    """More of a backend: `p: "account: a"`; or a whole backend of another provider."""
    also: Mapping[str, str] = field(default_factory=dict)
    """Further backends: the name, and the provider that it is at."""
    url: Mapping[str, str] = field(default_factory=dict)
    """Another address of a backend; `{port}` is its provider's, `{tap}` leads to Faultline."""
    elsewhere: tuple[str, ...] = ()
    """Backends that are not at their provider because of that."""
    key: Mapping[str, str] = field(default_factory=dict)
    """`client` or `none` instead of a key."""
    holes: tuple[str, ...] = ()
    """Providers in whose place there is a black hole."""
    names: Mapping[str, list[str] | OSError] = field(default_factory=dict)
    """What the world's name service says at the beginning."""
    tokens: int = 12
    stamp: bool = True
    """Whether each token carries its provider's name; without, all say the same."""
    keep_alive: float | None = None
    tls: Mapping[str, str] = field(default_factory=dict)
    """Providers that speak TLS, and what kind of certificate they show."""
    resumes: bool = False


class World:
    """What a scenario works with."""

    def __init__(self, setup: Setup, seed: int) -> None:
        self.setup = setup
        self.seed = seed
        self.dice = random.Random(seed)
        self.providers: dict[str, Witness] = {}
        self.told = Told()
        self.calls: list[Call] = []
        self.keys = {name: self._canary() for name in self.backends if name not in setup.key}
        self.app_key = self._canary()
        self.tap = Tap(self.calls)
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
    def backends(self) -> dict[str, str]:
        """Each backend's provider."""
        return {name: name for name in self.setup.providers} | dict(self.setup.also)

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
            1 for a in self.attempts() if a.backend == backend and since <= a.seen.at < until
        )

    def attempts(self) -> Iterator[Attempt]:
        """Yield all that the providers saw."""
        of_key = {key: name for name, key in self.keys.items()}
        for provider in self.providers.values():
            for seen in provider.log:
                said = provider.said.get(id(seen))
                yield Attempt(
                    provider=provider.name,
                    backend=of_key.get(seen.key or "", provider.name),
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
            stack.enter_context(self.names.installed())
            if self.setup.tls:
                self.ca = stack.enter_context(authority().cert_pem.tempfile())
            await self.tap.start()
            stack.push_async_callback(self.tap.close)
            self.faultline = Faultline(
                lambda: loads(self.table(), name="t.yaml", env=self._environment(), base=Path()),
                journal=journal,
                listeners=(self.told,),
                dice=random.Random(self.dice.getrandbits(64)),
            )
            stack.push_async_callback(self.faultline.close)
            await self.faultline.start()
            address = self.faultline.edge.addresses[0]
            self.tap.there = (address.host, address.port)
            yield

    async def leave(self) -> None:
        """Have all apps go."""
        await self._stack.aclose()
        for client in self._clients:
            client.leave()
        self._clients.clear()

    def table(self) -> str:
        """Return the routing table."""
        setup = self.setup
        lines = [
            "version: 1",
            'listen: "127.0.0.1:0"',
            'console: "127.0.0.1:0"',
            f'hosts: ["127.0.0.1:{self.tap.port}"]',
            "backends:",
            *(f"  {name}: {{{self._backend(name)}}}" for name in self.backends),
            setup.extra,
            "routes:",
            setup.routes,
            f"  - {{name: all, tiers: {setup.tiers}, limits: {{{setup.limits}}}, {setup.route}}}",
        ]
        return "\n".join(line for line in lines if line) + "\n"

    def _backend(self, name: str) -> str:
        setup = self.setup
        provider = self.providers[self.backends[name]]
        more, vendor = setup.backends.get(name, ""), setup.provider
        hole = self.holes.get(provider.name)
        port = provider.port if hole is None else hole.port
        scheme = "https" if provider.name in setup.tls else "http"
        url = setup.url.get(name, scheme + "://127.0.0.1:{port}" + PATHS[vendor])
        url = url.format(port=port, tap=self.tap.port)
        key = setup.key.get(name, f"${{{name.upper()}_KEY}}")
        kind = "" if "provider:" in more else f"provider: {vendor}, "
        ca = f'ca: "{self.ca}", ' if provider.name in setup.tls else ""
        return f'{kind}url: "{url}", key: "{key}", {ca}{more}'

    def _environment(self) -> dict[str, str]:
        return {f"{name.upper()}_KEY": key for name, key in self.keys.items()}

    def _canary(self) -> str:
        return "".join(self.dice.choices(LETTERS, k=32)) + "+/" + self.dice.choice(LETTERS)


# --- what is left, and what is shown -------------------------------------------------------------


async def leftovers(world: World) -> list[str]:
    """Wait until a load is over, as long as that may take, and return what is still there."""
    try:
        await world.until(lambda: not _held(world), QUIET_WITHIN)
    except TimeoutError:
        return _held(world)
    return []


def _held(world: World) -> list[str]:
    """Return what Faultline still holds although nobody asks any more."""
    faultline = world.faultline
    held = {
        "exchanges in flight": faultline.edge.in_flight,
        "connections in use": faultline.transport.open - faultline.transport.idle,
        "bytes in the spool": faultline.edge._spool.used,
    }
    health = faultline.standing._health
    for name, member in health.members.items():
        held[f"attempts at {name}"] = member.in_flight
        held[f"waiting for {name}"] = member.waiting + member.queued
        for breaker in health.all_breakers(member):
            held[f"running in a breaker of {name}"] = breaker.running
            held[f"leases of {name}"] = int(breaker.state is State.PROBING)
    return [f"{count} {what}" for what, count in held.items() if count]


async def surfaces(world: World) -> dict[str, bytes]:
    """Return all that the console shows."""
    runner = world.faultline.console._runner
    assert runner is not None
    paths = [resource.canonical for resource in runner.app.router.resources()]
    shown = {}
    async with aiohttp.ClientSession() as session:
        for path in paths:
            if "{" in path:
                continue
            async with session.get(world.faultline.console_url + path) as answer:
                shown[path] = await _beginning(answer)
    return shown


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    """Read a page, or what a page that never ends says in a second."""
    said = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            while part := await answer.content.readany():
                said += part
    return said


def resources() -> tuple[set[str], set[asyncio.Task[Any]]]:
    """Return what this process has open, and what runs."""
    files = set()
    for fd in os.listdir("/proc/self/fd"):  # noqa: PTH208 - a number is all that is wanted
        try:
            file = os.readlink(f"/proc/self/fd/{fd}")  # noqa: PTH115
        except OSError:
            continue
        if file != "/dev/null":  # libuv keeps one open, for when there are no more
            files.add(f"{fd} {file}")
    return files, asyncio.all_tasks()


async def gone(before: tuple[set[str], set[asyncio.Task[Any]]]) -> list[str]:
    """Wait until all that was not there before is gone; return what is not."""
    loop = asyncio.get_running_loop()
    late = loop.time() + QUIET_WITHIN
    while True:
        files, tasks = resources()
        rest = [f"a file: {file}" for file in files - before[0]]
        rest += [f"a task: {task!r}" for task in tasks - before[1]]
        if not rest or loop.time() > late:
            return rest
        await asyncio.sleep(0.01)


# --- a scenario as a test -------------------------------------------------------------------------

Scenario = Callable[..., Awaitable[None]]


def scenario(**setup: Any) -> Callable[[Scenario], Callable[..., None]]:
    """Make a test of a scenario: it gets its `World`, and whatever else it is parametrised with.

    A parameter by the name of a part of the `Setup` is that part.
    """

    def decorate(play: Scenario) -> Callable[..., None]:
        def test(pace: Pace, **more: Any) -> None:
            __tracebackhide__ = True
            seed = int(os.environ.get(SEED, zlib.crc32(play.__name__.encode())))
            more |= {"pace": pace} if "pace" in wanted else {}
            made = setup | {k: v for k, v in more.items() if k in Setup.__dataclass_fields__}
            with asyncio.Runner(loop_factory=pace.loop) as runner:
                runner.run(_judged(play, World(Setup(**made), seed), more))

        wanted = inspect.signature(play).parameters
        others = [p for p in list(wanted.values())[1:] if p.name != "pace"]
        first = inspect.Parameter("pace", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        more = [p.replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD) for p in others]
        test.__signature__ = inspect.Signature([first, *more])  # type: ignore[attr-defined]
        test.__name__, test.__doc__ = play.__name__, play.__doc__
        test.__module__, test.__qualname__ = play.__module__, play.__qualname__
        return test

    return decorate


async def _judged(play: Scenario, world: World, more: Mapping[str, Any]) -> None:
    __tracebackhide__ = True
    before = resources()
    shown: dict[str, bytes] = {}
    with _logging_restored(), tempfile.TemporaryFile() as journal:
        left = []
        async with world.open(journal.fileno()):
            fleet = world.faultline.fleet
            try:
                await play(world, **more)
            except BaseException:
                print(_story(world, fleet, shown, ()).timeline())  # noqa: T201 - pytest shows it
                raise
            finally:
                await world.leave()
            left += await leftovers(world)
            shown |= await surfaces(world)
        journal.seek(0)
        shown["journal"] = journal.read()
    left += await gone(before)
    story = _story(world, fleet, shown, left)
    if wrong := judge(story):
        pytest.fail("\n".join([*wrong, "", story.timeline()]), pytrace=False)


def _story(world: World, fleet: Fleet, shown: Mapping[str, bytes], left: Any) -> Story:
    targets = [target for route in fleet.routes for tier in route.tiers for target in tier]
    names = {target.model for target in targets if target.model is not None}
    names |= {served for b in fleet.backends.values() for served in b.models.values()}
    return Story(
        seed=world.seed,
        calls=world.calls,
        attempts=tuple(world.attempts()),
        told=world.told,
        keys=world.keys,
        app_key="" if "client" in world.setup.key.values() else world.app_key,
        owner=world.backends,
        models=frozenset(names),
        surfaces=shown,
        left_behind=left,
        most_attempts=max(route.attempts for route in fleet.routes) + 1,
        resumes=world.setup.resumes,
        tokens=world.setup.tokens,
        unseen=frozenset(world.setup.elsewhere),
    )


@contextmanager
def _logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
