"""What a refusal says of the incident behind it: what failed, since when, until when, and where.

Knows incidents, the table and the words; never a request. It is written twice a second, off the
path: a refusal only looks it up.
"""

from collections.abc import Callable, Iterable

from proxy.model import Fleet, Route
from proxy.report import tale
from proxy.report.estimate import Estimate, Unknown
from proxy.report.incident import Family, Incident
from proxy.report.moment import Moment
from proxy.report.outlook import forecast
from proxy.report.words import span


class Notes:
    """The note of each route that an open incident concerns."""

    def __init__(self, outlook: Callable[[Incident], Estimate | Unknown | None]) -> None:
        self._outlook = outlook
        self._notes: dict[str, str] = {}

    def __call__(self, route: Route) -> str:
        """Return what to tell whoever is refused on this route; empty without an incident."""
        return self._notes.get(route.name, "")

    def write(
        self, fleet: Fleet, incidents: Iterable[Incident], moment: Moment, console: str
    ) -> None:
        """Write all notes anew; `console` is where the status page is, if anywhere."""
        self._notes = {}
        for incident in incidents:
            if not incident.out:
                continue
            note = self._note(incident, fleet, moment, console)
            for route in fleet.routes:
                if concerns(incident, route):
                    self._notes.setdefault(route.name, note)

    def _note(self, incident: Incident, fleet: Fleet, moment: Moment, console: str) -> str:
        began, age = moment.at(incident.opened), span(moment.now - incident.opened)
        said = f"{tale.title(incident, fleet)}, since {began:%H:%M} UTC ({age})"
        estimate = self._outlook(incident)
        if estimate is not None:
            said += f"; {forecast(estimate)}"
        return f"{said}. {console}/incidents/{incident.id}" if console else f"{said}."


def concerns(incident: Incident, route: Route) -> bool:
    """Say whether a route asks any backend of the incident."""
    if incident.family is Family.OURS:
        return True
    names = {target.backend.name for tier in route.tiers for target in tier}
    return not names.isdisjoint(incident.backends)
