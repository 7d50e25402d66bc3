"""Lengths, and what remains of them at an age."""

from math import exp, log
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import Seconds
from proxy.report.durations import SPREAD, fit, left, lent

TENTHS = (0.1, 0.5, 0.9)
OUTAGES = NormalDist(log(4000), 1.2)
BLIPS = NormalDist(log(20), 0.5)


def spans(*lengths: float) -> list[Seconds]:
    return [Seconds(length) for length in lengths]


def test_many_spans_speak_for_themselves() -> None:
    drawn = [Seconds(exp(each)) for each in OUTAGES.samples(2000, seed=1)]
    found = fit(drawn)
    assert found.mean == pytest.approx(OUTAGES.mean, abs=0.1)
    assert found.stdev == pytest.approx(OUTAGES.stdev, rel=0.05)


def test_one_span_says_little_of_its_spread() -> None:
    assert fit(spans(60)).mean == pytest.approx(log(60))
    assert 0.8 * SPREAD < fit(spans(60)).stdev < SPREAD


def test_equal_spans_have_a_spread_still() -> None:
    assert 0.1 < fit(spans(*[60] * 100)).stdev < 0.3


def test_what_took_no_time_counts_as_a_second() -> None:
    assert fit(spans(0, 0)).mean == 0


def test_a_lender_counts_as_so_many_spans() -> None:
    borrowed = lent(spans(20, 20, 20), OUTAGES, 1)
    assert borrowed.mean == pytest.approx((3 * log(20) + log(4000)) / 4)
    assert borrowed.stdev > OUTAGES.stdev  # they differ: that is a spread too
    alone = lent([], OUTAGES, 20)
    assert (alone.mean, alone.stdev) == pytest.approx((OUTAGES.mean, OUTAGES.stdev))


@pytest.mark.parametrize("age", [0.0, 1.0, 3600.0, 86400.0])
def test_what_remains_is_the_distribution_cut_off_at_its_age(age: float) -> None:
    # Of those that reach the age, the given part is over when `left` says so.
    reached = 1 - OUTAGES.cdf(log(age)) if age else 1.0
    for part, remains in zip(TENTHS, left([(1, OUTAGES)], Seconds(age), TENTHS), strict=True):
        longer = 1 - OUTAGES.cdf(log(age + remains))
        assert longer / reached == pytest.approx(1 - part, rel=1e-4)


def test_what_has_outlasted_the_blips_is_an_outage() -> None:
    both = [(95, BLIPS), (5, OUTAGES)]
    assert left(both, Seconds(0), TENTHS)[1] < 30
    late, outage = (left(some, Seconds(300), TENTHS) for some in (both, [(1, OUTAGES)]))
    assert late == pytest.approx(outage, rel=0.01)


def test_beyond_all_numbers_nothing_is_known() -> None:
    assert left([(1, NormalDist(0, 0.1))], Seconds(1e9), TENTHS) == ()


@given(
    age=st.one_of(st.just(0.0), st.floats(min_value=1e-6, max_value=1e9)),
    mean=st.floats(min_value=0, max_value=12),
    spread=st.floats(min_value=0.1, max_value=3),
)
def test_a_range_is_in_order_at_any_age(age: float, mean: float, spread: float) -> None:
    found = left([(1, NormalDist(mean, spread)), (5, OUTAGES)], Seconds(age), TENTHS)
    assert 0 <= found[0] <= found[1] <= found[2] < float("inf")
