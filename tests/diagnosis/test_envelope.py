"""Any JSON error envelope, unwrapped."""

import json

import pytest

from proxy.diagnosis.envelope import unwrap
from proxy.diagnosis.pattern import plain


def said(tree: object) -> str:
    return plain(" | ".join(unwrap(tree).texts))


@pytest.mark.parametrize(
    "tree",
    [
        {"error": {"message": "No room"}},
        {"error": "No room"},
        [{"error": {"message": "No room"}}],
        {"object": "error", "message": "No room"},
        {"detail": "No room"},
        {"detail": [{"loc": ["body"], "msg": "No room", "input": "secret prompt"}]},
        {"Message": "No room"},
        {"errors": [{"message": "No room"}]},
        {"error": {"metadata": {"raw": '{"error": {"message": "No room"}}'}}},
        {"error": {"message": 'upstream said 500: {"error": {"message": "No room"}} (id 1)'}},
        {"code": "Client specified No room", "error": ""},
        "No room",
    ],
)
def test_every_form_says_what_it_says(tree: object) -> None:
    assert "no room" in said(tree)


def test_echoes_of_the_request_are_not_read() -> None:
    tree = {
        "error": {
            "message": "flagged",
            "metadata": {"flagged_input": "overloaded quota"},
            "failed_generation": "rate limit",
        },
        "detail": [{"msg": "bad", "input": {"message": "insufficient balance"}}],
    }
    assert sorted(said(tree).split(" | ")) == ["bad", "flagged"]


def test_codes_have_no_style_and_no_namespace() -> None:
    tree = {
        "__type": "com.amazon.coral#ThrottlingException:http://x",
        "error": {"type": "rate_limit_error", "code": 1302, "cloudflare_error": True, "x": False},
        "details": [{"reason": "API_KEY_INVALID"}],
    }
    words = unwrap(tree).words
    assert {"throttlingexception", "ratelimiterror", "1302", "cloudflareerror"} <= words
    assert "apikeyinvalid" in words
    assert "x" not in words


def test_codes_in_prose_count() -> None:
    tree = {"error": {"message": "Error code: 429 - {'type': 'insufficient_quota'}"}}
    assert "insufficientquota" in unwrap(tree).words


@pytest.mark.parametrize(
    ("error", "status", "inner"),
    [
        ({"code": 503}, 503, None),
        ({"code": "429"}, 429, None),
        ({"code": 1302}, None, None),
        ({"status": 200}, None, None),
        ({"code": "bad_response_status_code", "param": "524"}, None, 524),
        ({"originalStatusCode": 500}, None, 500),
        ({"param": "messages"}, None, None),
    ],
)
def test_the_status_that_an_error_names(
    error: object, status: int | None, inner: int | None
) -> None:
    found = unwrap({"error": error})
    assert (found.status, found.inner) == (status, inner)


def test_when_to_come_back() -> None:
    tree = {"error": {"details": [{"retryDelay": "34s"}], "retry_after_ms": 1500, "resets_at": "x"}}
    assert sorted(unwrap(tree).waits) == [("1500", 0.001), ("34s", 1.0), ("x", 1.0)]


def test_the_name_of_a_quota_is_taken_apart() -> None:
    tree = {"error": {"details": [{"quotaId": "GenerateRequestsPerDayPerModel-FreeTier"}]}}
    assert "requests per day" in said(tree)


def test_a_flood_is_not_read_to_its_end() -> None:
    flood = {"error": [{"message": f"m {number}"} for number in range(100_000)]}
    assert len(unwrap(flood).texts) < 500
    deep: object = {"message": "deep down"}
    for _ in range(50):
        deep = {"error": deep}
    assert unwrap(deep).texts == []
    assert unwrap(json.loads("[" * 500 + "]" * 500)).texts == []
