"""Whether a request may come in, decided on its head alone: before a byte of its body is read.

First what the bytes are (`fields`), then what is asked for (the dialects), then who asks (`door`);
the first to refuse wins. What happens inside is not known here.
"""

from dataclasses import dataclass

from aiohttp import HttpVersion
from aiohttp.http import RawRequestMessage
from msgspec.structs import replace

from proxy.dialects.recognise import Recognition, recognise
from proxy.edge.door import IN_QUERY, Door, Guest
from proxy.edge.fields import Fields, read_fields
from proxy.edge.visit import Visit
from proxy.model import Dialect, Headers, Refusal

_LENGTH = b"content-length"


@dataclass(slots=True)
class Errand:
    """What a request that has come in is about."""

    recognition: Recognition
    headers: Headers
    """Without those that showed the client's token: it opens Faultline and nothing behind it."""
    fields: Fields
    """Of a familiar head the length of its body is that of an earlier one."""
    client: str


class Familiar:
    """The head that a connection was let in with last: SDKs send the same one again and again.

    A head that is alike in every field but the length of its body is not read, judged and
    recognised a second time. It stays with its connection, for it holds the app's keys.
    """

    __slots__ = ("_door", "_errand", "_fields", "_length", "_line")

    def __init__(self) -> None:
        self._door: Door | None = None
        self._line: tuple[str, str, HttpVersion] | None = None
        self._fields: frozenset[tuple[bytes, bytes]] = frozenset()
        self._length: tuple[bytes, bytes] | None = None
        self._errand: Errand | None = None

    def admit(self, visit: Visit, message: RawRequestMessage, door: Door) -> Errand | Refusal:
        """Let a request in, or say why not; `visit` learns in which dialect to say it."""
        errand = self._errand
        if errand is not None and door is self._door and self._is_alike(message):
            visit.dialect = errand.recognition.dialect
            visit.api = errand.recognition.api
            return errand
        admitted = admit(visit, message, door)
        if isinstance(admitted, Errand) and len(admitted.fields) == len(message.raw_headers):
            self._errand, self._door = admitted, door
            self._line = (message.method, message.path, message.version)
            self._fields = frozenset(message.raw_headers)
            self._length = next((f for f in self._fields if f[0].lower() == _LENGTH), None)
        return admitted

    def _is_alike(self, message: RawRequestMessage) -> bool:
        """Say whether no field is new, none is missing and none stands twice, but for the length.

        No two of the known fields have one name, so their order means nothing.
        """
        fields = set(message.raw_headers)
        count = len(self._fields)
        if len(fields) != count or len(message.raw_headers) != count:
            return False
        if (message.method, message.path, message.version) != self._line:
            return False
        news = fields - self._fields
        if not news:
            return True
        return len(news) == 1 and self._length not in fields and news.pop()[0].lower() == _LENGTH


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
    return _errand(message.raw_headers, recognition, fields, guest)


def _errand(headers: Headers, recognition: Recognition, fields: Fields, guest: Guest) -> Errand:
    shown_in = guest.shown_in
    if shown_in:
        headers = tuple(field for field in headers if field[0].lower() not in shown_in)
    if IN_QUERY in shown_in:
        recognition = replace(recognition, key=None)
    return Errand(recognition, headers, fields, guest.name)


def _guess_dialect(fields: Fields) -> Dialect:
    """Say whose SDK it is by where it puts its key."""
    if b"x-goog-api-key" in fields:
        return Dialect.GEMINI
    return Dialect.ANTHROPIC if b"x-api-key" in fields else Dialect.OPENAI
