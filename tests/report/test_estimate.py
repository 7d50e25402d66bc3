"""How much longer an outage lasts, and how well that holds."""

from datetime import UTC, datetime
from math import exp, log
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import Cause, Seconds
from proxy.report.estimate import CONFIDENCE, OUTAGES, Estimate, Unknown, fit, left, remaining
from proxy.report.outages import History, Outage, published
from tests.report import calibration

HISTORY = published()


def estimate(provider: str, age: float) -> Estimate:
    found = remaining(HISTORY, provider, Seconds(age))
    assert isinstance(found, Estimate)
    return found


def outages(provider: str, *minutes: float) -> list[Outage]:
    day = datetime(2024, 1, 1, tzinfo=UTC)
    return [Outage(provider=provider, started=day, lasted=Seconds(m * 60)) for m in minutes]


@given(
    provider=st.sampled_from(["openai", "anthropic", "unheard-of"]),
    age=st.one_of(st.just(0.0), st.floats(min_value=0.001, max_value=10 * 365 * 86400.0)),
)
def test_a_range_is_a_range_at_any_age(provider: str, age: float) -> None:
    found = estimate(provider, age)
    assert 0 <= found.low <= found.median <= found.high < float("inf")
    assert found.confidence == CONFIDENCE


def test_what_has_lasted_long_lasts_longer() -> None:
    for provider in ("openai", "anthropic"):
        medians = [estimate(provider, minutes * 60).median for minutes in (30, 60, 120, 600, 3000)]
        assert medians == sorted(medians)


def test_what_remains_is_the_distribution_cut_off_at_its_age() -> None:
    lengths = fit(outages("a", *range(10, 200, 7)), [])
    age, whole = Seconds(3600.0), left(lengths, Seconds(0.0), 0.5)
    assert whole == pytest.approx(exp(lengths.mean))
    # Of those that reach the age, the given part is over when `left` says so.
    for part in (0.1, 0.5, 0.9):
        end = age + left(lengths, age, part)
        longer_than = [1 - lengths.cdf(log(at)) for at in (age, end)]
        assert longer_than[1] / longer_than[0] == pytest.approx(1 - part)


def test_a_provider_with_few_of_its_own_borrows() -> None:
    short, long = (
        outages("short", *[10.0, 12.0, 15.0]),
        outages("long", *[300.0 + n for n in range(50)]),
    )
    own, borrowed = fit(short, []), fit(short, long)
    assert own.mean < borrowed.mean < fit(long, []).mean
    many = outages("short", *[10.0 + n / 100 for n in range(500)])
    assert fit(many, long).mean == pytest.approx(fit(many, []).mean, abs=0.2)


def test_others_that_are_few_lend_little() -> None:
    own, other = outages("a", *[60.0 + n for n in range(50)]), outages("b", 6000.0)
    assert fit(own, other).mean == pytest.approx(fit(own, []).mean, abs=0.1)


@pytest.mark.parametrize("cause", Cause)
def test_causes_that_do_not_end_by_themselves_are_unknown(cause: Cause) -> None:
    found = remaining(HISTORY, "openai", Seconds(60.0), cause)
    assert isinstance(found, Estimate if cause in OUTAGES else Unknown)
    assert isinstance(found, Estimate) or cause in found.basis


def test_too_few_outages_are_no_basis() -> None:
    few = History(outages=tuple(outages("a", *range(1, 10))), source="mine.csv")
    found = remaining(few, "a", Seconds(60.0))
    assert found == Unknown(basis="fewer than 10 outages are known (mine.csv)")


def test_the_basis_names_its_source() -> None:
    basis = estimate("anthropic", 60).basis
    assert "24 outages of this provider and 229 of others" in basis
    assert "ICPE 2025" in basis


def test_the_ranges_hold_on_years_held_back() -> None:
    asked = list(calibration.cases(calibration.HELD_BACK[0][1]))
    for provider in calibration.PROVIDERS:
        own = [case for case in asked if case.provider == provider]
        assert 0.72 <= calibration.coverage(own) <= 0.92
        for age in calibration.AGES:
            assert calibration.coverage([case for case in own if case.age == age]) >= 0.6


@pytest.mark.parametrize("since", [since for _, since in calibration.HELD_BACK])
def test_the_age_makes_them_better(since: datetime) -> None:
    asked = list(calibration.cases(since))
    loss = fmean(calibration.pinball(case.said, case.truth) for case in asked)
    assert loss < fmean(calibration.pinball(case.ageless, case.truth) for case in asked)


def test_the_document_shows_what_is_so() -> None:
    page = (calibration.DOCS / "estimates.md").read_text()
    shown = page.split(calibration.BEGIN)[1].split(calibration.END)[0]
    assert shown.strip() == calibration.table().strip()
    assert (calibration.DOCS / "estimates.svg").read_text() == calibration.plot()
