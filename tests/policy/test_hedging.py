import pytest

from proxy.model import Hedge, Seconds
from proxy.policy.hedging import hedge_after
from proxy.policy.latency import Latency
from tests.policy.build import at


def samples(value: float, count: int = 20) -> Latency:
    latency = Latency()
    for _ in range(count):
        latency.answered(Seconds(value), at(0.0))
    return latency


def test_a_given_time_is_taken_as_it_is() -> None:
    assert hedge_after(Hedge(after=Seconds(0.5)), Latency()) == 0.5


@pytest.mark.parametrize(("usual", "after"), [(0.3, 2.0), (7.0, 7.0), (90.0, 30.0)])
def test_a_learned_time_stays_within_bounds(usual: float, after: float) -> None:
    assert hedge_after(Hedge(after=None), samples(usual)) == after


def test_nothing_is_learned_from_too_little() -> None:
    assert hedge_after(Hedge(after=None), samples(7.0, 19)) is None


def test_the_slowest_twentieth_is_hedged() -> None:
    latency = Latency()
    for i in range(128):
        latency.answered(Seconds(2.0 + i / 8), at(0.0))
    assert hedge_after(Hedge(after=None), latency) == 2.0 + 121 / 8
