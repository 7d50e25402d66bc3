"""Statuspage's summary (https://www.atlassian.com/software/statuspage/api), which others emulate.

Components may be green while an incident is open, an incident may name no component, and the
indicator of the whole page mixes products: so all of what concerns the component counts, and the
gravest holds. Pure.
"""

from collections.abc import Iterator

from msgspec import Struct

from proxy.report.feeds.said import Reading, Says, clip, means, unknown, worst

COMPONENT = {
    "operational": Says.OPERATIONAL,
    "under_maintenance": Says.MAINTENANCE,
    "degraded_performance": Says.DEGRADED,
    "partial_outage": Says.PARTIAL,
    "major_outage": Says.MAJOR,
    "full_outage": Says.MAJOR,  # incident.io's own word
}

IMPACT = {
    "none": Says.OPERATIONAL,
    "maintenance": Says.MAINTENANCE,
    "minor": Says.DEGRADED,
    "major": Says.PARTIAL,
    "critical": Says.MAJOR,
}
"""Of an incident, and of the whole page."""

OVER = frozenset({"resolved", "postmortem", "completed", "scheduled"})


class Component(Struct, frozen=True):
    """A part of the page."""

    id: str = ""
    name: str = ""
    status: str = ""


class Incident(Struct, frozen=True):
    """An incident or a maintenance."""

    name: str = ""
    status: str = ""
    impact: str | None = None
    components: list[Component] | None = None


class Whole(Struct, frozen=True):
    """The state of the whole page."""

    indicator: str = ""


class Summary(Struct, frozen=True):
    """The file; what is not named here is passed over."""

    status: Whole | None = None
    components: list[Component] | None = None
    incidents: list[Incident] | None = None
    scheduled_maintenances: list[Incident] | None = None


def read(summary: Summary, component: str) -> Reading:
    """Return what it says of a component, or of the whole page."""
    if summary.status is None and not summary.components:
        return unknown("it is no summary of a status page")
    concerned = [c for c in summary.components or () if means(component, c.name, c.id)]
    if component and not concerned:
        return unknown(f"it names no {clip(component)}")
    incidents = [*_incidents(summary, component)]
    if component or summary.status is None:
        states = [Reading(says=COMPONENT.get(c.status, Says.UNKNOWN)) for c in concerned]
    else:
        states = [Reading(says=IMPACT.get(summary.status.indicator, Says.UNKNOWN))]
    found = worst(states)
    if found.says is Says.UNKNOWN and not incidents:
        return found
    # Where both are equally grave, the incident has the headline.
    return worst([*incidents, found])


def _incidents(summary: Summary, component: str) -> Iterator[Reading]:
    for each in summary.incidents or ():
        if _concerns(each, component):
            says = IMPACT.get(each.impact or "", Says.DEGRADED)
            yield Reading(says=says, detail=clip(each.name))
    for each in summary.scheduled_maintenances or ():
        if _concerns(each, component):
            yield Reading(says=Says.MAINTENANCE, detail=clip(each.name))


def _concerns(each: Incident, component: str) -> bool:
    parts = each.components or ()
    mentions = not parts or any(means(component, c.name, c.id) for c in parts)
    return each.status not in OVER and mentions
