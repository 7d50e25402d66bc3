"""Where an exchange is made: to be begun by a plain call, or to be waited for."""

import asyncio
from collections.abc import Callable
from functools import partial

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
        over = asyncio.get_running_loop().create_future()
        exchange = self.make(request, partial(_tell, over))
        exchange.begin()
        try:
            await over
        finally:
            exchange.interrupt()


def _tell(over: asyncio.Future[None], bug: Exception | None) -> None:
    if bug is None:
        if not over.cancelled():
            over.set_result(None)
    elif over.cancelled():
        raise bug  # to whoever has interrupted it
    else:
        over.set_exception(bug)
