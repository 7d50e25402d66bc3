"""What reaches beyond this process: the store, the messages to people, the providers' own words.

Puts them together and is told what the ledger says; nothing here ever waits on the path or comes
back to it. What each of them does stands in `store.py`, `notify.py` and `feeds/`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from proxy.model import Fleet, Instant, Seconds
from proxy.report.archive import Past
from proxy.report.feeds.said import Said
from proxy.report.feeds.watch import Feeds
from proxy.report.incident import Incident, Update
from proxy.report.lines import Level
from proxy.report.moment import Moment
from proxy.report.news import News
from proxy.report.notify import Notifier
from proxy.report.store import Store
from proxy.report.traffic import Traffic

SAVE = Seconds(10.0)
"""How often counts, and what an open incident has counted, are handed to the store: so much is lost
with a process that is killed."""

LAST_WRITE = Seconds(2.0)
"""What writing the rest may take at the end."""

Log = Callable[[Level, str, str], None]
"""Takes a level, an event and a message for the journal, on any thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What they work with."""

    moment: Callable[[], Moment]
    console: Callable[[], str]
    """Where people see the status page; empty where they cannot."""
    dice: Random
    log: Log


class Outside:
    """All that goes out of this process, and comes back at the next start."""

    def __init__(self, fleet: Fleet, reach: Reach) -> None:
        """Read what a former run has left; that may take a second where the file is locked."""
        self._fleet = fleet
        self._reach = reach
        self._news = News()
        self._saved = reach.moment()
        self._notifier = Notifier(
            wall=lambda: reach.moment().wall, dice=reach.dice, tell=self._not_told
        )
        self._feeds = Feeds(
            now=lambda: reach.moment().now, wall=lambda: reach.moment().wall, dice=reach.dice
        )
        self._store = self._open(fleet)
        self.past = Past() if self._store is None else self._store.load()

    def _open(self, fleet: Fleet) -> Store | None:
        if fleet.incidents_store is None:
            return None
        return Store(
            Path(fleet.incidents_store),
            keep=fleet.incidents_keep,
            moment=self._reach.moment,
            tell=lambda said: self._reach.log(Level.WARNING, "store", said),
        )

    @property
    def dropped(self) -> int:
        """Things that the store lost, and messages that nobody got."""
        return self._notifier.dropped + (0 if self._store is None else self._store.dropped)

    def says(self, backend: str) -> Said | None:
        """Return what a backend's provider says of itself; None where nobody asks it."""
        return self._feeds.says(backend)

    # --- from start to close

    def start(self) -> None:
        """Begin; needs a running loop. Who heard of what a former run left open hears its end."""
        if self._store is not None:
            self._store.start()
        self.adopt(self._fleet)
        for incident in self.past.cut_short:
            self._message(incident, incident.updates[-1])

    def adopt(self, fleet: Fleet) -> None:
        """Go on under a new table; another store is for the next start."""
        if fleet.incidents_store != self._fleet.incidents_store:
            self._reach.log(Level.WARNING, "restart_needed", "incidents.store")
        self._fleet = fleet
        self._notifier.adopt(fleet.notify)
        self._feeds.adopt(fleet)

    async def close(self) -> None:
        """End, after a last try to tell and to write what waits."""
        await self._feeds.close()
        await self._notifier.close()
        if self._store is not None:
            self._store.close(LAST_WRITE)

    # --- told by the newsroom

    def heard(self, incident: Incident, update: Update) -> None:
        """Hear a new line of a timeline."""
        if self._store is not None:
            self._store.keep(incident)
        self._message(incident, update)

    def save(self, going_on: Iterable[Incident], traffic: Traffic) -> None:
        """Hand to the store what has been counted since; called when it is due and at the end."""
        if self._store is None:
            return
        since, self._saved = self._saved, self._reach.moment()
        for incident in going_on:
            self._store.keep(incident)
        self._store.count(traffic.counts(since.wall))

    def due(self, now: Instant) -> bool:
        """Say whether it is time to save."""
        return self._store is not None and now - self._saved.now >= SAVE

    def _message(self, incident: Incident, update: Update) -> None:
        reach = self._reach
        self._notifier.hear(
            self._news.hear(incident, update, self._fleet, reach.moment(), reach.console())
        )

    def _not_told(self, who: str, why: str) -> None:
        self._reach.log(Level.WARNING, "notify", f"{who} was not told: {why}")
