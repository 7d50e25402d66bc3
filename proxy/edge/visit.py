"""One request as the edge knows it, and how the edge itself answers it.

It words nothing: a refusal is said by the client's dialect. Whether one is due is not known here.
"""

from aiohttp import HttpVersion11
from aiohttp.http import RawRequestMessage

from proxy.dialects.errors import error_event
from proxy.dialects.headers import refusal_headers
from proxy.dialects.refusal import render_refusal
from proxy.edge.connection import Connection
from proxy.edge.downstream import Reply
from proxy.model import Api, Dialect, Headers, Refusal

UNKNOWN = Dialect.OPENAI, Api.JSON
"""How is answered who has not said yet what is asked for."""
JSON: Headers = ((b"content-type", b"application/json"),)


def reply_to(connection: Connection, message: RawRequestMessage | Refusal) -> Reply:
    """Return the reply to a request.

    Without a message, what came was no request; then the connection ends with the answer.
    """
    if isinstance(message, Refusal):
        return Reply(connection, bodiless=False, chunks=False, keep=False)
    modern = message.version == HttpVersion11
    return Reply(
        connection,
        bodiless=message.method == "HEAD",
        chunks=modern,
        # A declined upgrade leaves the parser in doubt about what comes next.
        keep=modern and not message.should_close and not message.upgrade,
    )


class Visit:
    """A request's id, its dialect as far as it is known, and its answer."""

    __slots__ = ("api", "dialect", "id", "reply")

    def __init__(self, visit_id: str, reply: Reply) -> None:
        self.id = visit_id
        self.dialect, self.api = UNKNOWN
        self.reply = reply

    def tell(self, data: bytes) -> None:
        """Answer with JSON."""
        self.reply.begin(200, JSON + refusal_headers(request_id=self.id), data, last=True)

    def refuse(self, refusal: Refusal) -> None:
        """Refuse in the client's dialect."""
        status, headers, data = render_refusal(self.dialect, self.api, refusal, self.id)
        headers += refusal_headers(request_id=self.id)
        self.reply.begin(status, headers, data, last=True)

    def break_off(self, refusal: Refusal) -> None:
        """End what has no end: with a refusal where nothing was sent, else with a cut."""
        if not self.reply.begun:
            self.refuse(refusal)
        else:
            self.reply.abort(error_event(self.api, refusal.message))
