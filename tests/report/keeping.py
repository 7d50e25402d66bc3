"""Incidents to keep, and a store that a test can watch."""

from collections import Counter
from pathlib import Path
from random import Random

from proxy.model import Cause, Fleet, Instant, Scope, Seconds
from proxy.report.archive import CountKey
from proxy.report.incident import Family, Impact, Incident, Place, Stage
from proxy.report.moment import Moment
from proxy.report.outside import Log, Outside, Reach
from proxy.report.store import Store

NOW = Moment(now=Instant(1000.0), wall=1_800_000_000.0)
LATER = Moment(now=Instant(50.0), wall=1_800_000_600.0)
"""Ten minutes on, after the machine's monotonic clock has begun anew."""

KEY = CountKey(60, 30_000_000, "backend", "openai")
LIMIT = Seconds(10.0)
KEEP = Seconds(90 * 86400.0)


def incident(name: str = "a1b2c3d4", *, over: bool = True, at: float = 900.0) -> Incident:
    made = Incident(
        id=name,
        family=Family.PROVIDER,
        opened=Instant(at),
        noticed=Instant(at + 1),
        news=Instant(at + 50),
        places=[
            Place(Scope.BACKEND, "openai"),
            Place(Scope.MODEL, "azure", "gpt-5'; DROP TABLE incidents; --"),
        ],
        out={Place(Scope.BACKEND, "openai")},
        causes=Counter({Cause.CDN_EDGE: 7, Cause.TIMEOUT: 2}),
        evidence="502 with Cloudflare's page",
        whole=40,
        rescued=6,
        failed=1,
        reopened=1,
        absorbed=["0badcafe"],
        felt=Impact.MINOR,
    )
    made.say(Instant(at), "First failure, openai.", Stage.INVESTIGATING)
    made.say(Instant(at + 2), "Cause, with high confidence: ü\u2028\x1b[31m.", Stage.IDENTIFIED)
    if over:
        made.out.clear()
        made.resolved, made.quiet_since = Instant(at + 50), Instant(at + 40)
        made.say(Instant(at + 50), "Over.", Stage.RESOLVED)
    return made


def away(fleet: Fleet, moment: Moment = NOW, log: Log = lambda *_: None) -> Outside:
    """What reaches beyond the process, with a clock that stands."""
    reach = Reach(moment=lambda: moment, console=lambda: "", dice=Random(1), log=log)
    return Outside(fleet, reach)


class Kept:
    """A store, and all that it told."""

    def __init__(self, path: Path, moment: Moment = NOW) -> None:
        self.told: list[str] = []
        self.moment = moment
        self.store = Store(path, keep=KEEP, moment=lambda: self.moment, tell=self.told.append)
