"""How long things last that have lasted until now: lognormals, cut off at an age.

Knows numbers only: nothing of providers, causes or where a length is known from. The lengths of
outages are lognormal to a good approximation: their logarithms are normally distributed. A mixture
of two holds two populations, blips and outages; cut off at an age, what has outlasted the blips is
an outage by itself. Pure.
"""

from collections.abc import Sequence
from math import erfc, exp, fsum, log, sqrt
from statistics import NormalDist, fmean

from proxy.model import Seconds

Lengths = Sequence[tuple[float, NormalDist]]
"""Parts of a mixture: the weight of each, and the distribution of the logarithm of seconds."""

SHORTEST = Seconds(1.0)
"""What is shorter counts as this: nothing has no logarithm."""

SPREAD = 1.2
"""How far the logarithms of lengths spread where no more is known: those of the 253 published
outages do so."""

SPREAD_WORTH = 3
"""Spans that say as much of their spread as that number; it keeps one or two from saying none."""

FAR = 12
"""Spreads below the mean, under which nothing lies: where an age of nothing begins."""

EXACT = 1e-6
"""Logarithms to which an end is found: to a millionth of the whole length."""


def fit(spans: Sequence[Seconds]) -> NormalDist:
    """Return the distribution of the logarithms of `spans`, of which there is one at least."""
    return lent(spans, NormalDist(fmean(map(_log, spans)), SPREAD), SPREAD_WORTH)


def lent(spans: Sequence[Seconds], lender: NormalDist, worth: float) -> NormalDist:
    """Fit `spans`, to which another distribution lends: it counts as `worth` more of them."""
    logs, whole = [_log(span) for span in spans], len(spans) + worth
    mean = (fsum(logs) + worth * lender.mean) / whole
    squares = fsum((each - mean) ** 2 for each in logs)
    squares += worth * (lender.variance + (lender.mean - mean) ** 2)
    return NormalDist(mean, sqrt(squares / whole))


def left(lengths: Lengths, age: Seconds, parts: Sequence[float]) -> tuple[Seconds, ...]:
    """Return what remains at most in each of those parts of all that have reached this age.

    Empty if nothing lasts so long, as far as numbers can tell.
    """
    start = log(age) if age > 0 else min(each.mean - FAR * each.stdev for _, each in lengths)
    survived = _longer(lengths, start)
    if survived <= 0:
        return ()
    ends = (_when(lengths, start, survived * (1 - part)) for part in parts)
    return tuple(Seconds(max(0.0, exp(end) - age)) for end in ends)


def _longer(lengths: Lengths, logarithm: float) -> float:
    """Return the weight of what lasts longer; exact far out, where 1 minus a share would be 0."""
    return fsum(
        weight / 2 * erfc((logarithm - each.mean) / each.stdev / sqrt(2))
        for weight, each in lengths
    )


def _when(lengths: Lengths, start: float, weight: float) -> float:
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
