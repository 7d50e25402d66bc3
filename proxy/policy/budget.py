"""What pays for more than one attempt per exchange.

Without it, three tries of an SDK times four attempts here times the retries of the next gateway
meet a provider that is already in trouble. Knows counts of one backend; never which exchange asks.
"""

from proxy.model import BudgetRule, Instant, Seconds
from proxy.policy.window import Window

SPAN = Seconds(10.0)
"""The traffic of this long fills the bucket (design, "Rules of meaning")."""

HEDGE_FLOOR = 2
"""Hedges that are paid however little traffic there is (design, "Numbers")."""

REQUESTS, PAID, HEDGES = 0, 1, 2


class RetryBudget:
    """The bucket of one receiving backend: normal traffic fills it, repetitions are paid from it.

    In any ten seconds at most `extra` of the requests, or `floor` where that is more, are paid.
    """

    __slots__ = ("_window", "rule")

    def __init__(self, rule: BudgetRule) -> None:
        self.rule = rule
        self._window = Window(SPAN, 3)

    def earn(self, now: Instant) -> None:
        """Count an attempt that is nobody's repetition."""
        self._window.add(REQUESTS, now)

    def can_pay(self, now: Instant, *, hedge: bool = False) -> bool:
        """Say whether one more repetition is covered."""
        self._window.turn(now)
        requests, paid, hedges = self._window.sums
        if hedge and hedges >= max(HEDGE_FLOOR, self.rule.hedges * requests):
            return False
        return paid < max(self.rule.floor, self.rule.extra * requests)

    def pay(self, now: Instant, *, hedge: bool = False) -> None:
        """Take one out, covered or not."""
        self._window.add(PAID, now)
        if hedge:
            self._window.add(HEDGES, now)
