"""Follow the bytes of one streamed answer: which may go on, and what they say.

Bytes out are bytes in, but for two named rules: an event that cannot be read is dropped and
counted, and an end marker that proves nothing does not go on (never a false whole). Behind the end
marker nothing goes on. What is done about a failure is decided elsewhere.

This is the hottest place of the house. Once content has come, a chunk is looked at as a whole: the
dialect's *plain* events (content and nothing else) are told in C by a decoder that refuses all
others, at about 0.5 us an event. Everything else is looked at event by event.
"""

import msgspec

from proxy.dialects.chat import ChatReader
from proxy.dialects.gemini import GeminiReader
from proxy.dialects.messages import MessagesReader
from proxy.dialects.mould import Mould, mould_of
from proxy.dialects.responses import ResponsesReader
from proxy.dialects.shape import is_utf8
from proxy.dialects.signals import Reader, Signals
from proxy.dialects.sse import END, bare_json, parse
from proxy.dialects.whole import read_whole
from proxy.model import Api

MOST_EVENT = 8 * 1024 * 1024
"""Bytes of one event. Images come as a few MiB of base64; beyond this no stream is sane."""
_SHORT = 4 * 1024
"""Bytes of an unfinished event up to which it is simply looked at again when more comes."""
_RUNS = 8
"""Runs of plain events that are tried for in one read: each try may look at all that is left."""
_LONGEST_PREFIX = 96
"""Bytes in front of a plain event's payload: its name, and `data: `."""


_LESSONS = 8
"""How often the mould of plain events is learned: a server that changes it each time has none."""
_NO_PREFIX = b"\0"
"""Nothing begins so."""
_LF, _CRLF = b"\n\n", b"\r\n\r\n"
"""The two ways in which servers end an event; a stream keeps to one of them."""


class Watch(Signals):
    """Follows the bytes of one streamed answer; what they have said stands in its attributes."""

    __slots__ = ()

    proves = False
    """Whether such a stream can prove that it is whole; where not, only its framing tells."""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those that may go on.

        Of a stream that is not made of events all bytes are content.
        """
        self.progress += 1
        self.content = True
        return data

    def end(self) -> bytes:
        """Take note that no more bytes come; return what was kept and may still go on."""
        return b""


class EventWatch(Watch):
    """Follows a stream of server-sent events; only whole events go on."""

    __slots__ = (
        "_api",
        "_blank",
        "_decode",
        "_lessons",
        "_lines",
        "_mould",
        "_prefix",
        "_prefixes",
        "_reader",
        "_separator",
        "_size",
        "_tail",
    )

    proves = True

    def __init__(self, api: Api, reader: Reader) -> None:
        super().__init__()
        self._api = api
        self._reader = reader
        self._prefixes, self._decode = reader.plain.prefixes, reader.plain.decode
        self._blank = _LF
        self._prefix = _NO_PREFIX  # what the last plain events began with
        self._separator = b""
        self._lines = 0
        self._mould: Mould | None = None
        self._lessons = _LESSONS if reader.plain.mark else 0
        self._tail: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return the events that have become whole and may go on."""
        if self.done or self.overflow:
            return b""
        if self._tail:
            joined = self._join(data)
            if joined is None:
                return b""
            data = joined
        mould = self._mould
        if mould is not None and self.content and mould.follow(data) == len(data):
            self.progress += 1
            return data
        plain = self._plain_end(data, 0) if self.content else 0
        return data if plain == len(data) else self._walk(data, plain)

    def end(self) -> bytes:
        """Take note that no more bytes come; return the tail that may still go on.

        A whole event does (its last CR could have been half of a CRLF), and one without its empty
        line where it completes the answer, or says that it failed. A torn event does not.
        """
        tail = b"".join(self._tail)
        self._tail.clear()
        whole = END.search(tail) is not None
        garbled = self.garbled
        kept = bool(tail) and self._read(tail)
        self.garbled = self.garbled if whole else garbled
        return tail if kept and (whole or self.terminal or self.failed is not None) else b""

    def _plain_end(self, data: bytes, start: int) -> int:
        """Return where the run of plain events that begins at `start` ends."""
        end = self._follow(data, start)
        if self._lessons and end < len(data):
            one = self._decode_run(data, end, 1)
            if one > end:
                self._lessons -= 1
                self._mould = mould_of(data[end:one], self._reader.plain.mark) or self._mould
                end = self._follow(data, one)
        if end < len(data):
            end = self._decode_run(data, end, len(data))
        if end > start:
            self.progress += 1
        return end

    def _follow(self, data: bytes, start: int) -> int:
        """Return where the events end which are of the mould."""
        mould = self._mould
        return start if mould is None else start + mould.follow(data[start:])

    def _decode_run(self, data: bytes, start: int, most: int) -> int:
        """Return where the events end, at most so many, which the decoder takes."""
        if not data.startswith(self._prefix, start) and not self._find_prefix(data, start):
            return start
        skip, blank, separator = len(self._prefix), len(self._blank), self._separator
        last = data.rfind(self._blank, start)
        end, count, at = start, 0, start + skip
        while at <= last and count < most:
            cut = data.find(separator, at)
            payload = data[at : cut if cut >= 0 else last]
            try:
                self._decode(payload)
            except (msgspec.DecodeError, ValueError, RecursionError):
                break
            end = at + len(payload) + blank
            at = end + skip
            count += 1
        return end if self._is_sound(data[start:end], count) else start

    def _is_sound(self, events: bytes, count: int) -> bool:
        """Say whether nothing else is odd about events whose payloads can be read.

        A line break inside of a payload may leave its JSON whole, but not the event's.
        """
        breaks = events.count(b"\n") + events.count(b"\r")
        return breaks == count * self._lines and (events.isascii() or is_utf8(events))

    def _find_prefix(self, data: bytes, start: int) -> bool:
        at = data.find(b"data: ", start, start + _LONGEST_PREFIX) + len(b"data: ")
        prefix = data[start:at]
        if prefix.replace(b"\r\n", b"\n") not in self._prefixes:
            return False
        self._prefix = prefix
        self._separator = self._blank + prefix
        self._lines = self._separator.count(b"\n") + self._separator.count(b"\r")
        return True

    def _walk(self, data: bytes, start: int) -> bytes:
        """Go on by runs of plain events where content flows, and event by event elsewhere.

        What stands before `start` is known to be plain.
        """
        kept, runs = [data[:start]], _RUNS
        while match := END.search(data, start):
            end = match.end()
            if end == len(data) and data.endswith(b"\r"):
                break  # perhaps half of a CRLF
            frame = data[start:end]
            if self._blank != (blank := _CRLF if frame.endswith(_CRLF) else _LF):
                self._blank, self._prefix = blank, _NO_PREFIX
            if self._read(frame):
                kept.append(frame)
            start = end
            if self.done or self.overflow:
                return b"".join(kept)
            if self.content and runs:
                runs -= 1
                kept.append(data[start : (start := self._plain_end(data, start))])
        self._keep(data[start:])
        return b"".join(kept)

    def _read(self, frame: bytes) -> bool:
        """Take one event; whether it may go on."""
        if len(frame) > MOST_EVENT:
            self.overflow = True
            return False
        name, payload = parse(frame)
        if payload is None:
            self._read_bare(frame)
            return True
        if payload.startswith(b"[DONE]"):
            self._reader.close(self)
            self.done = self.terminal
            return self.terminal or self.failed is not None
        if not payload.strip() or self._reader.read(name, payload, self):
            return True
        self.garbled += 1
        return False

    def _read_bare(self, frame: bytes) -> None:
        """See whether JSON that stands there without any field says that the answer failed."""
        bare = bare_json(frame)
        whole = read_whole(self._api, bare) if bare is not None else None
        if bare is not None and whole is not None and whole.failed is not None:
            self.fail(bare)

    def _join(self, data: bytes) -> bytes | None:
        """Put the kept tail in front; None where the event goes on beyond `data`, and was kept."""
        if self._size > _SHORT:
            edge = b"".join(self._tail[-3:])[-3:]  # an end has four bytes at most
            if END.search(edge + data) is None:
                self._keep(data)
                return None
        joined = b"".join((*self._tail, data))
        self._tail.clear()
        self._size = 0
        return joined

    def _keep(self, tail: bytes) -> None:
        if not tail:
            return
        self._tail.append(tail)
        self._size += len(tail)
        if self._size > MOST_EVENT:
            self.overflow = True
            self._tail.clear()


def watch(api: Api, choices: int = 1) -> Watch:
    """Return a watch for one streamed answer; `choices` is how many answers were asked for."""
    match api:
        case Api.CHAT | Api.COMPLETIONS:
            return EventWatch(api, ChatReader(choices))
        case Api.RESPONSES:
            return EventWatch(api, ResponsesReader())
        case Api.MESSAGES:
            return EventWatch(api, MessagesReader())
        case Api.GEMINI:
            return EventWatch(api, GeminiReader())
        case Api.EMBEDDINGS | Api.JSON | Api.OPAQUE:
            return Watch()
