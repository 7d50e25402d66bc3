"""Counters and histograms that cost next to nothing to add to.

Knows names, labels and numbers; nothing of exchanges. The client library's own instruments look
labels up behind a lock at each step; these are dictionaries and lists, written by the event loop
only, and become the library's families when someone scrapes.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

Labels = tuple[str, ...]


class Counter:
    """A family of counts, one for each combination of labels that has been seen."""

    def __init__(self, name: str, meaning: str, labels: Labels) -> None:
        self._family = (name, meaning)
        self._labels = labels
        self._counts: dict[Labels, int] = {}

    def add(self, labels: Labels, number: int = 1) -> None:
        """Count `number` more."""
        self._counts[labels] = self._counts.get(labels, 0) + number

    def keep(self, known: Collection[str]) -> None:
        """Forget the counts whose first label is not known."""
        self._counts = {labels: n for labels, n in self._counts.items() if labels[0] in known}

    def family(self) -> CounterMetricFamily:
        """Return the family as it stands."""
        family = CounterMetricFamily(*self._family, labels=self._labels)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        return family


class Histogram:
    """A family of histograms: how often a value fell between two bounds, and the sum of all."""

    def __init__(self, name: str, meaning: str, labels: Labels, bounds: Sequence[float]) -> None:
        self._family = (name, meaning)
        self._labels = labels
        self._bounds = bounds
        self._limits = [*(repr(bound) for bound in bounds), "+Inf"]
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def add(self, labels: Labels, value: float) -> None:
        """Count one value."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * len(self._limits)
            self._sums[labels] = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] += value

    def keep(self, known: Collection[str]) -> None:
        """Forget the histograms whose first label is not known."""
        self._counts = {labels: c for labels, c in self._counts.items() if labels[0] in known}

    def family(self) -> HistogramMetricFamily:
        """Return the family as it stands; its buckets are sums up to each bound."""
        family = HistogramMetricFamily(*self._family, labels=self._labels)
        for labels, counts in self._counts.items():
            sums = accumulate(map(float, counts))
            family.add_metric(
                labels, list(zip(self._limits, sums, strict=True)), self._sums[labels]
            )
        return family


def gauge(
    name: str, meaning: str, label: str, values: Iterable[tuple[str, float]]
) -> GaugeMetricFamily:
    """Return a family of values, one for each value of its only label."""
    family = GaugeMetricFamily(name, meaning, labels=(label,))
    for value, number in values:
        family.add_metric((value,), number)
    return family
