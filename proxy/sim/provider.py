"""A simulated provider: a port on this machine, a plan of behaviours, a log of what it saw.

It answers by path in every dialect and can be told to fail in every known way, down to the bytes.
It is its own small server, because a library's server refuses to misbehave. It must never know
who talks to it.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import partial
from typing import Self

from proxy.exchange import Clock, Timer
from proxy.model import Instant
from proxy.sim.behaviour import Behaviour, Step
from proxy.sim.connection import Connection, Watched
from proxy.sim.listener import Listener
from proxy.sim.plan import Plan, When
from proxy.sim.seen import Seen
from proxy.sim.voice import Voice

TOKENS = 24
KEEP = 64 * 1024
PATIENCE = 5.0  # seconds; tests on a busy machine


class LoopClock:
    """The running loop's time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now(self) -> Instant:
        """Return the monotonic time."""
        return Instant(self._loop.time())

    def call_at(self, when: Instant, callback: Callable[[], None]) -> Timer:
        """Call `callback` at `when`."""
        return self._loop.call_at(when, callback)


class Provider:
    """One simulated provider. Use it as an async context manager, or `start` and `close` it."""

    def __init__(
        self,
        name: str,
        *,
        tokens: int = TOKENS,
        stamp_text: bool = False,
        keep: int = KEEP,
        keep_alive: float | None = None,
    ) -> None:
        """`tokens` is an answer's length; `stamp_text` puts the name into each token.

        `keep` is how many bytes of a large body stay in the log, `keep_alive` after how many idle
        seconds a used connection is closed.
        """
        self.name = name
        self.tokens = tokens
        self.stamp_text = stamp_text
        self.keep = keep
        self.keep_alive = keep_alive
        self.attempts: list[Seen] = []
        """Every request, in the order in which their heads came."""
        self.accepted = 0
        """Connections so far."""
        self.in_flight = 0
        """Requests that are being answered."""
        self.peak = 0
        """The most of them at one time."""
        self.url = ""
        """Scheme, host and port, without a slash at the end; empty until `start`."""
        self._plan = Plan()
        self._clock: Clock | None = None
        self._listener: Listener | None = None
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: list[Timer] = []
        self._bugs: list[BaseException] = []
        self._change = asyncio.Event()

    async def start(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Open the port (0: any free one), unless `refuse` is planned; it keeps its number."""
        self._clock = clock or LoopClock()
        self._listener = Listener(host, port, tls, self._protocol)
        name = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if tls else 'http'}://{name}:{self._listener.port}"
        if self._plan.listening:
            await self._listener.open()
        return self

    async def close(self) -> None:
        """End everything at once. Raises what went wrong inside the simulation itself."""
        self._stop_script()
        if self._listener is not None:
            self._shut(self._listener)
            self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._bugs:
            raise self._bugs[0]

    async def __aenter__(self) -> Self:
        return self if self._listener is not None else await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def port(self) -> int:
        """Return the number of the port; 0 until `start`."""
        return 0 if self._listener is None else self._listener.port

    @property
    def live(self) -> int:
        """Return how many connections are open."""
        return len(self._connections)

    # --- what it will do ---

    def plan(self, behaviour: Behaviour, when: When | None = None) -> None:
        """Do this from now on: to the requests that `when` picks, or to all.

        Planned for all, it replaces every earlier plan, and a script that still runs.
        """
        if when is None:
            self._stop_script()
        self._do(behaviour, when)

    def plan_next(self, *behaviours: Behaviour) -> None:
        """Do these to the next requests, one each; they go before everything else."""
        self._plan.next(*behaviours)

    def script(self, timeline: Iterable[tuple[float, Behaviour]]) -> None:
        """Plan each behaviour for all so many seconds from now, as the clock goes."""
        self._stop_script()
        start = self.clock.now()
        for after, behaviour in timeline:
            due = Instant(start + after)
            self._timers.append(self.clock.call_at(due, partial(self._do, behaviour, None)))

    def _do(self, behaviour: Behaviour, when: When | None) -> None:
        was_listening = self._plan.listening
        self._plan.always(behaviour, when)
        listener = self._listener
        if listener is None or was_listening == self._plan.listening:
            return
        if self._plan.listening:
            self._spawn(listener.open())
        else:
            self._shut(listener)

    def _stop_script(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    # --- what it saw ---

    async def until(self, ready: Callable[[], bool], within: float = PATIENCE) -> None:
        """Wait until `ready()`, asked after everything that happens here; else TimeoutError."""
        async with asyncio.timeout(within):
            while not ready():
                self._change.clear()
                await self._change.wait()

    def forget(self) -> None:
        """Empty the log."""
        self.attempts.clear()
        self.peak = self.in_flight

    # --- what its connections ask of it (`connection.Host`) ---

    @property
    def clock(self) -> Clock:
        """The time that waits and the log go by."""
        if self._clock is None:
            raise RuntimeError(f"provider {self.name} was not started")
        return self._clock

    def made(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Connection:
        """Take a new connection in, and serve it."""
        self.accepted += 1
        connection = Connection(self, self.accepted, reader, writer)
        self._connections.add(connection)
        self._spawn(connection.serve())
        return connection

    def at_connect(self) -> Behaviour | None:
        """Return what meets a connection before it is read, if anything does."""
        return self._plan.at_connect()

    def begin(self, seen: Seen) -> Behaviour | None:
        """Take a request into the log; return what meets it before its body is read, if any."""
        self.attempts.append(seen)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        self._change.set()
        return self._plan.at_head(seen)

    def choose(self, seen: Seen) -> Behaviour:
        """Return what meets a whole request."""
        return self._plan.choose(seen)

    def steps(self, behaviour: Behaviour, seen: Seen) -> Iterator[Step]:
        """Begin a behaviour."""
        voice = Voice(provider=self.name, seen=seen, tokens=self.tokens, stamp=self.stamp_text)
        return behaviour.play(voice)

    def end(self) -> None:
        """Hear that a request's behaviour is over."""
        self.in_flight -= 1
        self._change.set()

    def lost(self, connection: Connection) -> None:
        """Hear that a connection is no more."""
        self._connections.discard(connection)
        self._change.set()

    # --- connections and their tasks ---

    def _protocol(self) -> asyncio.Protocol:
        return Watched(self)

    def _shut(self, listener: Listener) -> None:
        listener.shut()
        for connection in tuple(self._connections):
            connection.abort()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            self._bugs.append(bug)
