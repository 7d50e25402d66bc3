"""What a client's header fields tell of the call."""

import pytest

from proxy.dialects.told import brief, digest, read_told
from proxy.model import Headers


def test_a_head_that_tells_nothing() -> None:
    told = read_told(((b"content-type", b"application/json"),))
    assert (told.session, told.timeout, told.read_timeout, told.resend) == (None, None, None, 0)
    assert (told.no_failover, told.backend) == (False, None)


@pytest.mark.parametrize(
    ("headers", "timeout"),
    [
        ((), None),
        (((b"X-Stainless-Timeout", b"600"),), 600.0),
        (((b"x-server-timeout", b"12.5"), (b"x-stainless-timeout", b"20")), 12.5),
        (((b"x-stainless-timeout", b"NOT_GIVEN"),), None),
        (((b"x-stainless-timeout", b"-1"),), None),
        (((b"x-stainless-timeout", b"0"),), None),
        (((b"x-stainless-timeout", b"inf"),), None),
        (((b"x-stainless-timeout", b"nan"),), None),
    ],
)
def test_the_clients_patience(headers: Headers, timeout: float | None) -> None:
    assert read_told(headers).timeout == timeout


def test_what_the_sdks_tell() -> None:
    headers = ((b"x-stainless-read-timeout", b"600"), (b"X-Stainless-Retry-Count", b"2"))
    told = read_told(headers)
    assert (told.timeout, told.read_timeout, told.resend) == (None, 600.0, 2)


@pytest.mark.parametrize("count", [b"", b"-1", b"x", b"1" * 50, b"\xb2"])
def test_a_count_that_is_none(count: bytes) -> None:
    assert read_told(((b"x-stainless-retry-count", count),)).resend == 0


def test_what_a_person_asks_for() -> None:
    told = read_told(((b"X-Faultline-No-Failover", b"1"), (b"x-faultline-backend", b" azure ")))
    assert (told.no_failover, told.backend) == (True, "azure")
    untold = read_told(((b"x-faultline-no-failover", b"0"), (b"x-faultline-backend", b"")))
    assert (untold.no_failover, untold.backend) == (False, None)


@pytest.mark.parametrize(
    ("headers", "session"),
    [
        (((b"thread-id", b"t1"), (b"X-Claude-Code-Session-Id", b"s1")), "s1"),
        (((b"x-claude-code-session-id", b""), (b"session_id", b"\xe9")), "\xe9"),
        (((b"session-id", b"s1"), (b"Session-Id", b"s2")), "s2"),
        (((b"session-id", b"s" * 256),), "s" * 256),
        (((b"session-id", b"s" * 257),), digest(b"s" * 257)),
    ],
)
def test_the_session(headers: Headers, session: str) -> None:
    assert read_told(headers).session == session


def test_a_long_name_is_told_by_its_hash() -> None:
    assert brief(None) is None
    assert brief("k" * 256) == "k" * 256
    assert brief("k" * 257) == digest(b"k" * 257)
    assert len(digest(b"k" * 257)) < 64
