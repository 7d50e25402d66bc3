"""Counters and histograms."""

import pytest
from prometheus_client.core import Metric

from proxy.report.series import Counter, Histogram, gauge


def samples(family: Metric) -> dict[tuple[str, ...], float]:
    return {(s.name, *s.labels.values()): s.value for s in family.samples}


def test_a_counter_counts_each_combination_of_labels() -> None:
    counter = Counter("met", "How often.", ("who", "how"))
    counter.add(("a", "x"))
    counter.add(("a", "x"), 4)
    counter.add(("b", "x"))
    assert samples(counter.family()) == {("met_total", "a", "x"): 5, ("met_total", "b", "x"): 1}


def test_a_histogram_shows_sums_up_to_each_bound() -> None:
    histogram = Histogram("took_seconds", "How long.", ("who",), (0.01, 0.1, 1.0))
    for value in (0.005, 0.01, 0.05, 3.0):
        histogram.add(("a",), value)
    found = samples(histogram.family())
    assert found.pop(("took_seconds_sum", "a")) == pytest.approx(3.065)
    assert found == {
        ("took_seconds_bucket", "a", "0.01"): 2,
        ("took_seconds_bucket", "a", "0.1"): 3,
        ("took_seconds_bucket", "a", "1.0"): 3,
        ("took_seconds_bucket", "a", "+Inf"): 4,
        ("took_seconds_count", "a"): 4,
    }


def test_names_that_are_gone_are_forgotten() -> None:
    counter = Counter("met", "How often.", ("who",))
    histogram = Histogram("took_seconds", "How long.", ("who",), (1.0,))
    for name in ("a", "b"):
        counter.add((name,))
        histogram.add((name,), 0.5)
    counter.keep({"b"})
    histogram.keep({"b"})
    assert samples(counter.family()) == {("met_total", "b"): 1}
    assert {s.labels["who"] for s in histogram.family().samples} == {"b"}


def test_a_gauge_has_one_label() -> None:
    family = gauge("state", "How it is.", "who", [("a", 1.0), ("b", 0.5)])
    assert samples(family) == {("state", "a"): 1.0, ("state", "b"): 0.5}
