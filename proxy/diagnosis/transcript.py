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

import msgspec

from proxy.diagnosis.answer import read_reply
from proxy.diagnosis.signature import Answer
from proxy.model import Api, Dialect, Fault, Headers, Outcome, Phase, Sent

WIRE: tuple[tuple[Fault, tuple[str, ...]], ...] = (
    (Fault.FAILED_EVENT, ("message-type=exception", "exception-type", "error frame")),
    (Fault.UNTERMINATED, ("without message", "without any", "no sentinel", "without a terminal")),
    (Fault.RESET, ("econnreset", "connection reset", "rst")),
    (Fault.EOF, ("chunk", "content-length", "incomplete", "truncat", "eof")),
    (Fault.STALL, ("silence", "stall", "hang", "no further", "no more bytes", "idle")),
)
"""How prose says that a 2xx answer ended; the first that is found counts."""
ELIDED = re.compile(r",\s*\.\.\.|\.\.\.\s*,|(?<=\{)\s*\.\.\.\s*(?=\})")
ELIDED_LIST = re.compile(r"\[\s*\.\.\.\s*\]")
SHAPES = (
    (Api.GEMINI, b'"candidates"'),
    (Api.GEMINI, b'"promptFeedback"'),
    (Api.MESSAGES, b'"stop_reason"'),
    (Api.RESPONSES, b'"object":"response"'),
)
"""Which API an answer is of, by a field that only it has."""
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
    lines = record.body.lstrip().split(b"\n", 1)[0]
    typed = any(
        name.lower() == b"content-type" and b"event-stream" in value.lower()
        for name, value in record.headers
    )
    return lines.startswith((b"data:", b"event:", b"error:", b":")) or (
        typed and not lines.startswith((b"{", b"[", b"<"))
    )


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: its name and its payload."""

    name: str
    payload: bytes

    @property
    def fails(self) -> bool:
        """Whether it says that the answer failed."""
        if self.name.endswith(("error", "failed")):
            return True
        try:
            reply = read_reply(msgspec.json.decode(self.payload))
        except (msgspec.DecodeError, RecursionError):
            return False
        return reply.answer in {Answer.ERROR, Answer.STRANGE}


def events_of(body: bytes) -> Iterator[Event]:
    """Yield the events; a bare JSON tail counts as one, as Gemini sends it."""
    for block in re.split(rb"\r?\n\r?\n", body):
        if block.lstrip().startswith((b"{", b"[")):
            yield Event("", mended(block.strip()))
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


def mended(body: bytes) -> bytes:
    """Return a body in which what was left out of the record is left out of the JSON too."""
    if b"..." not in body or not body.lstrip().startswith((b"{", b"[")):
        return body
    try:
        msgspec.json.decode(body)
    except msgspec.DecodeError:
        text = body.decode("utf-8", "replace")
        return ELIDED.sub("", ELIDED_LIST.sub('["..."]', text)).encode()
    return body


def _unary(record: Transcript) -> tuple[Fault | None, Phase, bytes | None]:
    if record.phase == "mid_body":
        return Fault.EOF, Phase.CONTENT, None
    success = record.status is not None and 200 <= record.status < 300  # noqa: PLR2004
    if success and record.wire and not record.body:
        return _by_wire(record)
    return None, Phase.END, None


def _by_wire(record: Transcript) -> tuple[Fault, Phase, bytes | None]:
    phase = Phase.FIRST_CONTENT if record.phase == "pre_content" else Phase.CONTENT
    prose = record.wire.lower()
    for fault, words in WIRE:
        if any(word in prose for word in words):
            return fault, phase, b"{}" if fault is Fault.FAILED_EVENT else None
    return Fault.UNTERMINATED, phase, None


def _streamed(record: Transcript, events: list[Event]) -> tuple[Fault | None, Phase, bytes | None]:
    phase = Phase.FIRST_CONTENT if record.phase == "pre_content" else Phase.CONTENT
    for event in events:
        if event.fails:
            return Fault.FAILED_EVENT, phase, event.payload
    if not events and record.wire:
        return _by_wire(record)
    if record.phase == "mid_stream":
        return Fault.UNTERMINATED, phase, None
    return None, Phase.END, events[-1].payload if events and record.phase == "terminal" else None


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
