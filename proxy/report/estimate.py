"""When it will be over: how much longer an outage lasts that has lasted until now.

Knows what an estimate may rest on, and says what it does rest on; never what is going on, nor the
time. Three sources: how long the outages lasted that providers published; how long Faultline saw
this backend fail with this cause; what the provider told. Who has few outages on record borrows:
a backend from its provider, a provider from the others. How well the ranges hold on years held
back stands in docs/estimates.md. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.model import Cause, Seconds
from proxy.report.durations import Mixture, Weighed, fit, left, lend, through
from proxy.report.outages import History
from proxy.report.words import listed, span

CONFIDENCE = 0.8
"""How often the truth lies within the range."""

LENT = 30
"""Outages of its own that all those of others are worth, unless there are fewer of them. With 24
of its own a provider rests on others for slightly more than half. With 20 to 80 the losses on the
held-back years differ by about 1 %."""

FEWEST = 10
"""Published outages below which a spread is no more than a guess."""

BLIP = Seconds(300.0)
"""A failure that is over sooner is a blip, another population than outages: only one in fifty of
those published is so short, and providers take 5 to 15 minutes to publish one at all."""

FEWEST_SEEN = 5
"""Failures seen that tell how often it is no more than a blip."""

OUTAGES_UNSEEN = 5
"""Outages that count as seen beside those that were, so that a few blips do not rule out the long
outage which comes once a year."""

OUTAGES = frozenset(
    {
        Cause.CAPACITY,
        Cause.CDN_EDGE,
        Cause.CDN_EDGE_TO_ORIGIN,
        Cause.DNS,
        Cause.ORIGIN,
        Cause.PROTOCOL,
        Cause.TCP,
        Cause.TIMEOUT,
        Cause.TLS,
    }
)
"""Causes that providers' outages have: the published ones say something of them."""

PASSING = frozenset({Cause.LOCAL_NETWORK, Cause.LOCAL_PROXY, Cause.QUOTA, Cause.RATE_LIMIT})
"""Causes that pass with time too, but of which no provider publishes anything. All others, as a
revoked key, end when someone acts."""

NOTHING = Seconds(0.0)

TOO_EARLY = (
    f"it is younger than {span(BLIP)}, and how long such failures last here is not known yet: "
    "most are over within minutes"
)
TOO_LITTLE = "nothing is published of how long {} lasts, and too little was seen here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How long it will still last: a range with its basis, never a promise."""

    low: Seconds
    median: Seconds
    high: Seconds
    confidence: float
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An honest answer too: `basis` says why nobody can tell."""

    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How long this backend failed with this cause each time before."""

    spans: tuple[Seconds, ...]
    source: str = "seen by Faultline itself"
    outage: bool = False
    """Whether it is known to be an outage this time, as one is that a person asks about."""


def remaining(
    history: History,
    provider: str,
    age: Seconds,
    cause: Cause | None = None,
    seen: Seen | None = None,
    told: Seconds = NOTHING,
) -> Estimate | Unknown:
    """Estimate how much longer an outage of this age goes on.

    Without `seen` it is known to be an outage; with it, be it empty, it is a failure that may be a
    blip, unless `seen` says more. `told` is how long the provider said, just now, that it will
    still take.
    """
    if cause is not None and cause not in OUTAGES | PASSING:
        return Unknown(basis=f"{cause} ends when someone acts, not with time")
    spans = seen.spans if seen else ()
    known = len(spans) >= FEWEST_SEEN
    sure = known or seen is None or seen.outage
    early = not sure and age + told < BLIP
    usable = not early and cause not in PASSING and len(history.outages) >= FEWEST
    published = _published(history, provider) if usable else None
    if not (published or known or told):
        return Unknown(basis=TOO_EARLY if early else TOO_LITTLE.format(cause or "this"))
    sources = [_told(told), _named(seen), _counted(history, provider) if published else ""]
    parts = _parts(spans, published, Seconds(age + told) if told else None)
    return _estimate(parts, age, told, basis=listed([*filter(None, sources)]))


def _estimate(parts: Mixture, age: Seconds, told: Seconds, basis: str) -> Estimate | Unknown:
    # What was told has to pass first: it counts as an age that is sure to come.
    since = Seconds(age + told)
    ends = left(parts, since)
    if ends is None:
        return Unknown(basis=f"nothing that is known has lasted {span(since)}")
    low, median, high = (Seconds(told + end) for end in ends)
    basis += f", given that it has lasted {span(age)}"
    return Estimate(low=low, median=median, high=high, confidence=CONFIDENCE, basis=basis)


def _published(history: History, provider: str) -> Weighed:
    """Return how long this provider's outages lasted; others lend."""
    own, others = _apart(history, provider)
    return lend(own, [(each, 1.0) for each in others], LENT)


def _apart(history: History, provider: str) -> tuple[list[Seconds], list[Seconds]]:
    own = [each.lasted for each in history.outages if each.provider == provider]
    others = [each.lasted for each in history.outages if each.provider != provider]
    return own, others


def _parts(spans: Sequence[Seconds], published: Weighed | None, told: Seconds | None) -> Mixture:
    """Return the populations that it may be of, weighed by how often each was seen."""
    long = [each for each in spans if each >= BLIP]
    short = [each for each in spans if each < BLIP]
    parts = []
    if published:
        parts.append((len(long) + OUTAGES_UNSEEN, through(lend(long, published, LENT))))
    elif long:
        parts.append((len(long), fit(long)))
    if short:
        parts.append((len(short), fit(short)))
    if told:
        parts.append((1, fit([told])))
    return parts


def _told(told: Seconds) -> str:
    return f"the {span(told)} that the provider told" if told else ""


def _named(seen: Seen | None) -> str:
    count = len(seen.spans) if seen else 0
    times = "once" if count == 1 else f"{count} times"
    return f"how long it lasted {times} before ({seen.source})" if seen and count else ""


def _counted(history: History, provider: str) -> str:
    own, others = map(len, _apart(history, provider))
    counts = ((own, "this provider"), (others, "others"))
    outages = listed([f"{count} outages of {whose}" for count, whose in counts if count])
    return f"how long {outages} lasted ({history.source})"
