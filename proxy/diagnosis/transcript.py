"""A recorded answer -> Outcome: for `faultline diagnose` and for the transcripts of the tests.

What the mapping takes from a record, and how:

- `status`, `headers`, `body` of an answer that is whole become the outcome's own.
- A body of server-sent events is read event by event. The first that tells an error or a strange
  end becomes `Outcome.event` with `Fault.FAILED_EVENT`. Without one, a record of phase
  `mid_stream` is a stream that ended without its terminal event; one of another phase is a stream
  as far as it was seen, and nothing is wrong with it; its last event is judged for what it says.
- Phase `mid_body` is a body that ended too early.
- `wire` is prose: for an answer without a body it says how the bytes ended, by the words below.
- Three dots where JSON cannot have them stand for what was left out of the record.

Nothing is taken from what a record says about its meaning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from proxy.diagnosis.answer import Reply, read_reply
from proxy.diagnosis.signature import Answer
from proxy.diagnosis.tree import parse_json
from proxy.model import Api, Dialect, Fault, Headers, Outcome, Phase, Sent

WIRE: tuple[tuple[Fault, tuple[str, ...]], ...] = (
    (Fault.FAILED_EVENT, ("message-type=exception", "exception-type", "error frame")),
    (Fault.UNTERMINATED, ("without message", "without any", "without a ", "without [")),
    (Fault.UNTERMINATED, ("without data", "without finish", "without response", "no sentinel")),
    (Fault.UNTERMINATED, ("no [done]", "no finish", "no message_stop")),
    (Fault.RESET, ("econnreset", "connection reset", " rst")),
    (Fault.EOF, ("chunk", "content-length", "incomplete", "truncat", "eof")),
    (Fault.STALL, ("silence", "stall", "hang", "no further", "no more bytes", "idle", "timeout")),
)
"""How prose says that a 2xx answer ended; the first that is found counts."""
STREAMS = (b"text/event-stream", b"application/x-ndjson", b"application/jsonl")
ELIDED = re.compile(r",\s*\.\.\.|\.\.\.\s*,|(?<=\{)\s*\.\.\.\s*(?=\})")
ELIDED_LIST = re.compile(r"\[\s*\.\.\.\s*\]")
SHAPES = (
    (Api.GEMINI, b'"candidates"'),
    (Api.GEMINI, b'"promptFeedback"'),
    (Api.MESSAGES, b'"stop_reason"'),
    (Api.RESPONSES, b'"object":"response"'),
)
"""Which API an answer is of, by a field that only it has."""
LAST = frozenset({"message_stop", "response.completed", "response.incomplete", "message-end"})
"""Names of events that prove that an answer is complete."""
FAILED = frozenset({"error", "response.error", "response.failed", "thread.run.failed"})
"""Names of events that say that the answer failed."""
GOES_ON = frozenset({"responsequeued", "responseinprogress"})
"""What is no end, though it stands where the end is told."""
DIALECTS = {"gemini": Dialect.GEMINI, "google": Dialect.GEMINI, "vertex": Dialect.GEMINI}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """An answer as it was recorded."""

    status: int | None = None
    headers: Headers = ()
    body: bytes = b""
    provider: str = ""
    stream: bool = False
    phase: str = "pre_headers"
    wire: str = ""


def outcome_of(record: Transcript) -> Outcome:
    """Return what physically happened in a record."""
    events = list(events_of(record.body)) if has_events(record) else None
    fault, phase, event = _unary(record) if events is None else _streamed(record, events)
    return Outcome(
        dialect=_dialect(record),
        api=_api(record),
        stream=record.stream or events is not None,
        provider=record.provider,
        phase=phase,
        fault=fault,
        status=record.status,
        headers=record.headers,
        body=mended(record.body) if events is None else b"",
        event=event,
        sent=Sent.HEAD_SEEN,
    )


def has_events(record: Transcript) -> bool:
    """Tell whether the body is a stream of server-sent events, or would be one."""
    first = record.body.lstrip().split(b"\n", 1)[0]
    typed = any(
        name.lower() == b"content-type" and value.lower().startswith(STREAMS)
        for name, value in record.headers
    )
    fields = (b"data:", b"event:", b"error:", b"id:", b"retry:", b":")
    return first.startswith(fields) or (typed and not first.startswith(b"<"))


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: its name and its payload."""

    name: str
    payload: bytes

    @property
    def fails(self) -> bool:
        """Whether it says that the answer failed."""
        if self.name in FAILED:
            return True
        reply = self._reply()
        return reply is not None and reply.answer in {Answer.ERROR, Answer.STRANGE}

    @property
    def reasons(self) -> set[str]:
        """Why the answer ended, where the event says it."""
        reply = self._reply()
        return set() if reply is None else reply.finish - GOES_ON

    @property
    def ends(self) -> bool:
        """Whether it proves that the answer is complete."""
        return self.payload == b"[DONE]" or self.name in LAST or bool(self.reasons)

    def _reply(self) -> Reply | None:
        try:
            return read_reply(parse_json(self.payload.decode("utf-8", "replace")), event=True)
        except ValueError:
            return None


def events_of(body: bytes) -> Iterator[Event]:
    """Yield the events; a bare JSON tail counts as one (Gemini), and so does a line (NDJSON)."""
    for block in re.split(rb"\r?\n\r?\n", body):
        if block.lstrip().startswith((b"{", b"[")):
            yield from _bare(block.strip())
            continue
        name, data = "", []
        for line in block.splitlines():
            field, _, value = line.partition(b":")
            if field == b"event":
                name = value.strip().decode("utf-8", "replace")
            elif field in {b"data", b"error"}:
                data.append(value.strip())
                name = name or ("error" if field == b"error" else "")
        if data:
            yield Event(name, mended(b"\n".join(data)))


def _bare(block: bytes) -> Iterator[Event]:
    lines = block.splitlines()
    if len(lines) > 1 and all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        yield from (Event("", mended(line)) for line in lines)
    else:
        yield Event("", mended(block))


def mended(body: bytes) -> bytes:
    """Return a body in which what was left out of the record is left out of the JSON too."""
    if b"..." not in body or not body.lstrip().startswith((b"{", b"[")):
        return body
    text = body.decode("utf-8", "replace")
    try:
        parse_json(text)
    except ValueError:
        return ELIDED.sub("", ELIDED_LIST.sub('["..."]', text)).encode()
    return body


def _unary(record: Transcript) -> tuple[Fault | None, Phase, bytes | None]:
    if record.phase == "mid_body":
        return Fault.EOF, Phase.CONTENT, None
    success = record.status is not None and 200 <= record.status < 300  # noqa: PLR2004
    if success and record.wire and not record.body.strip():
        return _by_wire(record)
    return None, Phase.END, None


def _by_wire(record: Transcript) -> tuple[Fault, Phase, bytes | None]:
    phase = Phase.FIRST_CONTENT if record.phase == "pre_content" else Phase.CONTENT
    prose = f" {record.wire.lower()}"
    for fault, words in WIRE:
        if any(word in prose for word in words):
            return fault, phase, b"{}" if fault is Fault.FAILED_EVENT else None
    return Fault.UNTERMINATED, phase, None


def _streamed(record: Transcript, events: list[Event]) -> tuple[Fault | None, Phase, bytes | None]:
    phase = Phase.FIRST_CONTENT if record.phase == "pre_content" else Phase.CONTENT
    for event in events:
        if event.fails:
            return Fault.FAILED_EVENT, phase, event.payload
    if record.phase == "terminal" or any(event.ends for event in events):
        told = [event.payload for event in events if event.reasons]
        return None, Phase.END, told[-1] if told else None
    if record.wire:
        return _by_wire(record)
    if record.phase == "mid_stream" or not record.body.strip():
        return Fault.UNTERMINATED, phase, None
    return None, Phase.END, None


def _api(record: Transcript) -> Api:
    for api, mark in SHAPES:
        if mark in record.body:
            return api
    return Api.CHAT


def _dialect(record: Transcript) -> Dialect:
    provider = record.provider.lower()
    if provider.startswith("anthropic"):
        return Dialect.ANTHROPIC
    return DIALECTS.get(provider, Dialect.OPENAI)
