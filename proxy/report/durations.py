"""How long things last that have lasted until now: lengths, cut off at an age.

Knows numbers only: nothing of providers, causes or where a length is known from. The logarithms of
lengths are close to normal, but not equally wide below their middle and above it: each side has a
spread of its own, drawn through the tenth, half and nine tenths of a record. A mixture of two holds
two populations, blips and outages; cut off at an age, what has outlasted the blips is an outage by
itself. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import erfc, exp, fsum, log, sqrt
from statistics import NormalDist, fmean

from proxy.model import Seconds

LOW, MEDIAN, HIGH = 0.1, 0.5, 0.9
"""The parts of all lengths that lie below each figure of an estimate."""

DEVIATE = NormalDist().inv_cdf(HIGH)
"""Spreads between the middle and the last tenth."""

SHORTEST = Seconds(1.0)
"""What is shorter counts as this: nothing has no logarithm."""

SPREAD = 1.2
"""How far the logarithms of lengths spread where no more is known: those of the 253 published
outages do so."""

SPREAD_WORTH = 3
"""Spans that say as much of their spread as that number; it keeps one or two from saying none."""

NARROWEST = 0.1
"""A spread of logarithms, below which none lies: nothing lasts equally long each time."""

SOONER = 1.1
"""How much wider the side of the soon ends is than the record says. What ended surprisingly soon is
missed more often than what lasted: of the held-back questions about Anthropic 11 to 23 of 100 ended
below the low figure. This takes back up to 4 of them, and costs OpenAI's no loss."""

FAR = 12
"""Spreads below the middle, under which nothing lies: where an age of nothing begins."""

EXACT = 1e-6
"""Logarithms to which an end is found: to a millionth of the whole length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """The logarithms of seconds: where their middle is, and how far they spread on each side."""

    middle: float
    below: float
    above: float

    def longer(self, logarithm: float) -> float:
        """Return the share of what lasts longer; exact far out, where 1 minus it would be 1."""
        spread = self.above if logarithm > self.middle else self.below
        return erfc((logarithm - self.middle) / spread / sqrt(2)) / 2


Weighed = Sequence[tuple[Seconds, float]]
"""Spans, and how much each counts."""

Mixture = Sequence[tuple[float, Lengths]]
"""The weight of each population, and its lengths."""


def fit(spans: Sequence[Seconds]) -> Lengths:
    """Return the lengths that a few spans tell of, of which there is one at least."""
    logs = [_log(span) for span in spans]
    middle = fmean(logs)
    squares = fsum((each - middle) ** 2 for each in logs) + SPREAD_WORTH * SPREAD**2
    spread = sqrt(squares / (len(logs) + SPREAD_WORTH))
    return Lengths(middle=middle, below=spread, above=spread)


def lend(spans: Iterable[Seconds], others: Weighed, worth: float) -> Weighed:
    """Return these spans and others, which together count as `worth` more unless they are fewer."""
    total = fsum(weight for _, weight in others)
    scale = min(1.0, worth / total) if total else 0.0
    return [(span, 1.0) for span in spans] + [(span, weight * scale) for span, weight in others]


def through(spans: Weighed) -> Lengths:
    """Return lengths of which half and nine tenths are over when those of these spans are.

    A tenth is over a little sooner. There is one span at least.
    """
    low, middle, high = _quantiles(spans, (LOW, MEDIAN, HIGH))
    return Lengths(
        middle=middle,
        below=max(NARROWEST, SOONER * (middle - low) / DEVIATE),
        above=max(NARROWEST, (high - middle) / DEVIATE),
    )


def left(lengths: Mixture, age: Seconds) -> tuple[Seconds, Seconds, Seconds] | None:
    """Return within what a tenth, half and nine tenths are over of all that reach this age.

    None if nothing lasts so long, as far as numbers can tell.
    """
    start = log(age) if age > 0 else min(each.middle - FAR * each.below for _, each in lengths)
    survived = _longer(lengths, start)
    if survived <= 0:
        return None
    low, middle, high = (
        Seconds(max(0.0, exp(_when(lengths, start, survived * (1 - part))) - age))
        for part in (LOW, MEDIAN, HIGH)
    )
    return low, middle, high


def _quantiles(spans: Weighed, parts: Sequence[float]) -> list[float]:
    """Return the logarithms below which these parts lie; a span stands amid its own weight."""
    ordered = sorted((_log(span), weight) for span, weight in spans)
    total, passed = fsum(weight for _, weight in ordered), 0.0
    marks = []
    for logarithm, weight in ordered:
        marks.append(((passed + weight / 2) / total, logarithm))
        passed += weight
    return [_between(marks, part) for part in parts]


def _between(marks: Sequence[tuple[float, float]], part: float) -> float:
    for (before, low), (after, high) in pairwise(marks):
        if before <= part < after:
            return low + (high - low) * (part - before) / (after - before)
    return marks[0][1] if part < marks[0][0] else marks[-1][1]


def _longer(lengths: Mixture, logarithm: float) -> float:
    return fsum(weight * each.longer(logarithm) for weight, each in lengths)


def _when(lengths: Mixture, start: float, weight: float) -> float:
    """Return the logarithm, from `start` on, that this weight outlasts: found by halving."""
    low, high = start, start + 1
    while _longer(lengths, high) > weight:
        low, high = high, high + (high - start)
    while high - low > EXACT:
        middle = (low + high) / 2
        low, high = (middle, high) if _longer(lengths, middle) > weight else (low, middle)
    return high


def _log(span: Seconds) -> float:
    return log(max(SHORTEST, span))
