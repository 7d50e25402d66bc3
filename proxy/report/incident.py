"""One incident: a span of trouble with one cause, its places, its timeline.

Knows the nouns; nothing of when an incident opens or closes (`incidents.py`), nor how it is told
(`tale.py`). Instants are monotonic; whoever shows them knows the wall clock.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from proxy.model import PLAYED, Backend, Cause, Instant, Scope, Verdict


class Stage(StrEnum):
    """How far it is understood; Statuspage's words."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


class Impact(StrEnum):
    """What the apps felt of it, whatever the provider did; Statuspage's words."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


MAJOR_SHARE, CRITICAL_SHARE = 0.01, 0.2
"""Parts of the requests on the routes concerned that failed: from here on it is major, critical."""

FEW = 10
"""Requests whose parts say nothing yet."""


class Family(StrEnum):
    """Causes that can be one and the same trouble."""

    PROVIDER = "provider"
    KEY = "key"
    LIMIT = "limit"
    MODEL = "model"
    OURS = "ours"


FAMILIES: dict[Cause, Family] = {
    Cause.CAPACITY: Family.PROVIDER,
    Cause.CDN_EDGE: Family.PROVIDER,
    Cause.CDN_EDGE_TO_ORIGIN: Family.PROVIDER,
    Cause.DNS: Family.PROVIDER,
    Cause.ORIGIN: Family.PROVIDER,
    Cause.PROTOCOL: Family.PROVIDER,
    Cause.TCP: Family.PROVIDER,
    Cause.TIMEOUT: Family.PROVIDER,
    Cause.TLS: Family.PROVIDER,
    Cause.AUTH: Family.KEY,
    Cause.GEO: Family.KEY,
    Cause.QUOTA: Family.LIMIT,
    Cause.RATE_LIMIT: Family.LIMIT,
    Cause.MODEL_NOT_FOUND: Family.MODEL,
    Cause.LOCAL_NETWORK: Family.OURS,
    Cause.LOCAL_PROXY: Family.OURS,
}
"""Causes that are missing here are the client's own: they are no incident."""


EDGE = frozenset({Cause.CDN_EDGE, Cause.CDN_EDGE_TO_ORIGIN})
"""Causes that all backends behind one network edge can share."""


def related(one: Backend, other: Backend, verdict: Verdict) -> bool:
    """Say whether one fault could hit both backends with this verdict."""
    match FAMILIES[verdict.cause]:
        case Family.PROVIDER:
            behind_one = verdict.cause in EDGE and one.cdn is not None and one.cdn == other.cdn
            return one.vendor == other.vendor or behind_one
        case Family.KEY | Family.LIMIT:
            return one.account == other.account
        case Family.MODEL:
            return one.name == other.name
        case Family.OURS:
            return True


@dataclass(frozen=True, slots=True)
class Place:
    """Where trouble is: a backend, its key, or a model of it."""

    scope: Scope
    backend: str
    model: str | None = None

    def __str__(self) -> str:
        match self.scope:
            case Scope.KEY:
                return f"the key of {self.backend}"
            case Scope.MODEL:
                return f"{self.model} at {self.backend}"
            case Scope.BACKEND:
                return self.backend
            case Scope.REQUEST:
                return "our own network"


OUR_NETWORK = Place(Scope.REQUEST, "")
"""The one place that is no backend's."""

MOST_PLACES = 20
"""Places of one incident that are named."""

MOST_UPDATES = 200
"""Lines of one timeline; what flaps for days says no more than this, but for its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One line of the timeline."""

    at: Instant
    stage: Stage
    text: str


@dataclass(slots=True, kw_only=True)
class Incident:
    """A span of trouble with one cause. Changed by the ledger only."""

    id: str
    family: Family
    opened: Instant
    """When the first failure was."""
    noticed: Instant
    """When it was enough to be an incident."""
    news: Instant
    """When something was last heard of it."""
    stage: Stage = Stage.INVESTIGATING
    places: list[Place] = field(default_factory=list)
    out: set[Place] = field(default_factory=set)
    """Those of its places that are in trouble now."""
    causes: Counter[Cause] = field(default_factory=Counter)
    evidence: str = ""
    """Of the latest verdict of the cause that leads."""
    updates: list[Update] = field(default_factory=list)
    whole: int = 0
    """Requests on the routes concerned that were answered whole meanwhile."""
    rescued: int = 0
    """Those of them that met the trouble first."""
    failed: int = 0
    """Requests there that were refused or cut."""
    resolved: Instant | None = None
    """When it was closed: by then it had been over for a while."""
    quiet_since: Instant | None = None
    """Since when all of its places are well; None while one is not."""
    reopened: int = 0
    explained: tuple[Cause, int] | None = None
    """The cause, and the number of places, that its last explanation was about."""
    absorbed: list[str] = field(default_factory=list)
    """Ids of incidents that turned out to be this one."""
    felt: Impact = Impact.NONE
    """The worst impact that its timeline tells of."""

    @property
    def cause(self) -> Cause:
        """The cause that most of its verdicts say."""
        leading = self.causes.most_common(1)
        return leading[0][0] if leading else Cause.NONE

    @property
    def ended(self) -> Instant | None:
        """Since when it is over, as far as that is known; None while it goes on."""
        if self.resolved is None or self.quiet_since is None:
            return self.resolved
        return self.quiet_since

    @property
    def impact(self) -> Impact:
        """How much of the traffic concerned has failed."""
        if self.failed == 0:
            return Impact.NONE
        concerned = self.failed + self.whole
        share = self.failed / concerned
        if share < MAJOR_SHARE or concerned < FEW:
            return Impact.MINOR
        return Impact.MAJOR if share < CRITICAL_SHARE else Impact.CRITICAL

    @property
    def drill(self) -> bool:
        """Whether what was seen of it last was played by a drill."""
        return self.evidence.startswith(PLAYED)

    @property
    def backends(self) -> list[str]:
        """The backends concerned, each once, in the order in which they were."""
        return list(dict.fromkeys(place.backend for place in self.places))

    def say(self, at: Instant, text: str, stage: Stage | None = None) -> Update | None:
        """Add a line, and move to `stage` where one is given; None where no line fits any more."""
        self.stage = stage or self.stage
        if len(self.updates) >= MOST_UPDATES and stage is not Stage.RESOLVED:
            return None
        update = Update(at=at, stage=self.stage, text=text)
        self.updates.append(update)
        return update
