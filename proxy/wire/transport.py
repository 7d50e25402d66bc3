"""The wire's front door: an `Upstream` on Faultline's own HTTP/1.1 client.

With a waiting connection at hand an attempt starts in one synchronous call: take it, write, return.
Nothing is ever repeated here, no redirect followed, no failure hidden: what happened is told, and
what to do about it is decided elsewhere.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from proxy.exchange import Call, Order, Receiver
from proxy.model import Fault, Fleet, Instant, Seconds
from proxy.wire.attempt import Attempt
from proxy.wire.connection import Connection, Lane
from proxy.wire.dial import Dialer, Failure
from proxy.wire.pool import IDLE, Pool
from proxy.wire.request import request_head
from proxy.wire.resolver import Lookup, Resolver, look_up
from proxy.wire.tasks import Tasks
from proxy.wire.trust import Trust

SHUTTING_DOWN = "shutting down"
_CLOSING = Seconds(1.0)
"""How long aborted connections may take to be gone; it is a matter of loop iterations."""


class Transport:
    """Sends attempts to backends. Make it inside the running loop; `close` it there."""

    def __init__(self, now: Callable[[], Instant], lookup: Lookup = look_up) -> None:
        self._loop = asyncio.get_running_loop()
        self._trust = Trust()
        self._dialer = Dialer(Resolver(now, lookup), self._trust)
        self._pool = Pool(now)
        self._tasks = Tasks()
        self._connections: set[Connection] = set()
        self._dialling: set[Attempt] = set()
        self._reaper: asyncio.TimerHandle | None = None
        self._closed = False
        self._gone = asyncio.Event()

    @property
    def open(self) -> int:
        """How many connections are open, in use or waiting."""
        return len(self._connections)

    @property
    def idle(self) -> int:
        """How many connections wait."""
        return len(self._pool)

    def start(self, order: Order, receiver: Receiver) -> Call:
        """Begin an attempt; never raises, and tells no end from inside this call."""
        attempt = Attempt(order, receiver, self._tasks)
        lane = self._pool.lane(order)
        head = request_head(order, lane)
        if head is None:
            self._loop.call_soon(attempt.fail, Fault.PROTOCOL, "the request would break its lines")
        elif self._closed:
            self._loop.call_soon(attempt.fail, Fault.LOCAL, SHUTTING_DOWN)
        else:
            connection = None if order.fresh else self._pool.take(lane)
            if connection is not None:
                attempt.begin(connection, head)
            else:
                self._spawn_dial(order, attempt, lane, head)
        return attempt

    def adopt(self, fleet: Fleet) -> None:
        """Close what waits for backends that the table no longer has, or has otherwise now.

        Files of certificates are read anew; what the table needs is built ahead of the first use.
        """
        self._pool.adopt(fleet.backends.values())
        self._trust.forget()
        for ca in {backend.ca for backend in fleet.backends.values() if backend.url.tls}:
            self._trust.prepare(ca)

    async def close(self) -> None:
        """End everything: attempts are told, connections closed, tasks awaited."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        for attempt in list(self._dialling):
            attempt.fail(Fault.LOCAL, SHUTTING_DOWN)
        for connection in list(self._connections):
            if connection.user is not None:
                connection.user.fail(Fault.LOCAL, SHUTTING_DOWN)
        self._pool.close()
        await self._tasks.close()
        self._trust.close()
        if self._connections:
            self._gone.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), _CLOSING)

    # What connections tell.

    def on_idle(self, connection: Connection) -> None:
        """Let it wait."""
        self._pool.give(connection)
        if self._reaper is None:
            self._reaper = self._loop.call_later(IDLE, self._reap)

    def on_closed(self, connection: Connection) -> None:
        """Forget it."""
        self._connections.discard(connection)
        self._pool.forget(connection)
        if not self._connections:
            self._gone.set()

    def _reap(self) -> None:
        left = self._pool.reap()
        self._reaper = None if left is None else self._loop.call_later(left, self._reap)

    def _spawn_dial(self, order: Order, attempt: Attempt, lane: Lane, head: bytes) -> None:
        self._dialling.add(attempt)
        attempt.task = self._tasks.spawn(self._dial(order, attempt, lane, head), attempt.break_down)
        attempt.task.add_done_callback(lambda _: self._dialling.discard(attempt))

    async def _dial(self, order: Order, attempt: Attempt, lane: Lane, head: bytes) -> None:
        make = partial(Connection, lane, self)
        opened = await self._dialer.dial(order, lane.handshakes, make, attempt.reach)
        attempt.task = None
        if isinstance(opened, Failure):
            attempt.fail_to_dial(opened)
        elif not opened.is_open():  # it came and went before this task had its turn
            attempt.fail(Fault.EOF, "closed before the request")
        else:
            self._connections.add(opened)
            attempt.begin(opened, head)
