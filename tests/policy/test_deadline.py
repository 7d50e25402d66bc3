from dataclasses import replace
from typing import Any

import pytest

from proxy.model import Limits, Seconds, Sent
from proxy.policy.deadline import Deadline
from tests.policy.build import LIMITS, ask, at


def deadline(now: float = 100.0, **fields: Any) -> Deadline:
    return Deadline(LIMITS, ask(**fields), at(now))


def test_the_route_decides_where_the_client_says_nothing() -> None:
    plain = deadline()
    assert plain.at == 700.0
    assert plain.limits(at(100.0)) is LIMITS


def test_the_client_decides_where_it_waits_less() -> None:
    assert deadline(timeout=Seconds(20.0)).at == 120.0
    assert deadline(timeout=Seconds(1000.0)).at == 700.0
    limits = deadline(timeout=Seconds(2.0)).limits(at(100.0))
    shortened = {limits.connect, limits.tls, limits.head, limits.first_content, limits.total}
    assert shortened == {2.0}
    assert limits.stall == LIMITS.stall


def test_f21_a_later_attempt_gets_what_is_left() -> None:
    limits = deadline(timeout=Seconds(20.0)).limits(at(115.0))
    assert (limits.connect, limits.head, limits.total) == (3.0, 5.0, 5.0)


def test_the_clients_read_timeout_bounds_every_silence() -> None:
    limits = deadline(read_timeout=Seconds(10.0)).limits(at(100.0))
    assert (limits.head, limits.first_content, limits.stall) == (10.0, 10.0, 10.0)
    assert limits.connect == LIMITS.connect
    assert limits.total == LIMITS.total
    patient = deadline(read_timeout=Seconds(1000.0)).limits(at(100.0))
    assert patient == LIMITS


@pytest.mark.parametrize(
    ("sent", "shorter"),
    [
        (Sent.NOT_SENT, "connect"),
        (Sent.NOT_SENT, "tls"),
        (Sent.MAYBE_SENT, "head"),
        (Sent.HEAD_SEEN, "first_content"),
        (Sent.CONTENT_SEEN, "stall"),
    ],
)
def test_a_silence_was_hurried_where_its_own_limit_was_shortened(sent: Sent, shorter: str) -> None:
    given: Limits = replace(LIMITS, **{shorter: Seconds(1.0)})
    for other in Sent:
        assert deadline().hurried(given, other) is (other is sent)
    assert not deadline().hurried(LIMITS, sent)


def test_a_client_that_waits_as_long_as_the_table_changes_nothing() -> None:
    slow = replace(LIMITS, head=Seconds(900.0))
    asked = ask(timeout=slow.total)
    assert Deadline(slow, asked, at(0.0)).limits(at(0.0)) is slow
