"""What is told about attempts, exchanges and the standing of backends."""

from dataclasses import dataclass
from enum import StrEnum

from proxy.model.ask import Api, Dialect, Operation
from proxy.model.base import Instant, Seconds, noun
from proxy.model.fleet import Rung
from proxy.model.outcome import Drill, Phase, Sent
from proxy.model.verdict import GOOD, Cause, Scope, Verdict


@noun
class Usage:
    """Tokens that a provider says it has counted."""

    input: int = 0
    output: int = 0


class Result(StrEnum):
    """How an exchange ended for the client; the `result` label of the metrics."""

    WHOLE = "whole"
    CLIENT_ERROR = "client_error"
    """The provider's answer said that the client is at fault, and was passed through."""
    REFUSED = "refused"
    """Every target failed or was out: the client got a refusal in its dialect."""
    STATIC = "static"
    """Every target failed or was out: the client got the routing table's own text."""
    CUT = "cut"
    """The stream broke after the commit."""
    CANCELLED = "cancelled"
    """The client went away."""


class Degraded(StrEnum):
    """How an answer is less than what was asked for."""

    MODEL = "model"
    """From another model, of a later tier."""
    STATIC = "static"
    """The routing table's own text."""


class Resumed(StrEnum):
    """How it went; the `result` label of the metrics."""

    JOINED = "joined"
    """The seam was verified, and its answer went on."""
    MISMATCH = "mismatch"
    """It was well, and said something else than the client has."""
    FAILED = "failed"


class Hedged(StrEnum):
    """How a second runner went, started beside a slow first; the `result` label of the metrics."""

    WON = "won"
    """Its answer was first, and went to the client."""
    LOST = "lost"
    """It was given up: the other was first, or the client left."""
    FAILED = "failed"


@noun
class Resumption:
    """How an attempt went that was asked to go on with a cut stream."""

    rung: Rung
    result: Resumed
    characters: int
    """What the client had been shown before: where the seam is."""
    tokens: int
    """About how many tokens of that were paid a second time."""


@noun
class AttemptRecord:
    """One try at one target, told when it is over. Instants are monotonic."""

    number: int
    backend: str
    provider: str
    model: str | None
    started: Instant
    ended: Instant
    verdict: Verdict
    phase: Phase
    sent: Sent
    status: int | None = None
    reused: bool = False
    probe: bool = False
    hedge: bool = False
    bytes_out: int = 0
    bytes_in: int = 0
    times: tuple[tuple[Phase, Seconds], ...] = ()
    """When each phase was reached, in seconds since the start."""
    garbled: int = 0
    """Events that were dropped because they could not be read."""
    drill: Drill | None = None
    """The drill that it fell into: then what went wrong was played."""
    resumption: Resumption | None = None
    """Told where it was asked to go on with a cut stream."""

    @property
    def hedged(self) -> Hedged | None:
        """How it went as a second runner; None where it was not one."""
        if not self.hedge:
            return None
        if self.phase in {Phase.CONTENT, Phase.END}:
            return Hedged.WON  # who comes so far first is relayed at once
        return Hedged.LOST if self.verdict.cause is Cause.CLIENT_CANCEL else Hedged.FAILED


_WHOLE = Result.WHOLE
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every listener asks."""


@noun
class ExchangeRecord:
    """The whole story of one exchange, told when its last byte went."""

    id: str
    client: str
    dialect: Dialect
    api: Api
    operation: Operation
    method: str
    path: str
    model: str | None
    stream: bool
    route: str
    """Empty where no route matched."""
    result: Result
    status: int
    """What the client saw; 0 when it saw nothing."""
    started: Instant
    committed: Instant | None = None
    ended: Instant
    attempts: tuple[AttemptRecord, ...]
    backend: str = ""
    """Which one answered; empty in a refusal."""
    served_model: str | None = None
    bytes_up: int = 0
    """Bytes of the client's body."""
    bytes_down: int = 0
    usage: Usage | None = None
    waited: Seconds = Seconds(0.0)
    """Time that Faultline waited on purpose: patience, backoff."""
    resend: int = 0
    degraded: Degraded | None = None

    @property
    def rescued(self) -> bool:
        """Whether it met a bad verdict and was still whole for the client."""
        if len(self.attempts) == 1 or self.result is not _WHOLE:
            return False
        return any(
            not attempt.verdict.good and attempt.verdict.cause is not Cause.CLIENT_CANCEL
            for attempt in self.attempts
        )


class Change(StrEnum):
    """What happened to the standing of a backend, a model or a key."""

    EJECTED = "ejected"
    COOLED = "cooled"
    PROBING = "probing"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChange:
    """A change of standing, told when it happens."""

    change: Change
    scope: Scope
    backend: str
    model: str | None = None
    verdict: Verdict = GOOD
    at: Instant
    until: Instant | None = None
    """When it may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that Faultline gives itself, to be said in the client's own dialect."""

    status: int
    code: str
    """A stable word: `all_backends_failed`, `unauthorized`, `bad_request`, ..."""
    message: str
    """For a person; Claude Code and others show it as it is."""
    retry_after: Seconds | None = None
    should_retry: bool = False
    """Whether a provider told a time within 60 s: only then is a re-send worth it."""
    attempts: tuple[AttemptRecord, ...] = ()
    close: bool = False
    """Whether the client's connection must end with this answer."""
