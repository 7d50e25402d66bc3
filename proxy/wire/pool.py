"""Connections that wait for their next request.

Last in, first out: the connection that served last is the least likely to have been closed by its
peer. The pool keeps no timer and opens nothing; it says which lane an order takes, and closes what
must not wait. Must never know what an order asks for or an answer says.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import blake2b
from weakref import WeakValueDictionary

from proxy.exchange import Order
from proxy.model import Backend, CredentialKind, Instant, Seconds
from proxy.wire.connection import Connection, Lane

IDLE = Seconds(30.0)
"""How long a connection may wait. AWS's balancers close after 60 s, nginx after 75 s; the peers
that close sooner (uvicorn 5 s) tell in time, unless the request crosses their FIN on the way."""
MOST_IDLE = 1024
"""Waiting connections in all; the one that has waited longest makes room."""
_MOST_KNOWN = 1024
"""Backends, by identity: tables that come and go must not add up."""

_TENANT_FIELDS = frozenset(
    {b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"cookie"}
)
"""Fields that may carry a client's own credential."""

_Key = tuple[object, ...]


class Pool:
    """All waiting connections of all lanes."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._known: dict[int, tuple[Backend, Lane]] = {}
        self._lanes: WeakValueDictionary[_Key, Lane] = WeakValueDictionary()
        self._waiting: OrderedDict[Connection, None] = OrderedDict()
        self._live: frozenset[_Key] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def lane(self, order: Order) -> Lane:
        """Return the lane of an order. On the hot path it costs one look-up by identity."""
        backend = order.backend
        known = self._known.get(id(backend))
        if known is not None:
            return known[1]
        if backend.credential.kind is CredentialKind.CLIENT:
            return self._lane(backend, _tenant(order))
        lane = self._lane(backend, b"")
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[id(backend)] = (backend, lane)
        return lane

    def take(self, lane: Lane) -> Connection | None:
        """Take out the connection that served last, if there is one that may serve again."""
        while lane.waiting:
            connection = lane.waiting.pop()
            del self._waiting[connection]
            if connection.is_open() and self._now() - connection.idle_since < IDLE:
                return connection
            connection.close()
        return None

    def give(self, connection: Connection) -> None:
        """Let a connection wait, or close it where it must not."""
        if connection.lane.retired:
            connection.close()
            return
        connection.idle_since = self._now()
        connection.lane.waiting.append(connection)
        self._waiting[connection] = None
        if len(self._waiting) > MOST_IDLE:
            self._close_oldest()

    def forget(self, connection: Connection) -> None:
        """Take out a connection that its peer has closed; one that does not wait is no news."""
        if connection in self._waiting:
            del self._waiting[connection]
            connection.lane.waiting.remove(connection)

    def reap(self) -> Seconds | None:
        """Close what has waited too long; return when the next one will have, None for never."""
        while self._waiting:
            oldest = next(iter(self._waiting))
            left = oldest.idle_since + IDLE - self._now()
            if left > 0:
                return Seconds(left)
            self._close_oldest()
        return None

    def adopt(self, backends: Iterable[Backend]) -> None:
        """Keep the lanes of these backends; close those of all others."""
        self._live = frozenset(_place(backend) for backend in backends)
        self._known.clear()
        for lane in list(self._lanes.values()):
            lane.retired = lane.key[:-1] not in self._live
            if lane.retired:
                self._empty(lane)

    def close(self) -> None:
        """Close all that wait."""
        for lane in list(self._lanes.values()):
            lane.retired = True
            self._empty(lane)

    def _lane(self, backend: Backend, tenant: bytes) -> Lane:
        place = _place(backend)
        key = (*place, tenant)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key, backend.url.authority.encode())
            lane.retired = self._live is not None and place not in self._live
        return lane

    def _close_oldest(self) -> None:
        connection, _ = self._waiting.popitem(last=False)
        connection.lane.waiting.remove(connection)
        connection.close()

    def _empty(self, lane: Lane) -> None:
        for connection in lane.waiting:
            del self._waiting[connection]
            connection.close()
        lane.waiting.clear()


def _place(backend: Backend) -> _Key:
    """Return all that a connection depends on, but for a client's own credential."""
    return (
        backend.name,
        backend.url,
        backend.credential,
        backend.proxy,
        backend.ca,
        backend.private,
    )


def _tenant(order: Order) -> bytes:
    """Return a digest of the client's own credential."""
    digest = blake2b(digest_size=16)
    for name, value in order.headers:
        if name.lower() in _TENANT_FIELDS:
            digest.update(b"%b:%b\n" % (name.lower(), value))
    return digest.digest()
