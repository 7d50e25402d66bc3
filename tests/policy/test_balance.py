from random import Random

import pytest

from proxy.model import BudgetRule, Ejection, Scope, Seconds
from proxy.policy.balance import least, load, spread
from proxy.policy.breaker import Breaker
from proxy.policy.member import Member
from tests.policy.build import Fixed, at, backend


def member(name: str, weight: int = 1) -> Member:
    key = Breaker(Ejection(), Scope.KEY, name)
    return Member(backend(name, weight=weight), Ejection(), BudgetRule(), key)


def test_spread_follows_the_weights() -> None:
    members, rng = [member("a", 1), member("b", 3)], Random(7)
    drawn = [spread(members, rng) for _ in range(4000)]
    assert 0.72 < drawn.count(1) / 4000 < 0.78


def test_spread_at_the_edges_of_chance() -> None:
    members = [member("a", 1), member("b", 3)]
    assert [spread(members, Fixed(v)) for v in (0.0, 0.2499, 0.25, 0.9999)] == [0, 0, 1, 1]
    assert spread([member("a", 0), member("b", 0)], Fixed(0.5)) == 1


def test_least_takes_the_less_loaded_of_two() -> None:
    busy, idle = member("a"), member("b")
    busy.in_flight = 5
    for chance in (0.0, 0.49, 0.5, 0.99):
        assert least([busy, idle], Fixed(chance), stream=True) == 1
        assert least([idle, busy], Fixed(chance), stream=True) == 0


def test_least_never_compares_one_with_itself_and_finds_all() -> None:
    members, rng = [member(name) for name in "abcd"], Random(3)
    members[0].in_flight = 9
    drawn = {least(members, rng, stream=True) for _ in range(200)}
    assert drawn == {1, 2, 3}


class Drawn(Fixed):
    """Chance that says one number after the other."""

    def __init__(self, *values: float) -> None:
        super().__init__()
        self.values = list(values)

    def random(self) -> float:
        return self.values.pop(0)


@pytest.mark.parametrize(
    ("first", "second", "pair"),
    [
        (0.0, 0.0, (0, 1)),
        (0.0, 0.999, (0, 3)),
        (0.999, 0.999, (3, 2)),
        (0.5, 0.34, (2, 1)),
        (0.5, 0.67, (2, 3)),
    ],
)
def test_each_pair_is_as_likely(first: float, second: float, pair: tuple[int, int]) -> None:
    members = [member(name) for name in "abcd"]
    assert least(members, Drawn(first, second), stream=True) == pair[0], "of equals the first drawn"
    members[pair[0]].in_flight = 1
    assert least(members, Drawn(first, second), stream=True) == pair[1]


def test_load_is_queue_times_time_for_the_weight() -> None:
    slow, heavy = member("a"), member("b", weight=4)
    slow.latency[True].answered(Seconds(4.0), at(0.0))
    heavy.latency[True].answered(Seconds(4.0), at(0.0))
    heavy.in_flight = 3
    assert load(slow, stream=True) == load(heavy, stream=True)
    assert load(slow, stream=False) < 0.01


def test_who_fails_fast_attracts_no_traffic() -> None:
    broken, steady = member("a"), member("b")
    broken.latency[True].failed(Seconds(0.001), at(0.0))
    steady.latency[True].answered(Seconds(1.0), at(0.0))
    steady.in_flight = 3
    assert least([broken, steady], Fixed(0.0), stream=True) == 1
