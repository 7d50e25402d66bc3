"""Who is asked to go on with a cut stream, and by which rung.

The rungs are tried in the table's order. A rung whose seam did not hold is spent: the next target
would only say something else again. An attempt that failed for another reason leaves the rung to
the next target. Knows rungs and targets; never what a seam is.
"""

from collections.abc import Sequence

from proxy.model import Cause, Instant, Rung, Target, Verdict
from proxy.policy.attempt import Attempt
from proxy.policy.blame import is_clients
from proxy.policy.breaker import Gate
from proxy.policy.decision import Failed
from proxy.policy.prospects import Prospects

MOST_RESUMES = 2
"""Times that one exchange's stream goes on with another answer (design, "Resuming")."""

_MENDABLE = frozenset(
    {Cause.CAPACITY, Cause.CDN_EDGE, Cause.CDN_EDGE_TO_ORIGIN, Cause.ORIGIN, Cause.PROTOCOL}
    | {Cause.QUOTA, Cause.RATE_LIMIT, Cause.TCP, Cause.TIMEOUT, Cause.TLS}
)
"""Causes of a cut that another backend can mend: it broke, stalled, or had no room."""


def is_mendable(verdict: Verdict) -> bool:
    """Say whether what cut a stream says nothing about what was asked or said."""
    return verdict.cause in _MENDABLE


class Ladder:
    """The rungs that are left after one cut."""

    __slots__ = ("_prospects", "_rungs")

    def __init__(self, prospects: Prospects, rungs: Sequence[Rung]) -> None:
        self._prospects = prospects
        self._rungs = list(rungs)

    @property
    def rung(self) -> Rung:
        """The rung that is being tried; there is one as long as an attempt is under way."""
        return self._rungs[0]

    def next(self, now: Instant) -> tuple[Target, int] | None:
        """Return whom to ask next, and its tier; None: the ladder is spent."""
        while self._rungs:
            for tier, targets in enumerate(self._prospects.route.tiers):
                for target in targets:
                    if self._may(target, now):
                        return target, tier
            del self._rungs[0]
        return None

    def missed(self, attempt: Attempt, event: Failed) -> None:
        """Hear that an attempt did not come to go on."""
        if event.mismatch:
            del self._rungs[0]
        elif self.rung is Rung.PREFILL and is_clients(event.verdict, attempt.kind):
            self._prospects.shared.no_prefill.add(_key(attempt.target))

    def _may(self, target: Target, now: Instant) -> bool:
        prospects = self._prospects
        return (
            self._takes_rung(target)
            and prospects.is_able(target)
            and not prospects.gone_silent(target)
            and not any(a.target is target and self._was_tried(a) for a in prospects.sent)
            and prospects.gate(target, now) <= Gate.PROBE
            and prospects.pays(target, now)
        )

    def _takes_rung(self, target: Target) -> bool:
        if self.rung is not Rung.PREFILL:
            return True
        return target.prefill and _key(target) not in self._prospects.shared.no_prefill

    def _was_tried(self, attempt: Attempt) -> bool:
        """Say whether an attempt has shown that its target is of no use for this rung."""
        verdict = attempt.verdict
        broke = verdict is not None and not is_clients(verdict, attempt.kind)
        return broke or attempt.rung is self.rung


def _key(target: Target) -> tuple[str, str | None]:
    return target.backend.name, target.model
