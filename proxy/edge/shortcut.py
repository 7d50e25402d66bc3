"""Requests with a familiar head, served in the very calls that bring their bytes.

No parser, no stream of bytes, no task: what comes on an idle connection is taken here if it begins
with the head that is known. A request that is not all here is waited for a little, since most
clients write the body after the head. All else goes to the parser as if nobody had looked.
"""

from proxy.dialects.refusal import DRAINING
from proxy.edge.body import MemoryBody
from proxy.edge.connection import Connection
from proxy.edge.desk import Desk, Exchange
from proxy.edge.downstream import Reply
from proxy.edge.familiar import Familiar
from proxy.edge.visit import Visit
from proxy.exchange import Request
from proxy.model import Refusal, Seconds

SOON = Seconds(1.0)
"""How long the rest of a request is waited for here; a slower client has the parser's limits."""


class Shortcut:
    """Serves what one connection brings again: `proxy.edge.connection.Shortcut`."""

    __slots__ = (
        "_connection",
        "_desk",
        "_exchange",
        "_familiar",
        "_held",
        "_missing",
        "_size",
        "_start",
        "_visit",
    )

    def __init__(self, desk: Desk, connection: Connection, familiar: Familiar) -> None:
        self._desk = desk
        self._connection = connection
        self._familiar = familiar
        self._visit: Visit | None = None
        """The request that is coming or being served, until its client has read the answer."""
        self._exchange: Exchange | None = None
        self._held: list[bytes] = []
        """What has come of a request that is not all here; or behind one that is being served."""
        self._size = 0
        """Bytes of it, behind one that is being served."""
        self._missing = self._start = 0
        """How many bytes of a request are to come, and where its body begins."""

    @property
    def busy(self) -> bool:
        """Whether a request is coming or being served."""
        return self._visit is not None

    def take(self, data: bytes) -> bool:
        """Keep these bytes, or say that they are the parser's."""
        visit = self._visit
        if visit is not None:
            if self._missing:
                self._collect(visit, data)
            else:
                self._hold(data)
            return True
        familiar, connection = self._familiar, self._connection
        if not connection.idle or connection.draining or self._desk.door is not familiar.door:
            return False
        measured = familiar.measure(data)
        if measured is None:
            return False
        start, length = measured
        missing = start + length - len(data)
        bodies = familiar.door.fleet.bodies
        if missing < 0 or length > min(bodies.memory, bodies.limit):
            return False
        visit = self._book_in()
        if missing:
            self._held.append(data)
            self._start, self._missing = start, missing
            connection.arm(SOON, self._give_up)
        else:
            self._serve(visit, data[start:])
        return True

    def lost(self) -> None:
        """Hear that the client is gone."""
        self.end()
        self._held.clear()

    def end(self) -> None:
        """End what is coming or being served, where it is."""
        visit = self._visit
        if self._exchange is not None:
            self._exchange.interrupt()
        elif visit is not None and self._missing:
            self._missing = 0
            self._held.clear()
            if not visit.reply.gone:
                visit.break_off(DRAINING)
            self._over(None)

    # While a request comes.

    def _book_in(self) -> Visit:
        """Count a request that has begun to come: a shutdown waits for it."""
        reply = Reply(self._connection, bodiless=False, chunks=True, keep=True)
        self._visit = visit = self._desk.book_in(reply)
        head = self._familiar.errand.head
        visit.dialect, visit.api = head.dialect, head.api
        return visit

    def _collect(self, visit: Visit, data: bytes) -> None:
        self._held.append(data)
        self._missing -= len(data)
        if self._missing < 0:
            self._give_up()
        elif not self._missing:
            self._connection.disarm()
            self._serve(visit, self._all_held()[self._start :])

    def _give_up(self) -> None:
        """Leave to the parser what has come."""
        self._visit, self._missing = None, 0
        self._connection.disarm()
        try:
            self._connection.parse(self._all_held())
        finally:  # last: the task, which counts it again, has its turn before the drain
            self._desk.leave()

    def _hold(self, data: bytes) -> None:
        """Keep what comes behind a request that is being served."""
        self._held.append(data)
        self._size += len(data)
        self._connection.hold(self._size)

    def _all_held(self) -> bytes:
        held = b"".join(self._held)
        self._held.clear()
        self._size = 0
        return held

    # While it is served.

    def _serve(self, visit: Visit, data: bytes) -> None:
        try:
            refusal = self._prepare(visit, data)
            if refusal is not None:
                self._desk.turn_away(visit, refusal)
        except Exception as bug:  # noqa: BLE001 - the outermost frame: a bug costs one answer
            self._over(bug)
            return
        if self._exchange is None:
            self._over(None)
        else:
            self._exchange.begin()

    def _prepare(self, visit: Visit, data: bytes) -> Refusal | None:
        """Make the exchange, or say why there is none."""
        ask = self._familiar.errand.ask_at_once(data)
        if isinstance(ask, Refusal):
            return ask
        request = Request(
            ask=ask,
            body=MemoryBody(data),
            downstream=visit.reply,
            fleet=self._familiar.door.fleet,
            id=visit.id,
        )
        self._exchange = self._desk.exchanges.make(request, self._over)
        return None

    def _over(self, bug: Exception | None) -> None:
        """Hear that the request is over."""
        self._exchange, visit = None, self._visit
        assert visit is not None
        try:
            self._desk.book_out(visit, bug)
        finally:
            self._connection.go_on(self._next, keep=visit.reply.keep)

    def _next(self) -> None:
        """Be ready for another request, which may have come already."""
        self._visit = None
        if self._held:
            self._connection.release(self._all_held())
