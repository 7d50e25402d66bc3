"""One line of the journal: what stands in it, as JSON for machines.

Knows the records and how to write them down safely: what comes from outside is clipped, and
whatever could break a line or move a terminal's cursor is escaped. It is never shown headers,
bodies or prompts, so it cannot leak them. Pure: the journal owns the thread and the descriptor.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum

import msgspec

from proxy.model import (
    AttemptRecord,
    Change,
    ExchangeRecord,
    HealthChange,
    Instant,
    Result,
    Sent,
)

MOST_BYTES = 1024
"""Of one field (control S22)."""

UNSAFE = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""What JSON leaves as it is and a reader of lines or a terminal may act on: DEL, the C1 controls,
the Unicode line ends, and the marks that hide or turn round the text beside them."""

Value = str | int | float | bool | None


class Level(IntEnum):
    """How much a line matters; the words of `log.level`."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40

    @property
    def word(self) -> str:
        """The name that stands in a line and in the routing table."""
        return self.name.lower()


UNSERVED = (Result.REFUSED, Result.CUT, Result.STATIC)
"""Results of a client that got no whole answer, through no fault of its own."""

WORSE = (Change.EJECTED, Change.COOLED)
ENCODER = msgspec.json.Encoder()
SENT_WORDS = tuple(sent.name.lower() for sent in Sent)
"""Indexed by the enum itself: a tuple is looked up faster than a dict hashes an enum member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line that is not an exchange's: a change of health, a step of the process."""

    at: Instant
    level: Level
    event: str
    fields: Mapping[str, Value] = field(default_factory=dict)


class AttemptLine(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """One attempt; `times` says when each phase was reached, since the attempt's start."""

    backend: str
    model: str | None = None
    cause: str
    status: int | None = None
    duration_ms: float
    phase: str
    sent: str
    layer: str = ""
    scope: str = ""
    evidence: str = ""
    signature: str = ""
    cooldown_s: float | None = None
    times_ms: dict[str, float]
    reused: bool = False
    probe: bool = False
    hedge: str = ""
    billed: bool = False
    garbled: int = 0
    rung: str = ""
    resumed: str = ""
    seam_characters: int = 0
    tokens_again: int = 0
    drill: str = ""
    bytes_out: int = 0
    bytes_in: int = 0


class UsageLine(msgspec.Struct, kw_only=True, gc=False):
    """Tokens as the provider counted them."""

    input: int
    output: int


class _Begun(msgspec.Struct, omit_defaults=True, gc=False):
    """How an exchange's line begins; `time` is when it ended."""

    time: datetime
    level: str
    event: str
    id: str


class ExchangeLine(_Begun, omit_defaults=True, kw_only=True, gc=False):
    """One exchange; `first_content_ms` is when its answer began."""

    client: str = ""
    dialect: str
    api: str
    operation: str
    method: str
    path: str
    route: str
    model: str | None = None
    stream: bool
    result: str
    status: int
    backend: str = ""
    served_model: str | None = None
    rescued: bool = False
    degraded: str = ""
    attempts: list[AttemptLine]
    first_content_ms: float | None = None
    duration_ms: float
    waited_ms: float | None = None
    usage: UsageLine | None = None
    bytes_up: int = 0
    bytes_down: int = 0
    resend: int = 0


def clip(text: str) -> str:
    """Return `text` in at most 1 KiB, and sure to be encodable."""
    if text.isascii() and len(text) <= MOST_BYTES:
        return text
    return text.encode("utf-8", "replace")[:MOST_BYTES].decode("utf-8", "ignore")


def clip_name(text: str | None) -> str | None:
    """Clip a text that may be missing."""
    return None if text is None else clip(text)


def instant(at: Instant, offset: float) -> datetime:
    """Return the wall-clock time; `offset` is wall clock minus monotonic clock."""
    return datetime.fromtimestamp(at + offset, UTC)


def milliseconds(span: float) -> float:
    """Return seconds as milliseconds with three digits: a short number to write and to read."""
    return (span * 1e6 + 0.5) // 1.0 / 1e3


def level_of(record: ExchangeRecord) -> Level:
    """Return WARNING where a client got no whole answer through no fault of its own."""
    return Level.WARNING if record.result in UNSERVED else Level.INFO


def attempt_line(record: AttemptRecord) -> AttemptLine:
    """Write down one attempt; what a good verdict says is left out."""
    verdict = record.verdict
    times: dict[str, float] = {}
    for phase, at in record.times:
        times[phase] = milliseconds(at)
    line = AttemptLine(
        backend=record.backend,
        model=clip_name(record.model),
        cause=verdict.cause,
        status=record.status,
        duration_ms=milliseconds(record.ended - record.started),
        phase=record.phase,
        sent=SENT_WORDS[record.sent],
        times_ms=times,
        reused=record.reused,
        probe=record.probe,
        hedge=record.hedged or "",
        garbled=record.garbled,
        drill="" if record.drill is None else record.drill,
        bytes_out=record.bytes_out,
        bytes_in=record.bytes_in,
    )
    if not verdict.good:
        line.layer, line.scope = verdict.layer, verdict.scope
        line.evidence, line.signature = clip(verdict.evidence), verdict.signature
        line.cooldown_s, line.billed = verdict.cooldown, verdict.billed
    if record.resumption is not None:
        line.rung, line.resumed = record.resumption.rung, record.resumption.result
        line.seam_characters = record.resumption.characters
        line.tokens_again = record.resumption.tokens
    return line


def exchange_line(record: ExchangeRecord, offset: float) -> ExchangeLine:
    """Write down one exchange with all its attempts."""
    # A call with more names than these makes a dictionary of them, and costs twice as much.
    line = ExchangeLine(
        instant(record.ended, offset),
        "warning" if record.result in UNSERVED else "info",
        "exchange",
        record.id,
        dialect=record.dialect,
        api=record.api,
        operation=record.operation,
        method=record.method,
        path=clip(record.path),
        route=record.route,
        model=clip_name(record.model),
        stream=record.stream,
        result=record.result,
        status=record.status,
        backend=record.backend,
        attempts=list(map(attempt_line, record.attempts)),
        duration_ms=milliseconds(record.ended - record.started),
    )
    line.client = record.client
    line.served_model = clip_name(record.served_model)
    line.rescued = record.rescued
    line.bytes_up, line.bytes_down = record.bytes_up, record.bytes_down
    line.resend = record.resend
    if record.degraded is not None:
        line.degraded = record.degraded
    if record.committed is not None:
        line.first_content_ms = milliseconds(record.committed - record.started)
    if record.waited:
        line.waited_ms = milliseconds(record.waited)
    if record.usage is not None:
        line.usage = UsageLine(input=record.usage.input, output=record.usage.output)
    return line


def change_entry(change: HealthChange) -> Entry:
    """Write down what happened to the standing of a backend, a model or a key."""
    verdict = change.verdict
    fields: dict[str, Value] = {"scope": change.scope, "backend": change.backend}
    if change.model is not None:
        fields["model"] = clip(change.model)
    if not verdict.good:
        fields |= {
            "cause": verdict.cause,
            "evidence": clip(verdict.evidence),
            "signature": verdict.signature,
        }
    if change.until is not None:
        fields["for_s"] = round(change.until - change.at, 3)
    level = Level.WARNING if change.change in WORSE else Level.INFO
    return Entry(at=change.at, level=level, event=change.change, fields=fields)


def attempt_entry(exchange_id: str, route: str, record: AttemptRecord) -> Entry:
    """Write down an attempt that is over while its exchange goes on."""
    verdict = record.verdict
    fields: dict[str, Value] = {
        "id": exchange_id,
        "route": route,
        "number": record.number,
        "backend": record.backend,
        "status": record.status,
        "cause": verdict.cause,
        "evidence": clip(verdict.evidence),
        "duration_ms": milliseconds(record.ended - record.started),
    }
    return Entry(at=record.ended, level=Level.DEBUG, event="attempt", fields=fields)


def to_json(item: ExchangeRecord | Entry, offset: float) -> bytes:
    """Return the line as JSON with its line end."""
    return json_lines((item,), offset)


def json_lines(items: Sequence[ExchangeRecord | Entry], offset: float) -> bytes:
    """Return the lines as JSON, each with its line end."""
    lines = ENCODER.encode_lines([_line(item, offset) for item in items])
    if not lines.isascii() or b"\x7f" in lines:
        lines = UNSAFE.sub(escaped, lines.decode()).encode()
    return lines


def _line(item: ExchangeRecord | Entry, offset: float) -> ExchangeLine | dict[str, object]:
    if isinstance(item, ExchangeRecord):
        return exchange_line(item, offset)
    head = {"time": instant(item.at, offset), "level": item.level.word, "event": item.event}
    return head | dict(item.fields)


def escaped(found: re.Match[str]) -> str:
    """Return the JSON escape of one character."""
    return json.dumps(found[0])[1:-1]
