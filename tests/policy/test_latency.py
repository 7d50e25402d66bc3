import pytest

from proxy.model import Seconds
from proxy.policy.latency import ENOUGH, Latency
from tests.policy.build import at


def test_it_jumps_up_at_once_and_comes_down_slowly() -> None:
    latency = Latency()
    latency.answered(Seconds(1.0), at(0.0))
    latency.answered(Seconds(4.0), at(0.1))
    assert latency.average == 4.0
    latency.answered(Seconds(1.0), at(10.1))
    assert latency.average == pytest.approx(1 + 3 * 0.3679, abs=1e-3)
    latency.answered(Seconds(1.0), at(1000.0))
    assert latency.average == pytest.approx(1.0)


def test_failing_fast_is_slow() -> None:
    latency = Latency()
    latency.failed(Seconds(0.001), at(0.0))
    assert latency.average == 5.0
    latency.failed(Seconds(0.001), at(0.1))
    assert latency.average == 10.0
    latency.failed(Seconds(30.0), at(0.2))
    assert latency.average == 30.0


def test_failures_never_count_for_more_than_the_slowest_answer() -> None:
    latency = Latency()
    for i in range(30):
        latency.failed(Seconds(0.0), at(i * 0.01))
    assert latency.average == 600.0


def test_the_percentile_needs_twenty_answers() -> None:
    latency = Latency()
    for i in range(1, ENOUGH):
        latency.answered(Seconds(float(i)), at(0.0))
    latency.failed(Seconds(99.0), at(0.0))
    assert latency.percentile(0.95) is None
    latency.answered(Seconds(20.0), at(0.0))
    assert latency.percentile(0.95) == 20.0
    assert latency.percentile(0.5) == 11.0
    assert latency.percentile(1.0) == 20.0


def test_the_percentile_forgets_old_answers() -> None:
    latency = Latency()
    latency.answered(Seconds(9.0), at(0.0))
    for _ in range(127):
        latency.answered(Seconds(1.0), at(0.0))
    assert latency.percentile(1.0) == 9.0
    latency.answered(Seconds(1.0), at(0.0))
    assert latency.percentile(1.0) == 1.0, "of the last 128"
