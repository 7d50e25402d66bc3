"""Names to addresses: in own threads, remembered, and robust against a resolver that fails.

A lookup that hangs holds one thread and only those who want that name. The threads are daemons, not
an executor's: those would be joined at exit, and a hanging lookup would hold the exit too. One
lookup per name at a time bounds their number by the names of the routing table. Must never know
backends, rules of egress, or connections.
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from proxy.model import Instant, Seconds

AddressInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]
"""Family, type, protocol, canonical name, socket address: as getaddrinfo gives them."""
Addresses = tuple[AddressInfo, ...]
Lookup = Callable[[str, int], list[AddressInfo]]

TTL = Seconds(10.0)
"""How long an answer serves. getaddrinfo tells no TTL; aiohttp and Go's peers use 10 s too."""
NEGATIVE_TTL = Seconds(5.0)
"""How long a failure serves."""
STALE = Seconds(24 * 3600.0)
"""How long an old answer serves while lookups fail."""
STALE_AFTER = Seconds(0.5)
"""How long a lookup may take where an old answer is at hand."""
MOST_NAMES = 256
"""Names that are remembered."""


def look_up(host: str, port: int) -> list[AddressInfo]:
    """Ask the system. Blocks; raises OSError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "not a name") from error
    return found  # type: ignore[return-value]


def numeric(host: str, port: int) -> Addresses:
    """Return the one address that is written; asks nobody."""
    found = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    )
    return tuple(found)  # type: ignore[arg-type]


class _Entry:
    """What is known about one name, and the lookup that is under way."""

    __slots__ = ("addresses", "asked_until", "error", "flight", "good_until")

    def __init__(self) -> None:
        self.addresses: Addresses = ()
        self.error: OSError | None = None
        self.asked_until = Instant(0.0)
        self.good_until = Instant(0.0)
        self.flight: asyncio.Future[None] | None = None


class Resolver:
    """Looks names up, each once at a time."""

    def __init__(self, now: Callable[[], Instant], lookup: Lookup = look_up) -> None:
        self._now = now
        self._lookup = lookup
        self._entries: dict[tuple[str, int], _Entry] = {}

    async def resolve(self, host: str, port: int) -> Addresses:
        """Return the addresses of a name. Raises socket.gaierror; takes as long as it takes."""
        entry = self._entry(host, port)
        if self._now() >= entry.asked_until:
            if entry.flight is None:
                entry.flight = self._fly(entry, host, port)
            patience = STALE_AFTER if self._usable(entry) else None
            landed, _ = await asyncio.wait({entry.flight}, timeout=patience)
            if not landed:  # it hangs: those who come next do not wait for it
                entry.asked_until = Instant(self._now() + NEGATIVE_TTL)
        if self._usable(entry):
            return entry.addresses
        raise entry.error or socket.gaierror(socket.EAI_NONAME, "no address")

    def _usable(self, entry: _Entry) -> bool:
        return bool(entry.addresses) and self._now() < entry.good_until

    def _entry(self, host: str, port: int) -> _Entry:
        """Return the entry of a name; the one that was asked for first makes room."""
        entry = self._entries.get((host, port))
        if entry is None:
            if len(self._entries) >= MOST_NAMES:
                del self._entries[next(iter(self._entries))]
            entry = self._entries[host, port] = _Entry()
        return entry

    def _fly(self, entry: _Entry, host: str, port: int) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        flight: asyncio.Future[None] = loop.create_future()

        def land(result: list[AddressInfo] | OSError) -> None:
            entry.flight = None
            self._note(entry, result)
            flight.set_result(None)

        def fly() -> None:
            # What no lookup should raise must land, too, or the name would be waited for for ever.
            result: list[AddressInfo] | OSError = OSError(errno.EIO, "the lookup broke")
            try:
                result = self._lookup(host, port)
            except OSError as error:
                result = error
            finally:
                with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    loop.call_soon_threadsafe(land, result)

        try:
            Thread(target=fly, name=f"resolve {host}", daemon=True).start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, "no thread for a lookup") from error
        return flight

    def _note(self, entry: _Entry, result: list[AddressInfo] | OSError) -> None:
        now = self._now()
        if isinstance(result, OSError):
            entry.error = result
            entry.asked_until = Instant(now + NEGATIVE_TTL)
            return
        entry.error = None
        entry.addresses = tuple(dict.fromkeys(result))
        entry.asked_until = Instant(now + TTL)
        entry.good_until = Instant(now + STALE)
