"""The data port: listens, counts, drains.

It knows connections and requests by their number only. What a request means is not known here.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path

from proxy.edge.connection import Connections
from proxy.edge.desk import Desk, Exchanges
from proxy.edge.handler import Handler
from proxy.edge.intake import Pace
from proxy.edge.listening import BACKLOG, listen, local_address
from proxy.edge.soundness import require_sound_aiohttp
from proxy.edge.spool import MOST_SPOOLED, Spool
from proxy.exchange import Events
from proxy.model import Address, Fleet, Seconds

LAST_WORDS = Seconds(2.0)
"""In which cancelled exchanges must have ended, and connections be closed."""


class Edge:
    """The server on the data port."""

    def __init__(
        self,
        *,
        exchanges: Exchanges,
        fleet: Callable[[], Fleet],
        new_id: Callable[[], str],
        events: Events,
        pace: Pace | None = None,
        most_spooled: int = MOST_SPOOLED,
    ) -> None:
        """`fleet` gives the table of the moment, and `exchanges` carry its requests."""
        pace = pace or Pace()
        self._fleet = fleet
        self._spool = Spool(most_spooled)
        self._desk = Desk(exchanges=exchanges, fleet=fleet, new_id=new_id, events=events)
        handler = Handler(desk=self._desk, spool=self._spool, pace=pace)
        self._connections = Connections(handler, pace)
        self._servers: list[asyncio.Server] = []
        self.addresses: tuple[Address, ...] = ()
        """Where it listens, ports known."""

    @property
    def in_flight(self) -> int:
        """How many requests are being served."""
        return self._desk.in_flight

    async def start(self) -> None:
        """Listen. Raises OSError when an address cannot be had, RuntimeError on a bad aiohttp."""
        require_sound_aiohttp()
        sockets = listen(self._fleet().listen)
        self.addresses = tuple(local_address(sock) for sock in sockets)
        self._desk.ports = {address.port for address in self.addresses}
        self._servers = [await self._serve(sock) for sock in sockets]

    async def _serve(self, sock: socket.socket) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if sock.family == socket.AF_UNIX:
            return await loop.create_unix_server(self._connections, sock=sock, backlog=BACKLOG)
        return await loop.create_server(self._connections, sock=sock, backlog=BACKLOG)

    def stop_accepting(self) -> None:
        """Close the listening sockets; kept connections go on. Idempotent."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for address in self.addresses:
            if address.unix is not None:
                Path(address.unix).unlink(missing_ok=True)

    async def drain(self, limit: Seconds) -> None:
        """Let running exchanges finish for `limit`, then cut what is left, so that it shows.

        Meanwhile each answer is its connection's last, and a new request is refused.
        """
        self.stop_accepting()
        self._connections.draining = True
        if not await _within(limit, self._desk.quiet()):
            self._connections.cancel()
            await _within(LAST_WORDS, self._desk.quiet())

    async def close(self) -> None:
        """End everything at once."""
        self.stop_accepting()
        self._connections.cancel()
        if not await _within(LAST_WORDS, self._connections.ended()):
            self._connections.abort()
        self._spool.close()


async def _within(limit: Seconds, waited_for: Coroutine[None, None, None]) -> bool:
    """Whether it came to its end in time."""
    try:
        async with asyncio.timeout(limit):
            await waited_for
    except TimeoutError:
        return False
    return True
