"""When it will be over: how much longer an outage lasts that has lasted until now.

Knows how long outages have lasted, never what is going on. The lengths of outages are lognormal
to a good approximation: their logarithms are normally distributed. What remains of one is that
distribution cut off at its age, so it has a closed form, for any age. A provider with few outages
of its own borrows from the others: theirs together count as much as `LENT` of its own. How well
the ranges hold on years held back stands in docs/estimates.md. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, fsum, log, sqrt
from statistics import NormalDist

from proxy.model import Cause, Seconds
from proxy.report.outages import History, Outage

CONFIDENCE = 0.8
"""How often the truth lies within the range."""

LOW, MEDIAN, HIGH = 0.1, 0.5, 0.9
"""The parts of the remaining lengths that lie below each figure of an estimate."""

LENT = 20
"""Outages of its own that all those of others are worth, unless there are fewer of them. With 24
of its own it rests on others for slightly less than half. With 10 or 30 the losses on the
held-back years differ by less than 1 %."""

FEWEST = 10
"""Outages below which a spread is no more than a guess."""

OUTAGES = frozenset(
    {
        Cause.CAPACITY,
        Cause.CDN_EDGE,
        Cause.CDN_EDGE_TO_ORIGIN,
        Cause.DNS,
        Cause.ORIGIN,
        Cause.PROTOCOL,
        Cause.TCP,
        Cause.TIMEOUT,
        Cause.TLS,
    }
)
"""Causes that outages have. A quota or a revoked key ends when someone acts, not with time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How long it will still last: a range with its basis, never a promise."""

    low: Seconds
    median: Seconds
    high: Seconds
    confidence: float
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An honest answer too: `basis` says why nobody can tell."""

    basis: str


def remaining(
    history: History, provider: str, age: Seconds, cause: Cause | None = None
) -> Estimate | Unknown:
    """Estimate how much longer an outage of this age goes on."""
    if cause is not None and cause not in OUTAGES:
        return Unknown(basis=f"a history of outages says nothing of the cause {cause}")
    own = [outage for outage in history.outages if outage.provider == provider]
    others = [outage for outage in history.outages if outage.provider != provider]
    if len(own) + len(others) < FEWEST:
        return Unknown(basis=f"fewer than {FEWEST} outages are known ({history.source})")
    lengths = fit(own, others)
    low, median, high = (left(lengths, age, part) for part in (LOW, MEDIAN, HIGH))
    return Estimate(
        low=low, median=median, high=high, confidence=CONFIDENCE, basis=_basis(history, own, others)
    )


def fit(own: Sequence[Outage], others: Sequence[Outage]) -> NormalDist:
    """Return the distribution of the logarithm of an outage's seconds."""
    worth = min(LENT, len(others))
    lent = worth / (worth + len(own))
    weighted = [(log(outage.lasted), (1 - lent) / len(own)) for outage in own]
    weighted += [(log(outage.lasted), lent / len(others)) for outage in others]
    mean = fsum(weight * value for value, weight in weighted)
    variance = fsum(weight * (value - mean) ** 2 for value, weight in weighted)
    return NormalDist(mean, sqrt(variance))


def left(lengths: NormalDist, age: Seconds, part: float) -> Seconds:
    """Return what remains at most in that part of all outages that have reached this age."""
    # Reckoned from the upper end, and with erfc: far out, 1 minus a share would be 1 itself.
    survived = erfc((log(age) - lengths.mean) / lengths.stdev / sqrt(2)) / 2 if age > 0 else 1.0
    total = exp(lengths.mean - lengths.stdev * NormalDist().inv_cdf(survived * (1 - part)))
    return Seconds(max(0.0, total - age))


def _basis(history: History, own: Sequence[Outage], others: Sequence[Outage]) -> str:
    known = f"{len(own)} outages of this provider"
    if others:
        known += f" and {len(others)} of others"
    return f"how long {known} lasted ({history.source}), given that it has lasted until now"
