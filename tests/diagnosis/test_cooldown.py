"""How long a provider told us to stay away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.diagnosis.cooldown import (
    ABSURD,
    clamped,
    delay_of,
    http_date,
    prose_delay,
    told_cooldown,
)
from proxy.model import Cause, Seconds
from tests.diagnosis.desk import WALL


def told(
    headers: dict[str, str], text: str = "", waits: tuple[tuple[str, float], ...] = ()
) -> float | None:
    return told_cooldown(headers, waits, text, WALL)


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("20", 20.0),
        ("0.5", 0.5),
        ("7.66s", 7.66),
        ("6m0s", 360.0),
        ("1m47.5854s", 107.5854),
        ("120ms", 0.12),
        ("114h18m0s", 411480.0),
        ("34s", 34.0),
        ("600.5s", 600.5),
        ("2 minutes", 120.0),
        ("2026-05-28T20:27:10Z", 30.0),
        ("2026-05-28T20:27:10+00:00", 30.0),
        ("2026-05-28T20:27:10", 30.0),
        ("Thu, 28 May 2026 20:27:10 GMT", 30.0),
        (str(int(WALL) + 60), 60.0),
        (str((int(WALL) + 60) * 1000), 60.0),
    ],
)
def test_every_form_of_a_delay(value: str, delay: float) -> None:
    assert delay_of(value, 1.0, WALL) == pytest.approx(delay)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "-1",
        "nan",
        "inf",
        "1e309",
        "soon",
        "...",
        "60 (optional)",
        "999999999",
        "9" * 40,
        "Thu, 28 May 2020 20:27:10 GMT",
        "2020-05-28T20:27:10Z",
        "9999-12-31T23:59:59Z",
        "1700000000",
        "0h0m0s",
        "Xday, 99 Foo 2026",
        "Thu, 28 May 99999 20:27:10 GMT",
    ],
)
def test_garbage_the_past_and_the_absurd_tell_nothing(value: str) -> None:
    assert delay_of(value, 1.0, WALL) is None


@given(st.text(), st.floats(allow_nan=True))
def test_nothing_raises(value: str, wall: float) -> None:
    for delay in (delay_of(value, 1.0, wall), prose_delay(value)):
        assert delay is None or 0 < delay < ABSURD


def test_what_is_most_exact_counts() -> None:
    headers = {"retry-after-ms": "1340", "retry-after": "2"}
    assert told(headers, waits=(("34s", 1.0),)) == 1.34
    assert told({"retry-after": "2"}, waits=(("34s", 1.0),)) == 2.0
    assert told({}, waits=(("34s", 1.0),)) == 34.0
    assert told({"retry-after": "soon"}, "try again in 3s") == 3.0


def test_a_unit_in_the_name_of_a_field() -> None:
    assert told({}, waits=(("1500", 0.001),)) == 1.5


def test_the_bucket_of_which_nothing_remains() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "7",
        "x-ratelimit-reset-requests": "59m",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "7.66s",
    }
    assert told(headers) == 7.66


def test_of_several_empty_buckets_the_first_to_be_filled() -> None:
    headers = {
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-05-28T20:26:45Z",
        "anthropic-ratelimit-output-tokens-remaining": "0",
        "anthropic-ratelimit-output-tokens-reset": "2026-05-28T20:27:10Z",
    }
    assert told(headers) == 5.0


def test_a_bucket_that_says_rejected() -> None:
    headers = {
        "anthropic-ratelimit-unified-5h-status": "rejected",
        "anthropic-ratelimit-unified-5h-reset": str(int(WALL) + 900),
        "anthropic-ratelimit-unified-7d-status": "allowed",
        "anthropic-ratelimit-unified-7d-reset": str(int(WALL) + 9),
    }
    assert told(headers) == 900.0


def test_a_lone_reset_counts_and_an_invalid_one_does_not() -> None:
    assert told({"x-ratelimit-reset": "2"}) == 2.0
    azure = {"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "0"}
    assert told(azure) is None


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("please try again in 7.66s. visit", 7.66),
        ("please try again in 114h18m0s.", 411480.0),
        ("try again in 1m47.5s", 107.5),
        ("please retry after 86400 seconds. please", 86400.0),
        ("try again in 2 seconds", 2.0),
        ("try again in 1 hour 5 minutes", 3900.0),
        ("quota will be replenished in 00:12:05.", 725.0),
        ("try again in 60 seconds. passed model", 60.0),
        ("please wait 1200 seconds before", 1200.0),
        ("expected available in 1 second.", 1.0),
        ("try again later", None),
        ("in 5 seconds", None),
        ("wait for it", None),
    ],
)
def test_prose(text: str, delay: float | None) -> None:
    assert prose_delay(text) == (None if delay is None else pytest.approx(delay))


def test_clamps() -> None:
    assert clamped(None, Cause.RATE_LIMIT) is None
    assert clamped(Seconds(0.1), Cause.RATE_LIMIT) == 1.0
    assert clamped(Seconds(86400.0), Cause.RATE_LIMIT) == 300.0
    assert clamped(Seconds(86400.0), Cause.QUOTA) == 3600.0


def test_an_http_date_is_unix_time() -> None:
    assert http_date("Thu, 28 May 2026 20:26:40 GMT") == WALL
    assert http_date("never") is None
