"""One request after the other: checked, recognised, its body taken in, given to the exchange.

All that is refused here is refused before a backend hears of it. What becomes of an exchange is not
known here.
"""

import asyncio
from http import HTTPStatus

from aiohttp import StreamReader
from aiohttp.http import RawRequestMessage

from proxy.dialects.models import model_answer, models_answer
from proxy.dialects.peek import Peek
from proxy.dialects.recognise import Recognition
from proxy.dialects.refusal import DRAINING
from proxy.edge.admission import admit
from proxy.edge.body import Received
from proxy.edge.connection import Connection
from proxy.edge.desk import Desk
from proxy.edge.familiar import remember
from proxy.edge.intake import Intake, Pace, too_large
from proxy.edge.models import model_names
from proxy.edge.receive import Receiver, receive_whole
from proxy.edge.shortcut import Shortcut
from proxy.edge.spool import Spool
from proxy.edge.visit import Visit, reply_to
from proxy.exchange import Request
from proxy.model import Bodies, Fleet, Operation, Refusal, header

NO_MODEL = Refusal(
    status=HTTPStatus.NOT_FOUND,
    code="model_not_found",
    message="Faultline: the routing table knows no model of this name.",
)


class Handler:
    """Serves the requests of all connections: `proxy.edge.connection.Serve`."""

    def __init__(self, *, desk: Desk, spool: Spool, pace: Pace) -> None:
        self._desk = desk
        self._spool = spool
        self._pace = pace

    async def __call__(
        self, connection: Connection, message: RawRequestMessage | Refusal, payload: StreamReader
    ) -> bool:
        """Answer one request; return whether its connection may go on."""
        visit = self._desk.book_in(reply_to(connection, message))
        bug = None
        try:
            if isinstance(message, Refusal):
                refusal: Refusal | None = message
            else:
                refusal = await self._serve(visit, connection, message, payload)
            if refusal is not None:
                self._desk.turn_away(visit, refusal)
        except asyncio.CancelledError:
            if connection.transport is not None:  # It was not the client who left.
                visit.break_off(DRAINING)
            raise
        except Exception as error:  # noqa: BLE001 - the outermost frame: a bug costs one answer
            bug = error
        finally:
            self._desk.book_out(visit, bug)
        return visit.reply.keep

    async def _serve(
        self,
        visit: Visit,
        connection: Connection,
        message: RawRequestMessage,
        payload: StreamReader,
    ) -> Refusal | None:
        """Answer one request, or say why it is refused."""
        door = self._desk.door
        errand = admit(visit, message, door)
        if isinstance(errand, Refusal):
            return errand
        if connection.draining:
            return DRAINING
        fleet = door.fleet
        if errand.recognition.operation is Operation.LIST_MODELS:
            return _list_models(visit, errand.recognition, fleet)
        familiar = remember(message, errand, door)
        if familiar is not None:
            connection.shortcut = Shortcut(self._desk, connection, familiar)
        peek = errand.peek()
        body: Received | Refusal | None = receive_whole(payload, peek, fleet.bodies)
        if body is None:
            body = await self._receive(visit, message, payload, peek, fleet.bodies)
        if isinstance(body, Refusal):
            return body
        try:
            ask = errand.ask(peek, size=body.size or 0, replayable=body.replayable)
            if isinstance(ask, Refusal):
                return ask
            request = Request(ask=ask, body=body, downstream=visit.reply, fleet=fleet, id=visit.id)
            await self._desk.exchanges.run(request)
        finally:
            body.close()
        return None

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


def _list_models(visit: Visit, recognition: Recognition, fleet: Fleet) -> Refusal | None:
    names = model_names(fleet, recognition.dialect)
    if recognition.model is None:
        visit.tell(models_answer(recognition.dialect, names))
    elif recognition.model in names:
        visit.tell(model_answer(recognition.dialect, recognition.model))
    else:
        return NO_MODEL
    return None
