"""Whether a request may come in, decided on its head alone: before a byte of its body is read.

First what the bytes are (`fields`), then what is asked for (the dialects), then who asks (`door`);
the first to refuse wins. What happens inside is not known here.
"""

from dataclasses import dataclass

from aiohttp.http import RawRequestMessage
from msgspec.structs import replace

from proxy.dialects.ask import read_ask, with_body
from proxy.dialects.peek import Peek, peek_at
from proxy.dialects.recognise import Recognition, recognise
from proxy.edge.door import IN_QUERY, Door, Guest
from proxy.edge.fields import Fields, read_fields
from proxy.edge.visit import Visit
from proxy.model import Ask, Dialect, Refusal


@dataclass(slots=True)
class Errand:
    """What a request that has come in is about."""

    recognition: Recognition
    fields: Fields
    head: Ask
    """What the head says, without the fields that showed the client's token: it opens Faultline
    and nothing behind it."""

    def peek(self) -> Peek | None:
        """Return what is to see the body as it comes; None where nobody needs to look."""
        if not self.recognition.reads_body:
            return None
        return Peek(self.head.headers if b"content-encoding" in self.fields else ())

    def ask(self, peek: Peek | None, *, size: int, replayable: bool) -> Ask | Refusal:
        """Say what is asked for, once `peek` has seen the body."""
        peeked = None if peek is None else peek.finish()
        if isinstance(peeked, Refusal):
            if replayable:
                return peeked
            peeked = None  # Of a body that passes through, only the beginning was seen.
        return with_body(self.head, peeked, size)

    def ask_at_once(self, body: bytes) -> Ask | Refusal:
        """Say what is asked for with a body that has come already."""
        if self.recognition.reads_body and b"content-encoding" not in self.fields:
            seen = peek_at(body)
            return seen if isinstance(seen, Refusal) else with_body(self.head, seen, len(body))
        peek = self.peek()
        if peek is not None:
            peek.feed(body)
        return self.ask(peek, size=len(body), replayable=True)


def admit(visit: Visit, message: RawRequestMessage, door: Door) -> Errand | Refusal:
    """Let a request in, or say why not; `visit` learns in which dialect to say it."""
    fields = read_fields(message)
    if isinstance(fields, Refusal):
        return fields
    recognition = recognise(message.method, message.path, message.raw_headers)
    if isinstance(recognition, Refusal):
        visit.dialect = _guess_dialect(fields)
        guest = door.enter(message.method, fields, None)
        return guest if isinstance(guest, Refusal) else recognition
    visit.dialect = recognition.dialect
    visit.api = recognition.api
    guest = door.enter(message.method, fields, recognition.key)
    if isinstance(guest, Refusal):
        return guest
    return _errand(message, recognition, fields, guest)


def _errand(
    message: RawRequestMessage, recognition: Recognition, fields: Fields, guest: Guest
) -> Errand:
    headers, shown_in = message.raw_headers, guest.shown_in
    if shown_in:
        headers = tuple(field for field in headers if field[0].lower() not in shown_in)
    if IN_QUERY in shown_in:
        recognition = replace(recognition, key=None)
    head = read_ask(recognition, headers, method=message.method, client=guest.name)
    return Errand(recognition, fields, head)


def _guess_dialect(fields: Fields) -> Dialect:
    """Say whose SDK it is by where it puts its key."""
    if b"x-goog-api-key" in fields:
        return Dialect.GEMINI
    return Dialect.ANTHROPIC if b"x-api-key" in fields else Dialect.OPENAI
