"""What the console shows, and how it asks for it: each source is asked when someone looks.

It only names the sources; nothing is asked here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from proxy.model import Fleet
from proxy.policy.standing import Row
from proxy.report.estimate import Estimate, Unknown
from proxy.report.feeds.said import Said
from proxy.report.incident import Incident
from proxy.report.incidents import Ledger
from proxy.report.moment import Moment
from proxy.report.report import Report
from proxy.report.traffic import Traffic
from proxy.wire.drill import Drills, Running


def _nobody_asks(_: str) -> Said | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """All that can be looked at."""

    fleet: Callable[[], Fleet]
    view: Callable[[], Sequence[Row]]
    ready: Callable[[], Mapping[str, bool]]
    """What readiness rests on; a provider's outage is no part of it."""
    registry: CollectorRegistry
    moment: Callable[[], Moment]
    ledger: Ledger
    traffic: Traffic
    outlook: Callable[[Incident], Estimate | Unknown | None]
    drills: Drills
    report: Report
    """Whom one asks to be told of exchanges as they end."""
    says: Callable[[str], Said | None] = _nobody_asks
    """What a backend's provider says of itself, where the table asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the sources say at one moment."""

    fleet: Fleet
    rows: Sequence[Row]
    moment: Moment
    ledger: Ledger
    traffic: Traffic
    outlook: Callable[[Incident], Estimate | Unknown | None]
    drills: Sequence[Running] = ()
    says: Callable[[str], Said | None] = _nobody_asks


def look(sources: Sources) -> Look:
    """Ask all of them now."""
    return Look(
        fleet=sources.fleet(),
        rows=sources.view(),
        moment=sources.moment(),
        ledger=sources.ledger,
        traffic=sources.traffic,
        outlook=sources.outlook,
        drills=sources.drills.running,
        says=sources.says,
    )
