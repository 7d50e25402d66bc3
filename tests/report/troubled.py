"""An incident with a past, for those who tell of it."""

from collections import Counter

from proxy.model import Cause, Instant, Scope
from proxy.report.incident import Family, Incident, Place, Stage
from proxy.report.moment import Moment

MOMENT = Moment(now=Instant(1000.0), wall=1_700_000_000.0)
"""22:13:20 UTC."""


def incident(**changes: object) -> Incident:
    """One that began at 22:08:20 and goes on."""
    made = Incident(
        id="abc",
        family=Family.PROVIDER,
        opened=Instant(700.0),
        noticed=Instant(702.0),
        news=Instant(702.0),
    )
    made.places = [Place(Scope.BACKEND, "openai")]
    made.out = {Place(Scope.BACKEND, "openai")}
    made.causes = Counter({Cause.CDN_EDGE_TO_ORIGIN: 6, Cause.TIMEOUT: 1})
    made.evidence = "502 with Cloudflare's page"
    made.whole, made.rescued, made.failed = 420, 12, 3
    made.say(Instant(700.0), "First failure, openai: 502.", Stage.INVESTIGATING)
    made.say(
        Instant(704.0), "Cause, with high confidence: the edge (6 of 7 failures).", Stage.IDENTIFIED
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def resolved(at: float = 900.0, **changes: object) -> Incident:
    """One that is over."""
    made = incident(**changes)
    made.out = set()
    made.resolved = Instant(at)
    made.say(Instant(at), "Over after 3 min.", Stage.RESOLVED)
    return made
