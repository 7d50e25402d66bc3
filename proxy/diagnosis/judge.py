"""The order of judgement: what an outcome means.

A good answer is recognised first, and cheaply. Anything else is read once, and the first signature
that matches says what it means; the rules that hold for every provider come last: whose key it
was, what the provider told about time, what may have been billed. There is nothing here about
single providers, and nothing about what is done next.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from proxy.diagnosis.cooldown import clamped, told_cooldown
from proxy.diagnosis.correlation import Correlation, Shared
from proxy.diagnosis.evidence import evidence
from proxy.diagnosis.index import Index
from proxy.diagnosis.reading import Reading, read_outcome
from proxy.diagnosis.signature import Answer, Signature
from proxy.model import (
    GOOD,
    Action,
    Backend,
    Cause,
    CredentialKind,
    Instant,
    Layer,
    Outcome,
    Scope,
    Seconds,
    Sent,
    Verdict,
)

UNKNOWN = Verdict(
    cause=Cause.PROTOCOL,
    layer=Layer.HTTP_WIRE,
    scope=Scope.BACKEND,
    action=Action.REROUTE,
    evidence="nothing that is known",
    signature="unknown",
)
"""For an outcome that no entry matches; the file's last entries leave none."""
OF_THE_KEY = frozenset({Cause.AUTH, Cause.QUOTA, Cause.RATE_LIMIT})


class Diagnosis:
    """Says what an outcome means; satisfies `proxy.exchange.Judge`."""

    __slots__ = ("_correlation", "_index", "_wall")

    def __init__(self, signatures: Iterable[Signature], wall: Callable[[], float]) -> None:
        self._index = Index(signatures)
        self._wall = wall
        self._correlation = Correlation()

    def __call__(self, outcome: Outcome, backend: Backend, now: Instant) -> Verdict:
        """Return the verdict; never raises."""
        verdict = self._verdict(outcome, backend)
        if outcome.status is not None:
            self._correlation.answered(backend)
        if verdict.good:
            return verdict
        shared = self._correlation.failed(verdict, outcome.fault, backend, now)
        if shared is None:
            return verdict
        return correlated(verdict, shared, news=self._correlation.is_news(shared, now))

    def _verdict(self, outcome: Outcome, backend: Backend) -> Verdict:
        if is_streamed_whole(outcome):
            return GOOD
        reading = read_outcome(outcome, outcome.provider or backend.provider)
        if reading.answer is Answer.GOOD and reading.fault is None:
            return GOOD
        return self._judge(reading, outcome, backend)

    def _judge(self, reading: Reading, outcome: Outcome, backend: Backend) -> Verdict:
        signature = self._index.find(reading)
        if signature is None:
            return UNKNOWN
        if signature.then.cause is Cause.NONE:
            return GOOD
        then = signature.then
        scope, action = then.scope, then.action
        if then.cause in OF_THE_KEY:
            scope, action = whose_key(scope, action, then.cause, outcome, backend)
        cooldown = None
        if action is Action.REROUTE:
            cooldown = self._cooldown(reading, signature)
        return Verdict(
            cause=then.cause,
            layer=then.layer,
            scope=scope,
            action=action,
            cooldown=cooldown,
            evidence=evidence(reading, signature),
            transient=then.transient,
            billed=may_be_billed(outcome, then.cause),
            signature=signature.id,
        )

    def _cooldown(self, reading: Reading, signature: Signature) -> Seconds | None:
        then = signature.then
        if reading.http is None and reading.fault is not None:
            return then.cooldown
        told = told_cooldown(reading.headers, reading.waits, reading.text, self._wall())
        return clamped(told, then.cause) or then.cooldown


def correlated(verdict: Verdict, shared: Shared, *, news: bool) -> Verdict:
    """Return the verdict in the light of what others say; what is ours condemns nobody."""
    said = f"{verdict.evidence}; {shared}" if news or shared.ours else verdict.evidence
    if not shared.ours:
        return replace(verdict, evidence=said)
    return replace(
        verdict,
        cause=Cause.LOCAL_NETWORK,
        layer=Layer.LOCAL_NETWORK,
        scope=Scope.REQUEST,
        action=Action.REROUTE,
        cooldown=None,
        evidence=said,
    )


def is_streamed_whole(outcome: Outcome) -> bool:
    """Tell whether a stream was watched to its good end."""
    status = outcome.status
    return (
        outcome.fault is None
        and outcome.stream
        and outcome.event is None
        and status is not None
        and 200 <= status < 300  # noqa: PLR2004 - HTTP's success class
        and is_event_stream(outcome)
    )


def is_event_stream(outcome: Outcome) -> bool:
    """Tell whether the answer was a stream of events."""
    for name, value in outcome.headers:
        if name.lower() == b"content-type":
            return value.lower().startswith((b"text/event-stream", b"application/vnd.amazon"))
    return False


def whose_key(
    scope: Scope, action: Action, cause: Cause, outcome: Outcome, backend: Backend
) -> tuple[Scope, Action]:
    """Put a refusal of a key on its owner: a client's own is the client's business."""
    if not outcome.own_key:
        passes = cause is Cause.AUTH
        return Scope.REQUEST, Action.PASS_THROUGH if passes else action
    if cause is Cause.AUTH and backend.credential.kind is CredentialKind.OWN:
        return (Scope.KEY if scope is Scope.REQUEST else scope), Action.REROUTE
    return scope, action


def may_be_billed(outcome: Outcome, cause: Cause) -> bool:
    """Tell whether the provider may have worked, and charge for it."""
    if outcome.sent is Sent.NOT_SENT:
        return False
    if outcome.status is None or cause is Cause.TIMEOUT:
        return True
    return outcome.status < 300  # noqa: PLR2004 - HTTP's success class
