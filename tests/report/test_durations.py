"""Lengths, and what remains of them at an age."""

from math import exp, inf, log
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import Seconds
from proxy.report.durations import (
    HIGH,
    LOW,
    MEDIAN,
    NARROWEST,
    SOONER,
    SPREAD,
    Lengths,
    Weighed,
    fit,
    left,
    lend,
    through,
)

OUTAGES = Lengths(middle=log(4000), below=1.4, above=1.0)
BLIPS = Lengths(middle=log(20), below=0.5, above=0.5)


def spans(*lengths: float) -> list[Seconds]:
    return [Seconds(length) for length in lengths]


def weighed(*lengths: float) -> list[tuple[Seconds, float]]:
    return [(Seconds(length), 1.0) for length in lengths]


def test_each_side_of_the_middle_has_its_spread() -> None:
    assert OUTAGES.longer(log(4000)) == 0.5
    assert OUTAGES.longer(log(4000) + 1.0) == pytest.approx(1 - NormalDist().cdf(1))
    assert OUTAGES.longer(log(4000) - 1.4) == pytest.approx(NormalDist().cdf(1))
    assert 0 < OUTAGES.longer(log(4000) + 20) < 1e-80


def test_many_spans_speak_for_themselves() -> None:
    drawn = [Seconds(exp(each)) for each in NormalDist(8, 1.1).samples(2000, seed=1)]
    few, many = fit(drawn), through([(each, 1.0) for each in drawn])
    assert (few.middle, few.below, few.above) == pytest.approx((8, 1.1, 1.1), rel=0.05)
    assert (many.middle, many.below / SOONER, many.above) == pytest.approx((8, 1.1, 1.1), rel=0.05)


def test_one_span_says_little_of_its_spread() -> None:
    assert fit(spans(60)).middle == pytest.approx(log(60))
    assert 0.8 * SPREAD < fit(spans(60)).above < SPREAD


def test_equal_spans_have_a_spread_still() -> None:
    assert 0.1 < fit(spans(*[60] * 100)).below < 0.3
    equal = through(weighed(*[60] * 100))
    assert (equal.below, equal.above) == (NARROWEST, NARROWEST)


def test_what_took_no_time_counts_as_a_second() -> None:
    assert fit(spans(0, 0)).middle == through(weighed(0, 0)).middle == 0


def test_half_and_nine_tenths_are_over_when_those_of_the_record_were() -> None:
    minutes = [3, 5, 8, 9, 20, 60, 65, 70, 200, 5000]
    low, median, high = left([(1, through(weighed(*minutes)))], Seconds(0)) or (inf, inf, inf)
    assert median == pytest.approx((20 * 60) ** 0.5, rel=1e-4)
    assert high == pytest.approx((200 * 5000) ** 0.5, rel=1e-4)
    assert low == pytest.approx(median * ((3 * 5) ** 0.5 / median) ** SOONER, rel=1e-4)


def test_a_span_counts_by_its_weight() -> None:
    assert through([*weighed(10, 10), (Seconds(99), 0.01)]).middle == pytest.approx(log(10))
    # In whichever order they come.
    assert through([(Seconds(99), 8), *weighed(10)]) == through([*weighed(10), (Seconds(99), 8)])


def test_others_count_as_much_as_they_are_worth() -> None:
    own = spans(1, 2)

    def lent(others: Weighed, worth: float) -> list[tuple[float, float]]:
        return [(span, weight) for span, weight in lend(own, others, worth)]

    assert lent(weighed(7, 8, 9, 9), 2) == [
        (1, 1),
        (2, 1),
        (7, 0.5),
        (8, 0.5),
        (9, 0.5),
        (9, 0.5),
    ]
    assert lent(weighed(7), 2) == [(1, 1), (2, 1), (7, 1)]
    assert lent([], 2) == [(1, 1), (2, 1)]
    # What was lent can be lent on.
    assert sum(weight for _, weight in lend([], lend(own, weighed(7), 2), 1.5)) == 1.5


@pytest.mark.parametrize("age", [0.0, 1.0, 3600.0, 86400.0])
def test_what_remains_is_the_distribution_cut_off_at_its_age(age: float) -> None:
    # Of those that reach the age, the given part is over when `left` says so.
    reached = OUTAGES.longer(log(age)) if age else 1.0
    ends = left([(1, OUTAGES)], Seconds(age))
    assert ends is not None
    for part, remains in zip((LOW, MEDIAN, HIGH), ends, strict=True):
        assert OUTAGES.longer(log(age + remains)) / reached == pytest.approx(1 - part, rel=1e-4)


def test_what_has_outlasted_the_blips_is_an_outage() -> None:
    both = [(95, BLIPS), (5, OUTAGES)]
    begun, late, outage = (
        left(both, Seconds(0)),
        left(both, Seconds(300)),
        left([(1, OUTAGES)], Seconds(300)),
    )
    assert begun is not None
    assert begun[1] < 30
    assert late == pytest.approx(outage, rel=0.01)


def test_beyond_all_numbers_nothing_is_known() -> None:
    assert left([(1, Lengths(middle=0, below=0.1, above=0.1))], Seconds(1e9)) is None


@given(
    age=st.one_of(st.just(0.0), st.floats(min_value=1e-6, max_value=1e9)),
    middle=st.floats(min_value=0, max_value=12),
    below=st.floats(min_value=0.1, max_value=3),
    above=st.floats(min_value=0.1, max_value=3),
)
def test_a_range_is_in_order_at_any_age(
    age: float, middle: float, below: float, above: float
) -> None:
    mixture = [(1, Lengths(middle=middle, below=below, above=above)), (5, OUTAGES)]
    found = left(mixture, Seconds(age))
    assert found is not None
    assert 0 <= found[0] <= found[1] <= found[2] < float("inf")
