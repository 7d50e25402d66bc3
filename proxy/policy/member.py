"""The living side of one backend: what is remembered about it between exchanges.

Holds its breakers, its retry budget, its latencies and what is in flight; decides nothing.
"""

from proxy.model import Backend, BudgetRule, Ejection, Scope
from proxy.policy.breaker import Breaker
from proxy.policy.budget import RetryBudget
from proxy.policy.latency import Latency

MOST_MODELS = 256
"""Models with a standing of their own, for each backend; the clients choose the names."""


class Member:
    """One backend of the fleet, with its state."""

    __slots__ = (
        "backend",
        "budget",
        "health",
        "in_flight",
        "key",
        "latency",
        "models",
        "queued",
        "waiting",
    )

    def __init__(
        self, backend: Backend, ejection: Ejection, budget: BudgetRule, key: Breaker | None
    ) -> None:
        self.backend = backend
        self.health = Breaker(ejection, Scope.BACKEND, backend.name)
        self.key = key
        """The breaker of Faultline's own key; None where the key is each client's."""
        self.models: dict[str, Breaker] = {}
        """Models that have failed; the others need no breaker."""
        self.budget = RetryBudget(budget)
        self.latency = (Latency(), Latency())
        """Of unary and of streamed answers."""
        self.in_flight = 0
        self.waiting = 0
        """Exchanges that wait for a cooldown to end."""
        self.queued = 0
        """Exchanges that wait for room."""

    def full(self) -> bool:
        """Say whether as much is in flight as the table allows."""
        most = self.backend.max_in_flight
        return most is not None and self.in_flight >= most

    def model(self, name: str) -> Breaker:
        """Return the breaker of a model, made when it is first needed."""
        breaker = self.models.get(name)
        if breaker is None:
            breaker = Breaker(self.health.rule, Scope.MODEL, self.backend.name, name)
            self.models[name] = breaker
            if len(self.models) > MOST_MODELS:
                del self.models[next(iter(self.models))]
        return breaker

    def adopt(self, backend: Backend, ejection: Ejection, budget: BudgetRule) -> None:
        """Go on under a new table."""
        self.backend = backend
        self.budget.rule = budget
        self.health.adopt(ejection)
        for breaker in self.models.values():
            breaker.adopt(ejection)
