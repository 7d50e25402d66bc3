"""When an incident will be over: what is asked of the estimate for it.

Knows incidents, the standing of backends and the table; the reckoning stands in `estimate.py`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from proxy.model import Fleet, Instant, Seconds
from proxy.policy.standing import Row
from proxy.report.estimate import CONFIDENCE, NOTHING, Estimate, Seen, Unknown, remaining
from proxy.report.incident import Incident
from proxy.report.outages import History
from proxy.report.words import span


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Answers from what is published, what is past, and what providers have told."""

    history: History
    past: Callable[[], Iterable[Incident]]
    fleet: Callable[[], Fleet]
    view: Callable[[], Sequence[Row]]
    now: Callable[[], Instant]
    drilled: Callable[[], Mapping[str, Instant]] = dict
    """The backends at which a drill runs, and when it ends at the latest."""

    def __call__(self, incident: Incident) -> Estimate | Unknown | None:
        """Estimate how much longer it lasts; None where it is over, or seems so."""
        if incident.resolved is not None or incident.quiet_since is not None:
            return None
        now = self.now()
        ends = [at - now for name, at in self.drilled().items() if name in incident.backends]
        return self._after_drill(max(ends)) if ends else self._remaining(incident, now)

    def _after_drill(self, left: float) -> Estimate:
        """Estimate what is left of a drill: it ends by itself, and then a probe has to find out."""
        most = self.fleet().ejection.most
        return Estimate(
            low=Seconds(left),
            median=Seconds(left + most / 2),
            high=Seconds(left + most),
            confidence=CONFIDENCE,
            basis=f"the drill ends by itself; a probe follows within {span(most)}",
        )

    def _remaining(self, incident: Incident, now: Instant) -> Estimate | Unknown:
        return remaining(
            self.history,
            self._provider(incident),
            Seconds(max(0.0, now - incident.opened)),
            incident.cause,
            Seen(spans=self._before(incident)),
            self._told(incident, now),
        )

    def _provider(self, incident: Incident) -> str:
        backends = self.fleet().backends
        known = [backends[name].provider for name in incident.backends if name in backends]
        return known[0] if known else ""

    def _before(self, incident: Incident) -> tuple[Seconds, ...]:
        """Return how long the same lasted before, at one of the same backends."""
        return tuple(
            Seconds(each.quiet_since - each.opened)
            for each in self.past()
            if each.resolved is not None
            and each.quiet_since is not None  # of others it is not known when they ended
            and not each.drill  # a drill is as long as a person wished
            and each.cause is incident.cause
            and not set(each.backends).isdisjoint(incident.backends)
        )

    def _told(self, incident: Incident, now: Instant) -> Seconds:
        """Return how long the provider said, just now, that it will still take."""
        ends = [
            row.since + row.verdict.cooldown - now
            for row in self.view()
            if row.backend in incident.backends
            and row.since is not None
            and row.verdict.cooldown is not None
            and row.verdict.cause is incident.cause
        ]
        return Seconds(max(NOTHING, *ends)) if ends else NOTHING


def forecast(estimate: Estimate | Unknown) -> str:
    """Say it in a few words: a range, never a promise."""
    match estimate:
        case Estimate(low=low, high=high, confidence=confidence):
            return (
                f"likely over in {span(low)} to {span(high)} ({confidence * 100:.0f} % confidence)"
            )
        case Unknown():
            return "its end cannot be told yet"
