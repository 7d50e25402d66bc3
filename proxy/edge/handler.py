"""One request after the other: checked, recognised, its body taken in, given to the exchange.

All that is refused here is refused before a backend hears of it. What becomes of an exchange is not
known here.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Protocol

from aiohttp import StreamReader
from aiohttp.http import RawRequestMessage

from proxy.dialects.ask import read_ask
from proxy.dialects.models import model_answer, models_answer
from proxy.dialects.peek import Peek
from proxy.dialects.recognise import Recognition
from proxy.dialects.refusal import BUG, DRAINING
from proxy.edge.admission import Errand, Familiar
from proxy.edge.body import Received
from proxy.edge.connection import Connection
from proxy.edge.door import Door
from proxy.edge.intake import Intake, Pace, too_large
from proxy.edge.models import model_names
from proxy.edge.receive import Receiver, receive_whole
from proxy.edge.spool import Spool
from proxy.edge.visit import Visit
from proxy.exchange import Downstream, Events
from proxy.model import Ask, Bodies, Body, Fleet, Operation, Refusal, header

log = logging.getLogger(__name__)

NO_MODEL = Refusal(
    status=HTTPStatus.NOT_FOUND,
    code="model_not_found",
    message="Faultline: the routing table knows no model of this name.",
)


class Run(Protocol):
    """Carries one exchange to its end."""

    async def __call__(
        self, ask: Ask, body: Body, downstream: Downstream, fleet: Fleet, exchange_id: str
    ) -> None:
        """Answer through `downstream`. Cancelled when the client goes away."""


class Handler:
    """Serves the requests of all connections: `proxy.edge.connection.Serve`."""

    def __init__(
        self,
        *,
        run: Run,
        fleet: Callable[[], Fleet],
        new_id: Callable[[], str],
        events: Events,
        spool: Spool,
        pace: Pace,
    ) -> None:
        self.in_flight = 0
        self.ports: Collection[int] = ()
        """Which ports a Host may name."""
        self._run = run
        self._fleet = fleet
        self._new_id = new_id
        self._events = events
        self._spool = spool
        self._pace = pace
        self._last_door: Door | None = None
        self._quiet = asyncio.Event()

    async def __call__(
        self, connection: Connection, message: RawRequestMessage | Refusal, payload: StreamReader
    ) -> bool:
        """Answer one request; return whether its connection may go on."""
        visit = Visit(self._new_id(), connection, message)
        self.in_flight += 1
        try:
            if isinstance(message, Refusal):
                refusal: Refusal | None = message
            else:
                refusal = await self._serve(visit, connection, message, payload)
            if refusal is not None:
                self._events.turned_away(refusal.code)
                visit.refuse(refusal)
            assert visit.reply.ended, "an exchange is over and its client has no whole answer"
        except asyncio.CancelledError:
            if connection.transport is not None:  # It was not the client who left.
                visit.break_off(DRAINING)
            raise
        except Exception as bug:  # noqa: BLE001 - the outermost frame: a bug costs one answer
            log.error("a bug: %s at %s", type(bug).__name__, _place(bug))  # noqa: TRY400 - see _place
            visit.break_off(BUG)
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._quiet.set()
        return visit.reply.keep

    async def quiet(self) -> None:
        """Wait until no request is in flight."""
        while self.in_flight:
            self._quiet.clear()
            await self._quiet.wait()

    async def _serve(
        self,
        visit: Visit,
        connection: Connection,
        message: RawRequestMessage,
        payload: StreamReader,
    ) -> Refusal | None:
        """Answer one request, or say why it is refused."""
        fleet = self._fleet()
        familiar = connection.familiar
        if not isinstance(familiar, Familiar):
            familiar = connection.familiar = Familiar()
        errand = familiar.admit(visit, message, self._door(fleet))
        if isinstance(errand, Refusal):
            return errand
        if connection.draining:
            return DRAINING
        if errand.recognition.operation is Operation.LIST_MODELS:
            return _list_models(visit, errand.recognition, fleet)
        encoded = message.raw_headers if b"content-encoding" in errand.fields else ()
        peek = Peek(encoded) if errand.recognition.reads_body else None
        body: Received | Refusal | None = receive_whole(payload, peek, fleet.bodies)
        if body is None:
            body = await self._receive(visit, message, payload, peek, fleet.bodies)
        if isinstance(body, Refusal):
            return body
        try:
            ask = _read_ask(message.method, errand, body, peek)
            if isinstance(ask, Refusal):
                return ask
            await self._run(ask, body, visit.reply, fleet, visit.id)
        finally:
            body.close()
        return None

    def _door(self, fleet: Fleet) -> Door:
        """Return the door of the current table; a new one when that was swapped."""
        door = self._last_door
        if door is None or door.fleet is not fleet:
            door = self._last_door = Door(fleet, self.ports)
        return door

    async def _receive(
        self,
        visit: Visit,
        message: RawRequestMessage,
        payload: StreamReader,
        peek: Peek | None,
        bodies: Bodies,
    ) -> Received | Refusal:
        """Take in a body that is still coming, or large."""
        told = header(message.raw_headers, b"content-length")
        length = None if told is None else int(told)
        if length is not None and length > bodies.limit:
            return too_large(bodies.limit)
        if not payload.is_eof() and header(message.raw_headers, b"expect") is not None:
            visit.reply.invite()
        intake = Intake(payload, bodies.limit, self._pace)
        return await Receiver(intake, bodies, self._spool, peek, length).receive()


def _read_ask(method: str, errand: Errand, body: Received, peek: Peek | None) -> Ask | Refusal:
    peeked = None if peek is None else peek.finish()
    if isinstance(peeked, Refusal):
        if body.replayable:
            return peeked
        peeked = None  # Of a body that passes through, only the beginning was seen.
    return read_ask(
        errand.recognition,
        errand.headers,
        peeked,
        method=method,
        size=body.size or 0,
        client=errand.client,
    )


def _list_models(visit: Visit, recognition: Recognition, fleet: Fleet) -> Refusal | None:
    names = model_names(fleet, recognition.dialect)
    if recognition.model is None:
        visit.tell(models_answer(recognition.dialect, names))
    elif recognition.model in names:
        visit.tell(model_answer(recognition.dialect, recognition.model))
    else:
        return NO_MODEL
    return None


def _place(bug: BaseException) -> str:
    """Say where it happened; what it says itself may hold a secret."""
    frames = traceback.extract_tb(bug.__traceback__)
    return " > ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
