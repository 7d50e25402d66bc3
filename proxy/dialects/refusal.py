"""Say a refusal in the client's own dialect.

Knows the error envelopes of the three dialects and the header fields that SDKs look at before
they send again. Why there is nothing left is decided elsewhere; here it is only worded.
"""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec

from proxy.model import (
    Api,
    Ask,
    AttemptRecord,
    Cause,
    Dialect,
    Headers,
    Refusal,
    Seconds,
    Target,
    Verdict,
)

LEAST_RETRY = Seconds(1.0)
"""Said where no recovery is known: nothing is out of rotation yet, so coming back may help."""
MOST_RETRY = 60
"""Seconds. Above it openai-python gives up and the Anthropic SDK for TypeScript sleeps on."""
MOST_MESSAGE = 2048
"""Characters of a message: people read it in a terminal."""

_OPENAI = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    426: "invalid_request_error",
    429: "rate_limit_error",
}
_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    426: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_GEMINI = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    426: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_WORDS: Mapping[Cause, str] = {
    Cause.AUTH: "key refused",
    Cause.BAD_REQUEST: "request refused",
    Cause.CAPACITY: "overloaded",
    Cause.CDN_EDGE: "error page of its CDN",
    Cause.CDN_EDGE_TO_ORIGIN: "its CDN cannot reach it",
    Cause.CLIENT_CANCEL: "cancelled",
    Cause.CONTENT_POLICY: "refused by content policy",
    Cause.CONTEXT_LENGTH: "context too long",
    Cause.DNS: "name not found",
    Cause.GEO: "not served from this region",
    Cause.LOCAL_NETWORK: "this machine's network is down",
    Cause.LOCAL_PROXY: "trouble on this machine",
    Cause.MODEL_NOT_FOUND: "model unknown",
    Cause.NONE: "answered",
    Cause.ORIGIN: "server error",
    Cause.PROTOCOL: "unreadable answer",
    Cause.QUOTA: "quota used up",
    Cause.RATE_LIMIT: "rate limit",
    Cause.TCP: "connection failed",
    Cause.TIMEOUT: "timeout",
    Cause.TLS: "TLS failed",
}
WHAT: Mapping[str, str] = {
    "all_backends_out": "every backend for {model} is out of rotation after failures",
    "local_network_down": "this machine seems to be offline: unrelated backends fail alike",
    "retry_budget_spent": "{model} failed, and the retry budget is spent",
    "deadline_passed": "the time for {model} is over",
    "not_replayable": "the request for {model} may have been carried out and cannot be repeated",
    "no_target": "no backend can take this request for {model}",
}
"""What happened, by the code that says why nothing is left."""
_STATUS: Mapping[str, int] = {
    "deadline_passed": HTTPStatus.GATEWAY_TIMEOUT,
    "not_replayable": HTTPStatus.BAD_GATEWAY,
}
"""The status of a refusal, where it is not 503 or, when only limits were met, 429."""
_LIMITS = frozenset({Cause.RATE_LIMIT, Cause.QUOTA})

DRAINING = Refusal(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="draining",
    message="Faultline: it is shutting down.",
    retry_after=Seconds(1.0),
    close=True,
)
BUG = Refusal(
    status=HTTPStatus.INTERNAL_SERVER_ERROR,
    code="internal_error",
    message="Faultline: a fault of its own; its log says where.",
    close=True,
)


def no_route(ask: Ask) -> Refusal:
    """Say that the table has no route for this ask."""
    what = f"model {ask.model!r}" if ask.model is not None else ask.path
    return Refusal(
        status=HTTPStatus.NOT_FOUND,
        code="no_route",
        message=(
            f"Faultline: no route of the routing table takes {what} ({ask.dialect} dialect). "
            "`faultline explain` says why."
        ),
    )


def nothing_left(
    ask: Ask,
    attempts: tuple[AttemptRecord, ...],
    *,
    code: str,
    retry_in: Seconds | None,
    told: bool,
    notes: Sequence[str] = (),
) -> Refusal:
    """Say that nothing is left, what was tried, when to come back, and what else is known.

    `code` says why, `told` whether a provider told the time `retry_in`, `notes` are sentences.
    """
    limited = all(a.verdict.cause in _LIMITS for a in attempts) and (attempts or told)
    status = HTTPStatus.TOO_MANY_REQUESTS if limited else HTTPStatus.SERVICE_UNAVAILABLE
    said = all_failed_message(_what(code, ask), attempts, retry_in)
    return Refusal(
        status=_STATUS.get(code, status),
        code=code,
        message=" ".join((said, *filter(None, notes))),
        retry_after=LEAST_RETRY if retry_in is None else retry_in,
        should_retry=told and retry_in is not None and retry_in <= MOST_RETRY,
        attempts=attempts,
    )


def _what(code: str, ask: Ask) -> str:
    model = ask.model or ask.path
    if code in WHAT:
        alone = f"; x-faultline-backend allows {ask.backend!r} only" if ask.backend else ""
        return WHAT[code].format(model=model) + (alone if code == "no_target" else "")
    return f"no backend answered for {model}"


def out_of_rotation(
    out: Sequence[tuple[Target, Verdict]], attempts: Sequence[AttemptRecord]
) -> str:
    """Return a sentence on backends that were not asked, and what put them out; may be empty."""
    tried = {attempt.backend for attempt in attempts}
    why = {target.backend.name: _WORDS[verdict.cause] for target, verdict in out}
    told = "; ".join(f"{name}: {words}" for name, words in why.items() if name not in tried)
    return f"Out of rotation: {told}." if told else ""


def render_refusal(
    dialect: Dialect,
    api: Api,  # noqa: ARG001 - today the APIs of a dialect share one envelope
    refusal: Refusal,
    request_id: str = "",
) -> tuple[int, Headers, bytes]:
    """Return status, header fields and body. The fields carry no framing."""
    body = msgspec.json.encode(_envelope(dialect, refusal, request_id))
    return refusal.status, _fields(refusal), body


def all_failed_message(
    what: str, attempts: Sequence[AttemptRecord], retry_in: Seconds | None = None
) -> str:
    """Return one sentence for a person.

    `what` says what happened ("no backend answered for gpt-5"); each attempt is named with its
    backend and cause, and the soonest recovery where one is known.
    """
    told = "; ".join(f"{a.backend}: {_cause(a)}" for a in attempts)
    sentence = f"Faultline: {what} ({told})." if told else f"Faultline: {what}."
    if retry_in is not None:
        sentence += f" Soonest retry in {math.ceil(retry_in)} s."
    return sentence


def _cause(attempt: AttemptRecord) -> str:
    words = _WORDS[attempt.verdict.cause]
    if attempt.verdict.cause is Cause.TIMEOUT:
        return f"{words} after {attempt.ended - attempt.started:.0f} s"
    return words if attempt.status is None else f"{words}, HTTP {attempt.status}"


def _envelope(dialect: Dialect, refusal: Refusal, request_id: str) -> dict[str, object]:
    status, message = refusal.status, refusal.message[:MOST_MESSAGE]
    match dialect:
        case Dialect.OPENAI:
            kind = _OPENAI.get(status, "server_error")
            error = {"message": message, "type": kind, "param": None, "code": refusal.code}
            return {"error": error}
        case Dialect.ANTHROPIC:
            kind = _ANTHROPIC.get(status, "api_error")
            envelope: dict[str, object] = {
                "type": "error",
                "error": {"type": kind, "message": message},
            }
            return envelope | ({"request_id": request_id} if request_id else {})
        case Dialect.GEMINI:
            name = _GEMINI.get(status, "INTERNAL")
            return {"error": {"code": status, "message": message, "status": name}}


def _fields(refusal: Refusal) -> Headers:
    fields = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"x-should-retry", b"true" if refusal.should_retry else b"false"),
    ]
    if refusal.retry_after is not None:
        seconds = min(max(refusal.retry_after, 1.0), MOST_RETRY)
        fields.append((b"retry-after", b"%d" % math.ceil(seconds)))
        fields.append((b"retry-after-ms", b"%d" % math.ceil(seconds * 1000)))
    if refusal.close:
        fields.append((b"connection", b"close"))
    return tuple(fields)
