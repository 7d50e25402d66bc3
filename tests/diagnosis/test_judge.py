"""The order of judgement, and the rules that hold for every provider."""

import gzip
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.diagnosis.judge import UNKNOWN, Diagnosis
from proxy.diagnosis.pattern import names
from proxy.model import (
    GOOD,
    Action,
    Api,
    Cause,
    Credential,
    CredentialKind,
    Dialect,
    Fault,
    Instant,
    Operation,
    Outcome,
    Phase,
    Scope,
    Sent,
    Verdict,
)
from proxy.settings.signatures import signatures
from tests.diagnosis.desk import (
    OWN_KEY,
    WALL,
    backend,
    broken,
    diagnosis,
    fields,
    judged,
    outcome,
    short,
)

CHAT = b'{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'
OURS = backend(credential=OWN_KEY)
REFUSED = b'{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}'
MISSING = b'{"error": {"message": "You didn\'t provide an API key."}}'


@pytest.mark.parametrize(
    "given_outcome",
    [
        outcome(200, CHAT),
        outcome(201, CHAT),
        outcome(200, stream=True, headers=fields(content_type="text/event-stream; charset=x")),
        outcome(200, b"data: {}", headers=fields(content_type="text/event-stream")),
        outcome(200, CHAT, stream=True, headers=fields(content_type="application/json")),
        outcome(200, b"\n" * 2000 + CHAT),
        outcome(200, b'{"object": "response", "status": "queued"}', api=Api.RESPONSES),
        outcome(200, b'{"object": "response", "status": "cancelled"}', api=Api.RESPONSES),
        outcome(200, gzip.compress(CHAT), headers=fields(content_encoding="gzip")),
        outcome(200, b"\x0b\x05\x80unread", headers=fields(content_encoding="br")),
        outcome(200, b'\n\n{"data": [{"embedding": [1]}]}', api=Api.EMBEDDINGS),
        outcome(200, b'{"id": "file-1", "deleted": true}', api=Api.JSON),
        outcome(200, b'{"message": "ok"}', api=Api.JSON),
        outcome(200, b"\x00\x01", api=Api.OPAQUE),
        outcome(200, b"", api=Api.OPAQUE),
        outcome(204, api=Api.JSON),
        outcome(204, api=Api.OPAQUE),
    ],
)
def test_good_answers_are_good(given_outcome: Outcome) -> None:
    assert judged(given_outcome) is GOOD


def test_a_good_answer_that_is_too_large_to_be_read_is_trusted() -> None:
    body = gzip.compress(b'{"choices": "' + b"x" * (9 * 1024 * 1024))
    assert judged(outcome(200, body, headers=fields(content_encoding="gzip"))) is GOOD


@pytest.mark.parametrize(
    ("given_outcome", "want"),
    [
        (outcome(200, b"garbage", headers=fields(content_encoding="gzip")), Cause.PROTOCOL),
        (outcome(200, gzip.compress(CHAT)[:30], headers=fields(content_encoding="gzip")), "any"),
        (outcome(200, b'{"error": {"message": "overloaded"}}', api=Api.JSON), Cause.CAPACITY),
        (outcome(202, headers=fields(x_amzn_waf_action="challenge")), Cause.CDN_EDGE),
        (outcome(200, b"", stream=True), Cause.PROTOCOL),
        (outcome(204), Cause.PROTOCOL),
        (outcome(200, fault=Fault.EOF, phase=Phase.CONTENT), Cause.ORIGIN),
        (outcome(101), Cause.PROTOCOL),
    ],
)
def test_2xx_is_not_success(given_outcome: Outcome, want: Cause | str) -> None:
    verdict = judged(given_outcome)
    assert not verdict.good
    assert want in {"any", verdict.cause}


def test_a_refused_key_of_ours_is_never_passed_through() -> None:
    for body in (REFUSED, MISSING, b""):
        verdict = judged(outcome(401, body), at=OURS)
        assert short(verdict) == "reroute key auth"


def test_a_refused_key_of_the_client_is_the_clients_business() -> None:
    clients = backend(credential=Credential(kind=CredentialKind.CLIENT))
    for status, body in ((401, REFUSED), (403, b"{}"), (401, b"")):
        verdict = judged(outcome(status, body, own_key=False), at=clients)
        assert short(verdict) == "pass_through request auth"
    limited = judged(outcome(429, own_key=False), at=clients)
    assert short(limited) == "reroute request rate_limit"
    assert judged(outcome(402, own_key=False), at=clients).scope is Scope.REQUEST


def test_what_needs_no_key_and_misses_one_is_shown() -> None:
    assert short(judged(outcome(401, MISSING))) == "pass_through request auth"


def test_a_limit_that_lasts_longer_than_an_hour_is_a_quota() -> None:
    assert judged(outcome(429, b"{}", headers=fields(retry_after="3600"))).cause is Cause.RATE_LIMIT
    verdict = judged(outcome(429, b"{}", headers=fields(retry_after="3601")))
    assert (verdict.cause, verdict.cooldown) == (Cause.QUOTA, 3600.0)
    gateways = judged(outcome(429, headers=fields(retry_after="3601")))
    assert (gateways.cause, gateways.cooldown) == (Cause.RATE_LIMIT, 300.0)


def test_a_told_time_goes_before_the_entrys_own() -> None:
    assert judged(outcome(402, b"{}")).cooldown == 600.0
    assert judged(outcome(503, headers=fields(retry_after="7"))).cooldown == 7.0
    assert judged(outcome(503)).cooldown is None
    date = fields(retry_after="Thu, 28 May 2026 20:27:10 GMT")
    assert judged(outcome(503, headers=date)).cooldown == 30.0


def test_who_passes_through_cools_nobody() -> None:
    assert judged(outcome(400, b"{}", headers=fields(retry_after="7"))).cooldown is None


@pytest.mark.parametrize(
    ("given_outcome", "billed"),
    [
        (broken(Fault.REFUSED, Phase.CONNECT, sent=Sent.NOT_SENT), False),
        (broken(Fault.EOF, Phase.HEAD), True),
        (broken(Fault.SILENCE, Phase.HEAD), True),
        (outcome(500, b"{}"), False),
        (outcome(504, b"{}"), True),
        (outcome(200, fault=Fault.EOF, phase=Phase.CONTENT, sent=Sent.CONTENT_SEEN), True),
    ],
)
def test_what_may_have_been_billed(given_outcome: Outcome, billed: bool) -> None:
    assert judged(given_outcome).billed is billed


def test_a_single_500_is_worth_one_more_try() -> None:
    assert judged(outcome(500, b"{}")).transient
    assert judged(outcome(500)).transient
    assert not judged(outcome(503, b"{}")).transient


def test_the_provider_of_the_backend_counts_where_the_outcome_names_none() -> None:
    cohere = backend("c", "cohere")
    assert judged(outcome(498, b"{}"), at=cohere).cause is Cause.CONTENT_POLICY
    groq = outcome(498, b"{}", provider="groq")
    assert judged(groq, at=cohere).cause is Cause.CAPACITY


def test_without_signatures_nothing_is_known() -> None:
    assert judged(outcome(503), Diagnosis((), wall=lambda: WALL)) == UNKNOWN


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("phase", Phase)
def test_every_fault_has_a_verdict_in_every_phase(fault: Fault, phase: Phase) -> None:
    for status in (None, 200, 503):
        verdict = judged(outcome(status, fault=fault, phase=phase))
        assert not verdict.good
        assert verdict.signature not in {"", UNKNOWN.signature}


def test_every_error_status_has_a_verdict() -> None:
    for status in (*range(100, 200), *range(300, 600)):
        for body in (b"", b"{}", b"<html>", b"x"):
            verdict = judged(outcome(status, body))
            assert not verdict.good
            assert verdict.signature != UNKNOWN.signature


def test_what_a_path_names_is_the_clients_business() -> None:
    missing = outcome(404, b'{"error": {"message": "no such path"}}', operation=Operation.OTHER)
    assert short(judged(missing)) == "pass_through request bad_request"
    assert judged(replace(missing, operation=Operation.EMBED)).cause is Cause.MODEL_NOT_FOUND


def test_client_faults_and_cancels_charge_nobody() -> None:
    for given_outcome in (outcome(400, b"{}"), outcome(422), broken(Fault.CLIENT_GONE)):
        verdict = judged(given_outcome)
        assert (verdict.scope, verdict.action) == (Scope.REQUEST, Action.PASS_THROUGH)


FIELDS = sorted(
    names("error choices message finish_reason code status content")
    | names("candidates response base_resp detail raw errors output")
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"Retry-After", b"Content-Type", b"Content-Encoding", b"Server", b"X"])
        | st.binary(max_size=8),
        st.sampled_from([b"gzip", b"deflate", b"br", b"cloudflare", b"application/json", b"-1"])
        | st.binary(max_size=12),
    ),
    max_size=4,
).map(tuple)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(FIELDS),
                inner,
                max_size=4,
            )
        ),
    ).map(lambda tree: repr(tree).replace("'", '"').replace("None", "null").encode()),
)


@settings(max_examples=400)
@given(
    status=st.none() | st.integers(0, 999),
    headers=HEADERS,
    body=BODIES,
    fault=st.none() | st.sampled_from(Fault),
    phase=st.sampled_from(Phase),
    api=st.sampled_from(Api),
    stream=st.booleans(),
    event=st.none() | BODIES,
)
def test_anything_gives_a_verdict(status: int | None, **more: object) -> None:
    given_outcome = replace(outcome(status, dialect=Dialect.OPENAI), **more)  # type: ignore[arg-type]
    verdict = diagnosis()(given_outcome, backend(), Instant(0.0))
    assert isinstance(verdict, Verdict)
    assert verdict.cooldown is None or 1.0 <= verdict.cooldown <= 3600.0


SIZE = 64 * 1024
ADVERSARIAL = [
    b"<" * SIZE,
    b"<html>" + b"<title" * (SIZE // 6),
    b"<html>" + b"<style>" * (SIZE // 7),
    b"<html>" + b"< p" * (SIZE // 3),
    b"{" * SIZE,
    b"[" * SIZE,
    b'{"error":' * (SIZE // 9),
    b'{"error": "' + b"model " * (SIZE // 6) + b'"}',
    b'{"error": "' + b"{" * SIZE + b'"}',
    b"a_" * (SIZE // 2),
    b"A" * SIZE,
    b"A" * (SIZE - 8) + b"Error_",
    b"rate rate " * (SIZE // 10),
    b"error code: 1 " * (SIZE // 14),
    b"try again in 1" * (SIZE // 14),
    b"1" * SIZE,
    b" " * SIZE,
    "敏".encode() * (SIZE // 3),
    b"\xff" * SIZE,
    b'{"choices": [{"message": {"content": ' + b"[" * 900 + b"]" * 900 + b"}}]}",
    b'{"error": {"code": ' + b"9" * 4200 + b"}}",
    b'{"error": {"code": ' + b"9" * SIZE + b"}}",
    b'{"type": {"a": 1}, "status": [1], "object": {}}',
    b"\n" * SIZE,
]


@pytest.mark.parametrize("body", ADVERSARIAL, ids=lambda body: repr(body[:20]))
def test_every_pattern_is_linear(body: bytes) -> None:
    """What is quadratic takes seconds for 64 KiB; all of this takes a few milliseconds."""
    headers = fields(retry_after="9" * 5000, cf_ray="a" * 5000)
    started = time.process_time()
    for status in (200, 400, 503):
        judged(outcome(status, body, headers=headers))
        judged(outcome(status, event=body, fault=Fault.FAILED_EVENT, phase=Phase.CONTENT))
    assert time.process_time() - started < 0.5


def test_the_signatures_are_the_packages_own() -> None:
    assert len(signatures()) > 150


@pytest.mark.parametrize("fault", [Fault.EOF, Fault.RESET, Fault.STALL, Fault.SILENCE])
def test_a_clients_fault_whose_body_was_cut_is_a_cut(fault: Fault) -> None:
    body = b'{"error": {"message": "bad temperature", "type": "invalid_request_error"'
    whole = judged(outcome(400, body + b"}}"))
    assert whole.action is Action.PASS_THROUGH
    cut = judged(outcome(400, body, fault=fault, phase=Phase.CONTENT))
    assert (cut.cause, cut.scope, cut.action) == (Cause.ORIGIN, Scope.BACKEND, Action.REROUTE)
    assert cut.evidence.endswith("its body was cut")


@pytest.mark.parametrize("status", [401, 429, 503])
def test_what_is_not_the_clients_fault_is_told_by_what_has_come_of_it(status: int) -> None:
    headers = fields(retry_after="7")
    whole = judged(outcome(status, b"{}", headers=headers), at=OURS)
    cut = judged(outcome(status, b"{", headers=headers, fault=Fault.EOF), at=OURS)
    assert (cut.cause, cut.scope, cut.cooldown) == (whole.cause, whole.scope, whole.cooldown)
