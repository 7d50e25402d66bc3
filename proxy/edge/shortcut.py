"""Requests with a familiar head, served in the very calls that bring their bytes.

No parser, no stream of bytes, no task: what comes on an idle connection is taken here if it begins
with the head that is known. A request that is not all here is waited for a little, since most
clients write the body after the head. All else goes to the parser as if nobody had looked.
"""

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
        "_start",
        "_visit",
    )

    def __init__(self, desk: Desk, connection: Connection, familiar: Familiar) -> None:
        self._desk = desk
        self._connection = connection
        self._familiar = familiar
        self._held: list[bytes] = []
        """A request of which `_missing` bytes are to come; or what has come behind one."""
        self._missing = self._start = 0
        self._visit: Visit | None = None
        """The request that is being served, until its client has read the answer."""
        self._exchange: Exchange | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is coming or being served."""
        return self._visit is not None or bool(self._held)

    def take(self, data: bytes) -> bool:
        """Keep these bytes, or say that they are the parser's."""
        if self._visit is not None:
            self._held.append(data)
            self._connection.hold(sum(map(len, self._held)))
            return True
        if self._held:
            self._collect(data)
            return True
        if not self._connection.idle or not self._still_holds():
            return False
        measured = self._familiar.measure(data)
        if measured is None:
            return False
        self._start, length = measured
        self._missing = self._start + length - len(data)
        bodies = self._familiar.door.fleet.bodies
        if self._missing < 0 or length > min(bodies.memory, bodies.limit):
            return False
        if self._missing:
            self._held.append(data)
            self._connection.arm(SOON, self._give_up)
        else:
            self._serve(data[self._start :])
        return True

    def lost(self) -> None:
        """Hear that the client is gone."""
        self._held.clear()
        self.end()

    def end(self) -> None:
        """End what is being served, where it is."""
        if self._exchange is not None:
            self._exchange.interrupt()

    # While a request comes.

    def _still_holds(self) -> bool:
        """Say whether whoever brings this head is let in now."""
        return self._desk.door is self._familiar.door and not self._connection.draining

    def _collect(self, data: bytes) -> None:
        self._held.append(data)
        self._missing -= len(data)
        if self._missing > 0:
            return
        if self._missing < 0 or not self._still_holds():
            self._give_up()
            return
        self._connection.disarm()
        self._serve(self._all_held()[self._start :])

    def _give_up(self) -> None:
        """Leave to the parser what has come."""
        self._connection.disarm()
        self._connection.parse(self._all_held())

    def _all_held(self) -> bytes:
        held = b"".join(self._held)
        self._held.clear()
        return held

    # While it is served.

    def _serve(self, data: bytes) -> None:
        reply = Reply(self._connection, bodiless=False, chunks=True, keep=True)
        self._visit = visit = self._desk.book_in(reply)
        try:
            refusal = self._begin(visit, data)
        except Exception as bug:  # noqa: BLE001 - the outermost frame: a bug costs one answer
            self._over(bug)
            return
        if refusal is not None:
            self._desk.turn_away(visit, refusal)
            self._over(None)

    def _begin(self, visit: Visit, data: bytes) -> Refusal | None:
        errand, fleet = self._familiar.errand, self._familiar.door.fleet
        visit.dialect, visit.api = errand.recognition.dialect, errand.recognition.api
        peek = errand.peek()
        if peek is not None:
            peek.feed(data)
        ask = errand.ask(peek, size=len(data), replayable=True)
        if isinstance(ask, Refusal):
            return ask
        request = Request(
            ask=ask, body=MemoryBody(data), downstream=visit.reply, fleet=fleet, id=visit.id
        )
        self._exchange = self._desk.exchanges.make(request, self._over)
        self._exchange.begin()
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
