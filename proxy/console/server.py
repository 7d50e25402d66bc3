"""The console port: listens, and lets in by the table of the moment.

It knows sockets and the application; nothing of what is shown.
"""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from proxy.console.door import Door
from proxy.console.hatch import Hatch
from proxy.console.site import SHELVES, console_app
from proxy.console.sources import Sources
from proxy.edge.listening import listen, local_address
from proxy.model import Address, Seconds

KEEP_ALIVE = Seconds(15.0)
"""Of an idle connection, and how long a head may dribble: aiohttp has one clock for both."""

LAST_WORDS = Seconds(1.0)
"""For answers under way at the end; aiohttp may take it twice."""


class Console:
    """The server on the console port; where the table has none, it does nothing."""

    def __init__(self, sources: Sources) -> None:
        """Take what is shown."""
        self._sources = sources
        self._runner: web.AppRunner | None = None
        self._servers: list[asyncio.Server] = []
        self._hatch: Hatch | None = None
        self.addresses: tuple[Address, ...] = ()
        """Where it listens, ports known; empty without a console."""

    async def start(self) -> None:
        """Listen. Raises OSError when an address cannot be had."""
        address = self._sources.fleet().console
        if address is None:
            return
        sockets = listen(address)
        self.addresses = tuple(local_address(sock) for sock in sockets)
        door = self._door(address)
        app = console_app(self._sources, door)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            handler_cancellation=True,
            keepalive_timeout=KEEP_ALIVE,
            lingering_time=0,
            shutdown_timeout=LAST_WORDS,
        )
        await self._runner.setup()
        assert self._runner.server is not None
        self._hatch = Hatch(app[SHELVES], door, self._runner.server, self._wall)
        self._servers = [await _serve(self._hatch, sock) for sock in sockets]

    async def close(self) -> None:
        """Stop listening and end what is under way. Idempotent."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        if self._hatch is not None:
            self._hatch.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._unlink()
        self.addresses = ()

    def _wall(self) -> float:
        return self._sources.moment().wall

    def _unlink(self) -> None:
        for address in self.addresses:
            if address.unix is not None:
                Path(address.unix).unlink(missing_ok=True)

    def _door(self, address: Address) -> Callable[[], Door]:
        ports = {listening.port for listening in self.addresses if listening.unix is None}
        door = Door(self._sources.fleet(), address, ports)

        def current() -> Door:
            nonlocal door
            fleet = self._sources.fleet()
            if door.fleet is not fleet:
                door = Door(fleet, address, ports)
            return door

        return current


async def _serve(hatch: Hatch, sock: socket.socket) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if sock.family == socket.AF_UNIX:
        return await loop.create_unix_server(hatch, sock=sock)
    return await loop.create_server(hatch, sock=sock)
