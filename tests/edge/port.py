"""A data port with a scripted exchange behind it, and a client that writes raw bytes."""

import asyncio
import hashlib
import itertools
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from proxy.edge.intake import Pace
from proxy.edge.server import Edge
from proxy.edge.spool import MOST_SPOOLED
from proxy.exchange import Downstream, Events, Request
from proxy.model import (
    Address,
    Ask,
    AttemptRecord,
    Backend,
    Bodies,
    Body,
    Credential,
    CredentialKind,
    Dialect,
    ExchangeRecord,
    Fleet,
    Headers,
    HealthChange,
    Limits,
    Match,
    Route,
    Seconds,
    Secret,
    Target,
    Url,
)

WITHIN = 5.0
"""Seconds that any one thing may take in a test."""
JSON: Headers = ((b"content-type", b"application/json"),)
STREAM: Headers = ((b"content-type", b"text/event-stream"),)

Script = Callable[[Ask, Body, Downstream], Coroutine[None, None, None]]


def limits() -> Limits:
    return Limits(**dict.fromkeys(Limits.__slots__, Seconds(5.0)))


def backend(name: str = "openai", dialect: Dialect = Dialect.OPENAI, **fields: object) -> Backend:
    return Backend(
        name=name,
        provider=name,
        dialect=dialect,
        url=Url(tls=False, host="127.0.0.1", port=9, path="/v1"),
        credential=Credential(kind=CredentialKind.NONE),
        **fields,  # type: ignore[arg-type]
    )


def route(match: Match, *targets: Target) -> Route:
    return Route(name="r", match=match, tiers=(targets,), stream=limits(), unary=limits())


def fleet(**fields: object) -> Fleet:
    served = backend()
    table: dict[str, object] = {
        "backends": {"openai": served},
        "routes": (route(Match(model="gpt-5*"), Target(backend=served, model="gpt-5-mini")),),
        "listen": Address(),
    }
    return Fleet(**(table | fields))  # type: ignore[arg-type]


@dataclass(slots=True)
class Told(Events):
    """Keeps the codes of those who were turned away."""

    codes: list[str] = field(default_factory=list)

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None: ...
    def health_changed(self, change: HealthChange) -> None: ...
    def budget_refused(self, backend: str) -> None: ...
    def ended(self, record: ExchangeRecord) -> None: ...

    def turned_away(self, code: str) -> None:
        self.codes.append(code)


@dataclass(slots=True)
class Seen:
    """What the exchange was given."""

    asks: list[Ask] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    cancelled: int = 0
    begun: int = 0
    """How many came by the shortcut."""


async def echo(ask: Ask, body: Body, downstream: Downstream) -> None:
    """Answer with what came: size, hash."""
    digest = hashlib.sha256()
    size = 0
    async for chunk in body.chunks():
        digest.update(chunk)
        size += len(chunk)
    answer = {"path": ask.path, "model": ask.model, "size": size, "sha256": digest.hexdigest()}
    downstream.begin(200, JSON, json.dumps(answer).encode(), last=True)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    fields: dict[str, str]
    body: bytes
    whole: bool = True

    @property
    def json(self) -> dict[str, object]:
        loaded = json.loads(self.body)
        assert isinstance(loaded, dict)
        return loaded

    @property
    def code(self) -> object:
        """The code of a refusal in OpenAI's dialect."""
        error = self.json["error"]
        assert isinstance(error, dict)
        return error["code"]


class Client:
    """One connection to the port."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, *pieces: bytes) -> None:
        self.writer.writelines(pieces)

    async def answer(self, *, head_only: bool = False) -> Answer:
        """Read one answer as its framing says; a cut one is not whole."""
        async with asyncio.timeout(WITHIN):
            head = await self.reader.readuntil(b"\r\n\r\n")
            line, *lines = head.decode("latin-1").strip().split("\r\n")
            fields = {k.lower(): v for k, _, v in (text.partition(": ") for text in lines)}
            status = int(line.split()[1])
            if head_only or status in {100, 204, 304}:
                return Answer(status, fields, b"")
            try:
                return Answer(status, fields, await self._body(fields))
            except asyncio.IncompleteReadError as cut:
                return Answer(status, fields, cut.partial, whole=False)
            except ConnectionResetError:
                return Answer(status, fields, b"", whole=False)

    async def _body(self, fields: dict[str, str]) -> bytes:
        if "content-length" in fields:
            return await self.reader.readexactly(int(fields["content-length"]))
        if "transfer-encoding" not in fields:
            return await self.reader.read()
        body = bytearray()
        while True:
            try:
                size = int(await self.reader.readuntil(b"\r\n"), 16)
                body += (await self.reader.readexactly(size + 2))[:-2]
            except asyncio.IncompleteReadError as cut:
                raise asyncio.IncompleteReadError(bytes(body + cut.partial), None) from cut
            if not size:
                return bytes(body)

    async def ask(self, data: bytes) -> Answer:
        self.send(data)
        return await self.answer()

    async def rest(self) -> bytes:
        """Read until the other side closes; a reset counts as an end."""
        async with asyncio.timeout(WITHIN):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def closed(self) -> bool:
        """Whether the other side closes without another word."""
        return await self.rest() == b""

    def leave(self) -> None:
        self.writer.close()


@dataclass(slots=True)
class Port:
    """A running edge."""

    edge: Edge
    told: Told
    seen: Seen
    clients: list[Client] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.edge.addresses[0].port

    async def call(self, *, receive: int | None = None) -> Client:
        """Connect; `receive` is the size of the client's receive buffer."""
        address = self.edge.addresses[0]
        if address.unix is not None:
            streams = await asyncio.open_unix_connection(address.unix)
        else:
            sock = socket.socket()
            if receive is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
            sock.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(sock, (address.host, address.port))
            except OSError:
                sock.close()
                raise
            streams = await asyncio.open_connection(sock=sock, limit=2**16)
        client = Client(*streams)
        self.clients.append(client)
        return client

    async def ask(self, data: bytes) -> Answer:
        client = await self.call()
        return await client.ask(data)


class Scripted:
    """Exchanges that a script carries: `proxy.edge.desk.Exchanges`."""

    def __init__(self, script: Script, seen: Seen) -> None:
        self._script = script
        self.seen = seen

    def make(
        self, request: Request, done: Callable[[Exception | None], None]
    ) -> "ScriptedExchange":
        return ScriptedExchange(self, request, done)

    async def run(self, request: Request) -> None:
        self.seen.asks.append(request.ask)
        self.seen.bodies.append(request.body)
        try:
            await self._script(request.ask, request.body, request.downstream)
        except asyncio.CancelledError:
            self.seen.cancelled += 1
            raise


class ScriptedExchange:
    """One that was made to be begun: it runs in a task of its own."""

    def __init__(
        self, scripted: Scripted, request: Request, done: Callable[[Exception | None], None]
    ) -> None:
        self._scripted = scripted
        self._request = request
        self._done: Callable[[Exception | None], None] | None = done
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._scripted.seen.begun += 1
        self._task = asyncio.ensure_future(self._scripted.run(self._request))
        self._task.add_done_callback(self._tell)

    def interrupt(self) -> None:
        assert self._task is not None
        self._task.cancel()
        if not self._request.downstream.gone:
            self._request.downstream.abort(b"shutting down")
        self._tell(self._task)

    def _tell(self, task: "asyncio.Task[None]") -> None:
        done, self._done = self._done, None
        if done is None:
            return
        bug = task.exception() if task.done() and not task.cancelled() else None
        assert bug is None or isinstance(bug, Exception)
        done(bug)


@asynccontextmanager
async def opened(
    script: Script = echo,
    table: Fleet | None = None,
    *,
    pace: Pace | None = None,
    most_spooled: int = MOST_SPOOLED,
) -> AsyncIterator[Port]:
    told, seen, numbers = Told(), Seen(), itertools.count(1)
    served = table or fleet()

    edge = Edge(
        exchanges=Scripted(script, seen),
        fleet=lambda: served,
        new_id=lambda: f"id-{next(numbers)}",
        events=told,
        pace=pace,
        most_spooled=most_spooled,
    )
    await edge.start()
    port = Port(edge, told, seen)
    try:
        yield port
    finally:
        for client in port.clients:
            client.leave()
        await edge.close()


def post(
    body: bytes = b'{"model":"gpt-5"}',
    *fields: str,
    path: str = "/v1/chat/completions",
    host: str = "localhost",
) -> bytes:
    """Return a whole POST."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: application/json", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def get(path: str = "/v1/models", *fields: str, host: str = "localhost") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *fields, "", ""]).encode("latin-1")


def secrets(**tokens: str) -> dict[str, Secret]:
    return {name: Secret(token) for name, token in tokens.items()}


def bodies(**fields: object) -> Bodies:
    return Bodies(**fields)  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has become true."""
    async with asyncio.timeout(WITHIN):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)
