"""Which of several equals is taken: `spread` or `least` (`first` needs no choice).

Knows weights, loads and latencies; never health: all that is handed in may be taken.
"""

from collections.abc import Sequence
from random import Random

from proxy.policy.member import Member


def spread(members: Sequence[Member], rng: Random) -> int:
    """Return the index of one, by weight."""
    weights = [member.backend.weight for member in members]
    mark = rng.random() * sum(weights)
    for index, weight in enumerate(weights):
        mark -= weight
        if mark < 0:
            return index
    return len(members) - 1


def least(members: Sequence[Member], rng: Random, *, stream: bool) -> int:
    """Return the index of the less loaded of two random ones.

    Two are enough to be near the best, and unlike the best of all they send no herd to it.
    """
    first = int(rng.random() * len(members))
    second = int(rng.random() * (len(members) - 1))
    if second >= first:
        second += 1
    a, b = load(members[first], stream=stream), load(members[second], stream=stream)
    return first if a <= b else second


def load(member: Member, *, stream: bool) -> float:
    """Return what one more attempt would meet: queue length times time, for its weight."""
    average = member.latency[stream].average
    return (member.in_flight + 1) * (average + 1e-3) / max(member.backend.weight, 1)
