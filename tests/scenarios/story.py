"""The history of one run: what the clients saw, what the providers saw, what Faultline told.

All of it is on one clock and follows from one seed. Who wants to judge needs nothing else.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from proxy.exchange import Events
from proxy.model import AttemptRecord, ExchangeRecord, HealthChange, header
from proxy.sim.seen import Seen
from proxy.sim.speech import speak
from tests.scenarios.crossing import Call


class Told(Events):
    """What Faultline told: kept in its order."""

    def __init__(self) -> None:
        self.attempts: list[tuple[str, AttemptRecord]] = []
        """With the id of the exchange."""
        self.records: list[ExchangeRecord] = []
        self.changes: list[HealthChange] = []
        self.refused: list[str] = []
        """Backends whose budget could not pay."""
        self.codes: list[str] = []
        """Of what was refused at the door."""

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:
        self.attempts.append((exchange_id, record))

    def health_changed(self, change: HealthChange) -> None:
        self.changes.append(change)

    def budget_refused(self, backend: str) -> None:
        self.refused.append(backend)

    def turned_away(self, code: str) -> None:
        self.codes.append(code)

    def ended(self, record: ExchangeRecord) -> None:
        self.records.append(record)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request as a provider saw it, and what it said to it."""

    provider: str
    backend: str
    """As the table calls it: known by the key that was shown."""
    seen: Seen
    said: bytes
    said_all: bool
    """Whether `said` is not only the beginning."""


@dataclass(kw_only=True)
class Story:
    """One run, ready to be judged."""

    seed: int
    calls: Sequence[Call]
    attempts: Sequence[Attempt]
    told: Told
    keys: Mapping[str, str] = field(default_factory=dict)
    """Each backend's canary."""
    app_key: str = ""
    """What the apps show as theirs."""
    owner: Mapping[str, str] = field(default_factory=dict)
    """Each backend's provider."""
    models: frozenset[str] = frozenset()
    """Names that the table may put in the place of the one that is asked for."""
    surfaces: Mapping[str, bytes] = field(default_factory=dict)
    """All that Faultline shows or writes, by name."""
    left_behind: Sequence[str] = ()
    """What was still there when all was over."""
    most_attempts: int = 5
    """Of one exchange: the table's, and the repetition on a fresh connection."""
    unseen: frozenset[str] = frozenset()
    """Backends that nobody looks into."""
    late: float = 0.0
    """Seconds that the loop of them all was late at most: nobody can be held to less."""
    resumes: bool = False
    """Whether a cut stream may be gone on with."""
    tokens: int = 0
    """How much a provider has to say."""

    @cached_property
    def by_body(self) -> Mapping[str, Call]:
        """Each call by the hash of its body, under every model's name that it may be sent with."""
        found: dict[str, Call] = {}
        for call in self.calls:
            for body in (bytes(call.body), *(_under(call.body, name) for name in self.models)):
                found[hashlib.sha256(body).hexdigest()] = call
        return found

    @cached_property
    def attempts_of(self) -> Mapping[int, list[Attempt]]:
        """The attempts of each call, by its number."""
        found: dict[int, list[Attempt]] = defaultdict(list)
        for attempt in self.attempts:
            seen = attempt.seen
            call = self.by_body.get(seen.sha256) or self._by_head(seen) or self.by_turn(seen)
            if call is not None:
                found[call.number].append(attempt)
        return found

    def speech(self, call: Call) -> str:
        """Return what providers that do not stamp their tokens have to say to a call."""
        prompt = json.loads(call.body)
        return speak(prompt, provider="", model="", tokens=self.tokens, stamp=False).text

    def by_turn(self, seen: Seen) -> Call | None:
        """Return the call whose answer is to be gone on with: the prompt has its first turn."""
        turns = seen.payload.get("messages") if self.resumes else None
        if not isinstance(turns, list):
            return None
        first = json.dumps(turns[0])
        return next((call for call in self.calls if first in _spaced(call.body)), None)

    def _by_head(self, seen: Seen) -> Call | None:
        """Return the call of a request whose body never came: it was under way, and as long."""
        length = header(seen.headers, b"content-length")
        if seen.sha256 or length is None:
            return None
        under_way = [
            call
            for call in self.calls
            if call.began <= seen.at and (call.ended is None or seen.at <= call.ended)
        ]
        fits = (call for call in under_way if call.headers.get("content-length") == length.decode())
        return next(fits, None)

    @cached_property
    def record_of(self) -> Mapping[int, ExchangeRecord]:
        """The record of each call that got a head."""
        records = {record.id: record for record in self.told.records}
        return {call.number: records[call.id] for call in self.calls if call.id in records}

    def timeline(self, most: int = 150) -> str:
        """Return what happened, in order, for a person who looks for a mistake."""
        lines = [*self._seen(), *self._told()]
        lines.sort(key=lambda line: line[0])
        start = lines[0][0] if lines else 0.0
        shown = [f"{at - start:10.4f}  {what}" for at, what in lines]
        if len(shown) > most:
            shown[most // 2 : -most // 2] = [f"... {len(shown) - most} lines ..."]
        return "\n".join([f"seed {self.seed}", *shown])

    def _seen(self) -> Iterator[tuple[float, str]]:
        """Yield what clients and providers saw, and when."""
        for call in self.calls:
            yield call.began, f"call {call.number}: {call.method} {call.target}"
            if call.head_at is not None:
                by = call.backend or "Faultline"
                yield call.head_at, f"call {call.number}: head {call.status} by {by}"
            if call.ended is not None and call.end is not None:
                size = len(call.answer)
                yield call.ended, f"call {call.number}: {call.end.value}, {size} bytes"
        for attempt in self.attempts:
            seen = attempt.seen
            of = self.by_body.get(seen.sha256) or self.by_turn(seen)
            what = f"{attempt.backend} sees call {'?' if of is None else of.number}"
            yield seen.at, f"{what} on connection {seen.connection}: {seen.behaviour}"
            if seen.peer_closed is not None:
                yield seen.peer_closed, f"{attempt.backend}: {seen.connection} is closed"

    def _told(self) -> Iterator[tuple[float, str]]:
        """Yield what Faultline told, and when."""
        for exchange, record in self.told.attempts:
            verdict = record.verdict
            what = f"{verdict.cause.value} {verdict.signature} {record.phase.value}"
            probe = " (probe)" if record.probe else ""
            what = f"told: {exchange} attempt {record.number} {record.backend}{probe}: {what}"
            yield record.ended, what
        for change in self.told.changes:
            until = "" if change.until is None else f" for {change.until - change.at:.3f} s"
            what = f"told: {change.scope.value} {change.backend} {change.change.value}{until}"
            yield change.at, what


def _spaced(body: bytes | bytearray) -> str:
    """Return a JSON body as `json.dumps` writes it."""
    try:
        return json.dumps(json.loads(body))
    except ValueError:
        return ""


_MODEL = re.compile(rb'("model"\s*:\s*)"[^"]*"')


def _under(body: bytes | bytearray, model: str) -> bytes:
    """Return a body with another model's name in it: the one change that is documented."""
    return _MODEL.sub(rb'\g<1>"' + model.encode() + b'"', bytes(body), count=1)
