"""Where an exchange is made: to be begun by a plain call, or to be waited for."""

import asyncio
from collections.abc import Callable

from proxy.exchange import Request
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import Ports


class Exchanges:
    """Makes the exchanges of a process."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def make(self, request: Request, done: Callable[[Exception | None], None]) -> Exchange:
        """Make one that is to be begun, and to be interrupted when its client goes away.

        `done` is called when nothing of it is left, with the bug that ended it, if one did.
        """
        return Exchange(self._ports, request, done)

    async def run(self, request: Request) -> None:
        """Serve one request to its last byte. Cancelled when the client goes away."""
        end = _End()
        exchange = self.make(request, end.tell)
        exchange.begin()
        try:
            await end.told
        finally:
            exchange.interrupt()
            if end.bug is not None:
                raise end.bug


class _End:
    """The end of an exchange, to be waited for."""

    def __init__(self) -> None:
        self.told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.bug: Exception | None = None

    def tell(self, bug: Exception | None) -> None:
        self.bug = bug
        if not self.told.done():
            self.told.set_result(None)
