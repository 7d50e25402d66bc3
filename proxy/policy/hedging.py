"""When a second runner starts beside a slow one.

Knows the route's wish and how fast the backend usually is; never who runs second.
"""

from proxy.model import Hedge, Seconds
from proxy.policy.latency import Latency

PERCENTILE = 0.95
LEAST = Seconds(2.0)
MOST = Seconds(30.0)
"""A learned hedge starts between these (design, "Numbers")."""


def hedge_after(hedge: Hedge, latency: Latency) -> Seconds | None:
    """Return how long an attempt may go without first content; None: nothing is learned yet."""
    if hedge.after is not None:
        return hedge.after
    learned = latency.percentile(PERCENTILE)
    return None if learned is None else min(max(learned, LEAST), MOST)
