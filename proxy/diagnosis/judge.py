"""The order of judgement: what an outcome means.

A good answer is recognised first, and cheaply. Anything else is read once, and the first signature
that matches says what it means; the rules that hold for every provider come last: whose key it
was, what the provider told about time, what may have been billed. There is nothing here about
single providers, and nothing about what is done next.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from proxy.diagnosis.cooldown import MOST_QUOTA, clamped, told_cooldown
from proxy.diagnosis.correlation import Correlation, Shared
from proxy.diagnosis.evidence import evidence
from proxy.diagnosis.index import Index
from proxy.diagnosis.reading import MOST_ANSWER, Reading, read_outcome
from proxy.diagnosis.signature import Answer, Signature, Then
from proxy.dialects.encoding import bounded_decode, encoding_of
from proxy.dialects.whole import is_usual, read_whole
from proxy.model import (
    GOOD,
    Action,
    Api,
    Backend,
    Cause,
    CredentialKind,
    Fault,
    Instant,
    Layer,
    Outcome,
    Scope,
    Seconds,
    Sent,
    Verdict,
    header,
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
OK, REDIRECT = 200, 300
"""The first status of HTTP's success class, and the first behind it."""
USUAL = frozenset(
    {"stop", "length", "tool_calls", "function_call", "completed", "incomplete"}
    | {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "STOP", "MAX_TOKENS"}
)
"""Reasons with which nearly all good answers end; the others are looked at more closely."""
UNREAD = frozenset({"br", "zstd", "compress", "dcb", "dcz"})
"""Encodings that pass unread: such an answer is trusted."""
WITHOUT_REASON = frozenset({Api.EMBEDDINGS, Api.JSON, Api.OPAQUE})
"""APIs whose answers do not say why they ended."""
OURS = frozenset({Cause.LOCAL_NETWORK, Cause.LOCAL_PROXY})
"""Causes with which an answer came from our own side: it proves nothing about the network."""
CUTS = frozenset({Fault.RESET, Fault.EOF, Fault.SILENCE, Fault.STALL})
"""Ways in which a body ends before it is whole."""
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
        if is_plainly_good(outcome):
            self._correlation.answered(backend)
            return GOOD
        verdict = self._verdict(outcome, backend)
        if outcome.status is not None and verdict.cause not in OURS:
            self._correlation.answered(backend)
        if verdict is GOOD:
            return GOOD
        shared = self._correlation.failed(verdict, outcome.fault, backend, now)
        if shared is None:
            return verdict
        return correlated(verdict, shared, news=self._correlation.is_news(shared, now))

    def _verdict(self, outcome: Outcome, backend: Backend) -> Verdict:
        reading = read_outcome(outcome, outcome.provider or backend.provider)
        if reading.answer is Answer.GOOD and reading.fault is None:
            return GOOD
        return cut_off(self._judge(reading, outcome, backend), outcome)

    def _judge(self, reading: Reading, outcome: Outcome, backend: Backend) -> Verdict:
        signature = self._index.find(reading)
        if signature is None:
            return UNKNOWN
        if signature.then.cause is Cause.NONE:
            return GOOD
        then = signature.then
        told = self._told(reading)
        cause, scope, action = then.cause, then.scope, then.action
        if is_long(then, told):
            cause = Cause.QUOTA
        if cause in OF_THE_KEY:
            scope, action = whose_key(scope, action, cause, outcome, backend)
        rerouted = action is Action.REROUTE
        return Verdict(
            cause=cause,
            layer=then.layer,
            scope=scope,
            action=action,
            cooldown=clamped(told, cause) or then.cooldown if rerouted else None,
            evidence=evidence(reading, signature),
            transient=then.transient,
            billed=may_be_billed(outcome, cause),
            signature=signature.id,
        )

    def _told(self, reading: Reading) -> Seconds | None:
        """Return how long the answer tells us to stay away."""
        if reading.http is None:
            return None
        return told_cooldown(reading.headers, reading.waits, reading.text, self._wall())


def is_long(then: Then, told: Seconds | None) -> bool:
    """Tell whether a provider's rate limit lasts so long that it is an allowance, used up."""
    limited = then.cause is Cause.RATE_LIMIT and then.layer is Layer.API
    return limited and told is not None and told > MOST_QUOTA


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


def cut_off(verdict: Verdict, outcome: Outcome) -> Verdict:
    """Return the verdict on an answer that was to pass to the client, and came in part only.

    Passed on it would look whole; and what its end would have said nobody knows.
    """
    if verdict.good or verdict.action is not Action.PASS_THROUGH or outcome.fault not in CUTS:
        return verdict
    return replace(
        verdict,
        cause=Cause.ORIGIN,
        layer=Layer.HTTP_WIRE,
        scope=Scope.BACKEND,
        action=Action.REROUTE,
        evidence=f"{verdict.evidence}; its body was cut",
        signature="cut",
    )


def is_plainly_good(outcome: Outcome) -> bool:
    """Tell whether an answer is one of the usual good ones: nearly all are, so this is cheap."""
    status = outcome.status
    if status is None or not OK <= status < REDIRECT:
        return False
    if outcome.fault is not None or outcome.event is not None:
        return False
    if (outcome.stream and is_event_stream(outcome)) or is_usual(outcome.api, outcome.body):
        return True
    whole = read_whole(outcome.api, outcome.body)
    if whole is None and is_event_stream(outcome):
        return True
    if whole is None and (encoding := encoding_of(outcome.headers)):
        body = bounded_decode(outcome.headers, outcome.body, MOST_ANSWER)
        if body is None or len(body) == MOST_ANSWER:
            return body is not None or encoding in UNREAD
        whole = read_whole(outcome.api, body)
    if whole is None or whole.failed is not None or not whole.content:
        return False
    return whole.reason in USUAL or (whole.reason is None and outcome.api in WITHOUT_REASON)


def is_event_stream(outcome: Outcome) -> bool:
    """Tell whether the answer was a stream of events, which was watched to its good end."""
    kind = header(outcome.headers, b"content-type") or b""
    return kind.lower().startswith((b"text/event-stream", b"application/vnd.amazon"))


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
    return OK <= outcome.status < REDIRECT
