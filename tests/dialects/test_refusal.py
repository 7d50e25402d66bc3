"""Refusals in the client's own dialect."""

import json
from dataclasses import replace

import pytest

from proxy.dialects.refusal import (
    MOST_MESSAGE,
    all_failed_message,
    no_route,
    nothing_left,
    out_of_rotation,
    render_refusal,
)
from proxy.model import (
    Api,
    Ask,
    AttemptRecord,
    Cause,
    Dialect,
    Instant,
    Operation,
    Phase,
    Refusal,
    Seconds,
    Sent,
    Target,
    Verdict,
)
from tests.policy import build


def said(dialect: Dialect, refusal: Refusal, request_id: str = "") -> object:
    status, headers, body = render_refusal(dialect, Api.CHAT, refusal, request_id)
    assert status == refusal.status
    assert dict(headers)[b"content-type"] == b"application/json"
    return json.loads(body)


DOWN = Refusal(status=503, code="all_backends_failed", message='all "down"\n')


def test_openai() -> None:
    error = {"message": 'all "down"\n', "type": "server_error", "param": None}
    assert said(Dialect.OPENAI, DOWN) == {"error": error | {"code": "all_backends_failed"}}


def test_anthropic() -> None:
    error = {"type": "overloaded_error", "message": 'all "down"\n'}
    assert said(Dialect.ANTHROPIC, DOWN) == {"type": "error", "error": error}
    named = {"type": "error", "error": error, "request_id": "id1"}
    assert said(Dialect.ANTHROPIC, DOWN, "id1") == named


def test_gemini() -> None:
    error = {"code": 503, "message": 'all "down"\n', "status": "UNAVAILABLE"}
    assert said(Dialect.GEMINI, DOWN) == {"error": error}


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 413, 417, 426, 429, 500, 502, 503, 504, 508]
)
@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_status_can_be_said(dialect: Dialect, status: int) -> None:
    assert said(dialect, Refusal(status=status, code="c", message="m"))


@pytest.mark.parametrize(
    ("retry", "after", "millis"),
    [(0.0, b"1", b"1000"), (1.2, b"2", b"1200"), (8.0, b"8", b"8000"), (86400.0, b"60", b"60000")],
)
def test_when_to_come_back(retry: float, after: bytes, millis: bytes) -> None:
    refusal = Refusal(
        status=503, code="c", message="m", retry_after=Seconds(retry), should_retry=True
    )
    fields = dict(render_refusal(Dialect.OPENAI, Api.CHAT, refusal)[1])
    assert (fields[b"retry-after"], fields[b"retry-after-ms"]) == (after, millis)
    assert fields[b"x-should-retry"] == b"true"


def test_no_time_is_made_up() -> None:
    fields = dict(render_refusal(Dialect.OPENAI, Api.CHAT, DOWN)[1])
    assert fields == {
        b"content-type": b"application/json",
        b"cache-control": b"no-store",
        b"x-should-retry": b"false",
    }


def test_the_connection_may_have_to_end() -> None:
    refusal = Refusal(status=426, code="upgrade_required", message="m", close=True)
    assert (b"connection", b"close") in render_refusal(Dialect.OPENAI, Api.CHAT, refusal)[1]


def test_a_message_fits_a_terminal() -> None:
    long = Refusal(status=503, code="c", message="x" * 10_000)
    assert len(render_refusal(Dialect.GEMINI, Api.CHAT, long)[2]) < MOST_MESSAGE + 200


def attempt(
    name: str, cause: Cause, status: int | None = None, took: float = 20.0
) -> AttemptRecord:
    return AttemptRecord(
        number=1,
        backend=name,
        provider="p",
        model=None,
        started=Instant(100.0),
        ended=Instant(100.0 + took),
        verdict=Verdict(cause=cause),
        phase=Phase.HEAD,
        sent=Sent.HEAD_SEEN,
        status=status,
    )


def test_the_message_names_each_attempt_and_its_cause() -> None:
    attempts = [attempt("openai", Cause.CDN_EDGE, 502), attempt("azure", Cause.TIMEOUT)]
    assert all_failed_message("no backend answered for gpt-5", attempts, Seconds(7.2)) == (
        "Faultline: no backend answered for gpt-5 (openai: error page of its CDN, HTTP 502; "
        "azure: timeout after 20 s). Soonest retry in 8 s."
    )
    assert all_failed_message("no backend is left", []) == "Faultline: no backend is left."


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_words(cause: Cause) -> None:
    assert all_failed_message("x", [attempt("a", cause)]).startswith("Faultline: x (a: ")


# --- with nothing left -------------------------------------------------------------------------

ASK = Ask(
    dialect=Dialect.OPENAI,
    api=Api.CHAT,
    operation=Operation.GENERATE,
    method="POST",
    path="/v1/x",
    model="gpt-{5}",
)


def failed(backend: str, cause: Cause) -> AttemptRecord:
    return AttemptRecord(
        number=1,
        backend=backend,
        provider="p",
        model=None,
        started=Instant(0.0),
        ended=Instant(1.0),
        verdict=Verdict(cause=cause),
        phase=Phase.HEAD,
        sent=Sent.NOT_SENT,
    )


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("all_backends_failed", 503, "no backend answered for gpt-{5} (p: server error)"),
        ("all_backends_out", 503, "every backend for gpt-{5} is out of rotation"),
        ("local_network_down", 503, "this machine seems to be offline"),
        ("retry_budget_spent", 503, "gpt-{5} failed, and the retry budget is spent"),
        ("deadline_passed", 504, "the time for gpt-{5} is over"),
        ("not_replayable", 502, "the request for gpt-{5} may have been carried out"),
        ("no_target", 503, "no backend can take this request for gpt-{5}"),
    ],
)
def test_each_reason_has_its_words(code: str, status: int, words: str) -> None:
    attempts = (failed("p", Cause.ORIGIN),)
    refusal = nothing_left(
        ASK, attempts, code=code, retry_in=None, told=False, notes=("", "See x.")
    )
    assert (refusal.status, refusal.code, refusal.attempts) == (status, code, attempts)
    assert words in refusal.message
    assert refusal.message.endswith(" See x.")
    assert (refusal.retry_after, refusal.should_retry) == (1.0, False)


@pytest.mark.parametrize(
    ("attempts", "told", "status"),
    [
        ((failed("p", Cause.RATE_LIMIT), failed("s", Cause.QUOTA)), False, 429),
        ((failed("p", Cause.RATE_LIMIT), failed("s", Cause.ORIGIN)), False, 503),
        ((), True, 429),
        ((), False, 503),
    ],
)
def test_where_only_limits_were_met_it_is_a_429(
    attempts: tuple[AttemptRecord, ...], told: bool, status: int
) -> None:
    code = "all_backends_failed"
    refusal = nothing_left(ASK, attempts, code=code, retry_in=None, told=told)
    assert refusal.status == status


@pytest.mark.parametrize(
    ("retry_in", "told", "should"), [(30.0, True, True), (61.0, True, False), (30.0, False, False)]
)
def test_a_resend_is_asked_for_where_a_provider_told_a_short_time(
    retry_in: float, told: bool, should: bool
) -> None:
    code = "all_backends_out"
    refusal = nothing_left(ASK, (), code=code, retry_in=Seconds(retry_in), told=told)
    assert (refusal.retry_after, refusal.should_retry) == (retry_in, should)


def test_who_is_out_and_was_not_asked_is_named_with_its_cause() -> None:
    down, limited = Verdict(cause=Cause.ORIGIN), Verdict(cause=Cause.RATE_LIMIT)
    p, s, t = (Target(backend=build.backend(name)) for name in "pst")
    out = [(p, down), (s, limited), (p, down), (t, down)]
    tried = [failed("t", Cause.ORIGIN)]
    assert out_of_rotation(out, tried) == "Out of rotation: p: server error; s: rate limit."
    assert not out_of_rotation([(t, down)], tried)


def test_no_route_names_the_model_or_the_path() -> None:
    assert "model 'gpt-{5}' (openai dialect)" in no_route(ASK).message
    assert (no_route(ASK).status, no_route(ASK).code) == (404, "no_route")
    assert "takes /v1/x (openai" in no_route(replace(ASK, model=None)).message
