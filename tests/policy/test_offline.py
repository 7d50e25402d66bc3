from typing import Any

import pytest

from proxy.model import Backend, Cause, Sent, Url
from proxy.policy.offline import Offline, Unreached, unreached
from tests.policy.build import at, backend

A, B = backend("a"), backend("b")


def failure(of: Backend, now: float, cause: Cause = Cause.DNS, **fields: Any) -> Unreached:
    return Unreached(backend=of, cause=cause, silent=fields.get("silent", False), at=at(now))


def test_two_unrelated_backends_that_fail_alike_are_the_machine() -> None:
    offline = Offline()
    assert not offline.unreached(failure(A, 100.0))
    assert not offline.now(at(100.0))
    assert offline.unreached(failure(B, 105.0))
    assert offline.now(at(110.0))
    assert not offline.now(at(110.001))


def test_one_backend_alone_is_not() -> None:
    offline = Offline()
    assert not any(offline.unreached(failure(A, i * 0.1)) for i in range(10))


def test_nor_are_two_that_fail_one_after_the_other() -> None:
    offline = Offline()
    offline.unreached(failure(A, 0.0))
    assert not offline.unreached(failure(B, 5.001))


def test_an_answer_proves_the_network() -> None:
    offline = Offline()
    offline.unreached(failure(A, 0.0))
    offline.answered()
    assert not offline.unreached(failure(B, 0.1))
    offline.unreached(failure(A, 0.2))
    offline.answered()
    assert not offline.now(at(0.3))


@pytest.mark.parametrize(
    ("other", "cause", "machine"),
    [
        (backend("b"), Cause.TIMEOUT, True),
        (backend("b", url=A.url), Cause.TIMEOUT, False),
        (backend("b", account="a"), Cause.TIMEOUT, False),
        (backend("b", cdn="edge"), Cause.TIMEOUT, False),
        (backend("b", cdn="edge"), Cause.DNS, True),
        (backend("b", cdn="other"), Cause.TIMEOUT, True),
        (backend("b"), Cause.TLS, False),
    ],
)
def test_related_backends_may_fail_together(other: Backend, cause: Cause, machine: bool) -> None:
    offline = Offline()
    first = backend("a", cdn="edge")
    same = Cause.TIMEOUT if cause is Cause.TLS else cause
    offline.unreached(failure(first, 0.0, same))
    assert offline.unreached(failure(other, 0.1, cause)) is machine


@pytest.mark.parametrize(
    ("cause", "sent", "silent", "counts"),
    [
        (Cause.DNS, Sent.NOT_SENT, False, True),
        (Cause.TCP, Sent.NOT_SENT, True, True),
        (Cause.TCP, Sent.NOT_SENT, False, False),
        (Cause.TIMEOUT, Sent.MAYBE_SENT, True, False),
    ],
)
def test_only_what_never_reached_anybody_counts(
    cause: Cause, sent: Sent, silent: bool, counts: bool
) -> None:
    assert (unreached(A, cause, sent, at(0.0), silent=silent) is not None) is counts


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_loopback_says_nothing_about_a_network(host: str) -> None:
    local = backend("l", url=Url(tls=False, host=host, port=1, path="/v1"))
    assert unreached(local, Cause.DNS, Sent.NOT_SENT, at(0.0), silent=False) is None
