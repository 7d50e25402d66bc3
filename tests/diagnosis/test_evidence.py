"""One sentence of what was matched, and nothing of what came."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.diagnosis.transcript import outcome_of
from proxy.model import Fault, Phase
from tests.diagnosis.desk import broken, corpus, fields, judged, outcome, recorded, wild

CANARY = "sk-canary-4f9a1c"


def test_a_page_of_cloudflare() -> None:
    case = next(case for case in corpus() if case["id"] == "cf-502-branded-openai")
    assert judged(outcome_of(recorded(case))).evidence == (
        "Cloudflare page about the origin; status 502; failing leg: host; ray 81f306648c6ab0ed-ATL"
    )


def test_the_leg_that_fails() -> None:
    page = '<div id="cf-{}-status" class="cf-error-source"><div id="cf-error-details">'
    for leg in ("cloudflare", "host"):
        body = page.format(leg).encode()
        assert f"failing leg: {leg}" in judged(outcome(502, b"<html>" + body)).evidence
    alone = b'<html><div id="cf-browser-status" class="cf-error-source"><p id=cf-error-details>'
    assert "failing leg: client" in judged(outcome(502, alone)).evidence


def test_codes_and_words_are_ours() -> None:
    body = b'{"error": {"message": "Rate LIMIT reached", "code": "rate_limit_exceeded"}}'
    assert judged(outcome(400, body)).evidence == (
        "The provider's rate limit; status 400; code ratelimitexceeded; says 'rate limit'"
    )


def test_a_status_that_stands_for_another() -> None:
    relay = b'{"error": {"param": "524", "code": "bad_response_status_code"}}'
    assert "status 500; judged as 524" in judged(outcome(500, relay)).evidence


def test_a_finish_reason() -> None:
    body = b'{"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}'
    assert "finish reason contentfilter" in judged(outcome(200, body)).evidence


@pytest.mark.parametrize("phase", Phase)
def test_how_far_it_came(phase: Phase) -> None:
    assert judged(broken(Fault.PROTOCOL, phase)).evidence.count(";") == 1


def test_a_ray_that_is_none_is_not_shown() -> None:
    headers = fields(cf_ray=CANARY, server="cloudflare")
    assert "ray" not in judged(outcome(502, b"error code: 502", headers=headers)).evidence


def poisoned() -> Iterator[tuple[int, bytes]]:
    for case in (*corpus(), *wild()):
        body = case.get("body")
        if body and case.get("status"):
            text = str(body).replace('"message":"', f'"message":"{CANARY} ')
            text = text.replace("<h1>", f"<h1>{CANARY} ").replace('"type":"', f'"type":"{CANARY}')
            yield case["status"], f"{text} {CANARY}".encode()
            yield case["status"], text.encode()


def test_nothing_that_came_is_ever_shown() -> None:
    headers = tuple(
        (name, CANARY.encode()) for name in (b"server", b"cf-ray", b"x-amzn-errortype", b"location")
    )
    for status, body in poisoned():
        for given_outcome in (
            outcome(status, body),
            outcome(status, body, headers=headers),
            outcome(200, fault=Fault.FAILED_EVENT, phase=Phase.CONTENT, event=body, stream=True),
        ):
            verdict = judged(given_outcome)
            assert CANARY not in repr(verdict)
            assert len(verdict.evidence) < 300


@given(st.sampled_from(Fault), st.text(min_size=1))
def test_the_detail_of_a_fault_is_not_shown(fault: Fault, detail: str) -> None:
    verdict = judged(broken(fault, Phase.TLS, detail=f"{CANARY}{detail}"))
    assert CANARY not in repr(verdict)
