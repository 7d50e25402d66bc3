"""Where it is told what goes on: the ledger and the counts, turned twice a second.

Puts the ledger, the traffic, the outlook and the refusals' notes together, and lets time pass for
them. Knows a clock; what is trouble, and how it is said, stands in the modules that it holds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from proxy.exchange import Clock, Timer
from proxy.model import Fleet, Instant, Seconds
from proxy.policy.standing import Row
from proxy.report import tale
from proxy.report.incident import Incident, Stage, Update
from proxy.report.incidents import Ledger
from proxy.report.lines import Level, Value
from proxy.report.moment import Moment
from proxy.report.note import Notes
from proxy.report.outages import published
from proxy.report.outlook import Outlook
from proxy.report.outside import Outside
from proxy.report.traffic import Traffic

TICK = Seconds(0.5)
"""Between two looks of the ledger at the time."""

TROUBLED = frozenset({Stage.INVESTIGATING, Stage.IDENTIFIED})


class Log(Protocol):
    """Takes a line for the journal; returns at once and never raises."""

    def __call__(self, level: Level, event: str, **fields: Value) -> None:
        """Queue it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the newsroom works with; each is asked when it is needed."""

    clock: Clock
    wall: Callable[[], float]
    fleet: Callable[[], Fleet]
    view: Callable[[], Sequence[Row]]
    console: Callable[[], str]
    """Where people see the status page; empty where they cannot."""
    new_id: Callable[[], str]
    log: Log
    drilled: Callable[[], Mapping[str, Instant]] = dict
    """The backends at which a drill runs, and when it ends at the latest."""


class Newsroom:
    """The ledger, the traffic, and who tells of them."""

    def __init__(self, around: Surroundings, outside: Outside) -> None:
        """Take what a former run has left."""
        self._around = around
        self._outside = outside
        self._timer: Timer | None = None
        self.ledger = Ledger(
            around.fleet(),
            new_id=around.new_id,
            news=self._tell,
            past=outside.past.incidents,
        )
        self.traffic = Traffic(around.wall)
        self.traffic.restore(outside.past.counts)
        self.outlook = Outlook(
            history=published(),
            past=lambda: self.ledger.past,
            fleet=around.fleet,
            view=around.view,
            now=around.clock.now,
            drilled=around.drilled,
        )
        self.notes = Notes(self.outlook)

    def moment(self) -> Moment:
        """Return now, on both clocks."""
        return Moment(now=self._around.clock.now(), wall=self._around.wall())

    def start(self) -> None:
        """Begin to tick."""
        self._tick()

    def close(self) -> None:
        """Stop ticking; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._outside.save(self.ledger.open, self.traffic)

    def adopt(self, fleet: Fleet) -> None:
        """Go on under a new table."""
        self.ledger.adopt(fleet, self._around.clock.now())

    def _tick(self) -> None:
        """Let the ledger see the time, and write down what refusals will say."""
        moment, around = self.moment(), self._around
        self.ledger.tick(moment.now)
        self.notes.write(around.fleet(), self.ledger.open, moment, around.console())
        if self._outside.due(moment.now):
            self._outside.save(self.ledger.open, self.traffic)
        self._timer = around.clock.call_at(Instant(moment.now + TICK), self._tick)

    def _tell(self, incident: Incident, update: Update) -> None:
        self._journal(incident, update)
        self._outside.heard(incident, update)

    def _journal(self, incident: Incident, update: Update) -> None:
        """Bring each line of an incident's timeline into the journal."""
        self._around.log(
            Level.WARNING if update.stage in TROUBLED else Level.INFO,
            "incident",
            incident=incident.id,
            stage=update.stage,
            impact=incident.impact,
            title=tale.title(incident, self._around.fleet()),
            text=update.text,
        )
