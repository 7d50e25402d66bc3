"""Whom TLS trusts: one context per file of certificates, built off the loop.

Building one takes about 50 ms of CPU, which would hold every other exchange. Verification is always
on; there is no switch. Must never know a connection.
"""

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import partial

ALPN = ["http/1.1"]


def build(ca: str | None) -> ssl.SSLContext:
    """Make a context that trusts the certificates in the file `ca`, or the system's. Blocks.

    Raises OSError when the file cannot be read, ssl.SSLError (an OSError) when it holds none.
    """
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(ALPN)
    return context


class Trust:
    """Remembers the contexts."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tls-context")
        self._contexts: dict[str | None, asyncio.Future[ssl.SSLContext]] = {}

    async def context(self, ca: str | None) -> ssl.SSLContext:
        """Return the context. Raises OSError; the next call then tries anew."""
        return await asyncio.shield(self._building(ca))

    def prepare(self, ca: str | None) -> None:
        """Have the context built before anyone needs it."""
        _ = self._building(ca)  # its end is heard where it is built

    def _building(self, ca: str | None) -> asyncio.Future[ssl.SSLContext]:
        building = self._contexts.get(ca)
        if building is None:
            loop = asyncio.get_running_loop()
            building = self._contexts[ca] = loop.run_in_executor(self._thread, build, ca)
            building.add_done_callback(partial(self._built, ca))
        return building

    def _built(self, ca: str | None, building: asyncio.Future[ssl.SSLContext]) -> None:
        """Keep no failure, whatever it was; whoever waits gets it, and perhaps nobody does."""
        failed = building.cancelled() or building.exception() is not None
        if failed and self._contexts.get(ca) is building:
            del self._contexts[ca]

    def forget(self) -> None:
        """Read the files anew when they are next needed: they may have changed."""
        for ca in [ca for ca in self._contexts if ca is not None]:
            del self._contexts[ca]

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)
