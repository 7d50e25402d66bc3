"""Google's incidents.json (https://status.cloud.google.com): the latest incidents, over or not.

There is no all-clear in it: well means that no open incident names the product. Pure.
"""

from msgspec import Struct

from proxy.report.feeds.said import Reading, Says, clip, means, unknown, worst

STATUS = {
    "AVAILABLE": Says.OPERATIONAL,
    "SERVICE_INFORMATION": Says.DEGRADED,
    "SERVICE_DISRUPTION": Says.PARTIAL,
    "SERVICE_OUTAGE": Says.MAJOR,
}


class Product(Struct, frozen=True):
    """A product that an incident names."""

    title: str = ""


class Update(Struct, frozen=True):
    """The latest word on an incident."""

    status: str = ""


class Incident(Struct, frozen=True):
    """One incident; without `begin` it is something else."""

    begin: str
    end: str | None = None
    external_desc: str = ""
    service_name: str = ""
    status_impact: str = ""
    most_recent_update: Update | None = None
    affected_products: list[Product] | None = None


def read(incidents: list[Incident], product: str) -> Reading:
    """Return what the open incidents say of a product."""
    if not incidents:
        return unknown("it names no incident at all, not even an old one")
    concerned = [
        _reading(each)
        for each in incidents
        if not each.end and means(product, each.service_name, *_titles(each))
    ]
    return worst([*concerned, Reading(says=Says.OPERATIONAL)])


def _titles(incident: Incident) -> list[str]:
    return [product.title for product in incident.affected_products or ()]


def _reading(incident: Incident) -> Reading:
    latest = incident.most_recent_update
    status = latest.status if latest and latest.status else incident.status_impact
    return Reading(says=STATUS.get(status, Says.DEGRADED), detail=clip(incident.external_desc))
