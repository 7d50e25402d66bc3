"""The stage for dialogues: a fake clock, scripted backends, a recording client, real decisions.

A test says what the backends do and looks at what the client saw and what was told. Nothing is
mocked but the two ends and time.
"""

import asyncio
import heapq
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from proxy.diagnosis.judge import Diagnosis
from proxy.exchange import Downstream, Order, Receiver, Request
from proxy.exchange.exchanges import Exchanges
from proxy.exchange.ports import Ports
from proxy.model import (
    Api,
    Ask,
    AttemptRecord,
    Backend,
    Body,
    Credential,
    CredentialKind,
    Dialect,
    Ending,
    ExchangeRecord,
    Fault,
    Fleet,
    Head,
    Headers,
    HealthChange,
    Instant,
    Limits,
    Match,
    Operation,
    Phase,
    Refusal,
    Route,
    Seconds,
    Secret,
    Sent,
    Target,
    Url,
)
from proxy.policy.standing import Standing
from proxy.settings.signatures import signatures

LIMITS = Limits(
    connect=Seconds(3.0),
    tls=Seconds(5.0),
    head=Seconds(30.0),
    first_content=Seconds(120.0),
    stall=Seconds(120.0),
    total=Seconds(600.0),
    client_stall=Seconds(120.0),
)

JUDGE = Diagnosis(signatures(), wall=lambda: 1.8e9)


def backend(name: str, **changes: object) -> Backend:
    made = Backend(
        name=name,
        provider=name,
        dialect=Dialect.OPENAI,
        url=Url(tls=False, host="127.0.0.1", port=1, path="/v1"),
        credential=Credential(kind=CredentialKind.OWN, secret=Secret(f"key-of-{name}")),
        account=name,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def fleet(*tiers: tuple[Target, ...], **changes: object) -> Fleet:
    route = Route(name="chat", match=Match(), tiers=tiers, stream=LIMITS, unary=LIMITS)
    route = replace(route, **changes)  # type: ignore[arg-type]
    return Fleet(
        backends={target.backend.name: target.backend for tier in tiers for target in tier},
        routes=(route,),
    )


def two(**changes: object) -> Fleet:
    """Two equals, `p` first."""
    return fleet((Target(backend=backend("p")), Target(backend=backend("s"))), **changes)


def chat(*, stream: bool = False, **changes: object) -> Ask:
    ask = Ask(
        dialect=Dialect.OPENAI,
        api=Api.CHAT,
        operation=Operation.GENERATE,
        method="POST",
        path="/v1/chat/completions",
        model="gpt-5",
        stream=stream,
        size=2,
    )
    return replace(ask, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Bytes:
    """A body in memory."""

    data: bytes = b"{}"
    replayable: bool = True
    refusal: Refusal | None = None

    @property
    def size(self) -> int:
        return len(self.data)

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.data


class FakeTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class FakeClock:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._due: list[tuple[float, int, FakeTimer]] = []
        self._count = 0

    def now(self) -> Instant:
        return Instant(self.time)

    def call_at(self, when: Instant, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(callback)
        self._count += 1
        heapq.heappush(self._due, (when, self._count, timer))
        return timer

    def advance(self, seconds: float) -> None:
        end = self.time + seconds
        while self._due and self._due[0][0] <= end:
            when, _, timer = heapq.heappop(self._due)
            self.time = max(self.time, when)
            if timer.callback is not None:
                callback, timer.callback = timer.callback, None
                callback()
        self.time = end

    @property
    def armed(self) -> int:
        """Timers that would still ring."""
        return sum(timer.callback is not None for _, _, timer in self._due)


class ScriptedCall:
    """One attempt, as the backend's side of the dialogue."""

    def __init__(self, order: Order, receiver: Receiver) -> None:
        self.order = order
        self.receiver = receiver
        self.cancelled = self.finished = self.paused = self.ended = False

    # What the wire is told to do.

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def cancel(self) -> None:
        self.cancelled = True

    def finish(self) -> None:
        self.finished = True

    @property
    def reading(self) -> bool:
        return not self.paused

    @property
    def open(self) -> bool:
        return not (self.cancelled or self.finished or self.ended)

    # What the backend does.

    def head(self, status: int = 200, kind: str = "application/json", **fields: str) -> None:
        assert self.open
        more = ((k.replace("_", "-").encode(), v.encode()) for k, v in fields.items())
        headers: Headers = ((b"content-type", kind.encode()), *more)
        self.receiver.on_phase(Phase.WRITE)
        self.receiver.on_phase(Phase.HEAD)
        self.receiver.on_head(Head(status=status, headers=headers))

    def data(self, data: bytes) -> None:
        assert self.open
        self.receiver.on_data(data)

    def end(self) -> None:
        assert self.open
        self.ended = True
        self.receiver.on_end(Ending(phase=Phase.END, sent=Sent.CONTENT_SEEN))

    def fail(
        self,
        fault: Fault,
        phase: Phase = Phase.HEAD,
        sent: Sent = Sent.MAYBE_SENT,
        *,
        reused: bool = False,
    ) -> None:
        assert self.open
        self.ended = True
        self.receiver.on_end(Ending(phase=phase, fault=fault, sent=sent, reused=reused))

    def unary(
        self, body: bytes, status: int = 200, kind: str = "application/json", **fields: str
    ) -> None:
        self.head(status, kind, **fields)
        self.data(body)
        self.end()

    def stream(self, *events: bytes) -> None:
        self.head(200, "text/event-stream")
        for event in events:
            self.data(event)


class ScriptedUpstream:
    def __init__(self) -> None:
        self.calls: list[ScriptedCall] = []

    def start(self, order: Order, receiver: Receiver) -> ScriptedCall:
        call = ScriptedCall(order, receiver)
        self.calls.append(call)
        return call

    def to(self, name: str) -> list[ScriptedCall]:
        return [call for call in self.calls if call.order.backend.name == name]


class RecordingClient:
    """The client's side: everything that it was sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers = ()
        self.body = b""
        self.heads = 0
        self.whole = self.cut = self.slow = self.gone = False
        self.room: Callable[[], None] | None = None

    def begin(self, status: int, headers: Headers, data: bytes, *, last: bool) -> None:
        self.heads += 1
        self.status, self.headers, self.body = status, headers, data
        self.whole = last

    def write(self, data: bytes) -> bool:
        assert not self.over
        self.body += data
        return not self.slow

    def end(self) -> None:
        assert not self.over
        self.whole = True

    def abort(self, data: bytes = b"") -> None:
        if not self.over:
            self.body += data
            self.cut = True

    def on_room(self, callback: Callable[[], None] | None) -> None:
        self.room = callback

    @property
    def over(self) -> bool:
        return self.whole or self.cut

    def header(self, name: str) -> str | None:
        for key, value in self.headers:
            if key.lower() == name.encode():
                return value.decode()
        return None


@dataclass
class Told:
    """What the report hears."""

    attempts: list[AttemptRecord] = field(default_factory=list)
    changes: list[HealthChange] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    records: list[ExchangeRecord] = field(default_factory=list)

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:
        self.attempts.append(record)

    def health_changed(self, change: HealthChange) -> None:
        self.changes.append(change)

    def budget_refused(self, backend: str) -> None:
        self.refused.append(backend)

    def turned_away(self, code: str) -> None:
        raise AssertionError(code)

    def ended(self, record: ExchangeRecord) -> None:
        self.records.append(record)


class Stage:
    """One exchange room with its real core, between two scripted ends."""

    def __init__(self, table: Fleet | None = None) -> None:
        self.fleet = two() if table is None else table
        self.clock = FakeClock()
        self.upstream = ScriptedUpstream()
        self.told = Told()
        self.standing = Standing(
            self.fleet,
            rng=random.Random(1),
            tell=self.told.health_changed,
            budget_refused=self.told.budget_refused,
        )
        self.ports = Ports(
            upstream=self.upstream,
            clock=self.clock,
            judge=JUDGE,
            standing=self.standing,
            events=self.told,
        )

    def run(
        self, ask: Ask, body: Body, client: Downstream, table: Fleet, number: str
    ) -> Coroutine[None, None, None]:
        """Serve one request, on this stage as it is now."""
        request = Request(ask=ask, body=body, downstream=client, fleet=table, id=number)
        return Exchanges(self.ports).run(request)

    @asynccontextmanager
    async def exchange(
        self, ask: Ask | None = None, body: Bytes | None = None
    ) -> AsyncIterator[RecordingClient]:
        """Run one exchange; at the end it must be over, with nothing left behind."""
        client = RecordingClient()
        task = asyncio.ensure_future(
            self.run(ask or chat(), body or Bytes(), client, self.fleet, "id")
        )
        await asyncio.sleep(0)
        try:
            yield client
            await asyncio.wait_for(task, 1)
        finally:
            if not task.done():
                client.gone = True
                task.cancel()
                await asyncio.wait([task])
        self.check_nothing_is_left(client)

    def check_nothing_is_left(self, client: RecordingClient) -> None:
        assert client.heads <= 1
        assert self.clock.armed == 0
        assert not any(call.open for call in self.upstream.calls)
        assert len(self.told.records) == 1
        record = self.told.records[0]
        assert list(record.attempts) == self.told.attempts
        assert len(record.attempts) == len(self.upstream.calls)
        assert self.in_flight == 0

    @property
    def in_flight(self) -> int:
        return sum(row.in_flight for row in self.standing.view(self.clock.now()))

    @property
    def record(self) -> ExchangeRecord:
        return self.told.records[-1]
