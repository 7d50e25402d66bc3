"""The incident ledger: when an incident opens, what joins it, when it is over.

Told of the path's events and, twice a second, of the time; decides by these alone. It never learns
who reads it, and never touches the path: what is told here has happened already. What is trouble
stands in `trouble.py`, the sentences in `tale.py`.

    (trouble)      --> INVESTIGATING   the first failure, told with its evidence
    INVESTIGATING  --> IDENTIFIED      after `SETTLE`: what is one fault has shown itself by then
    IDENTIFIED     --> MONITORING      all of its places are well for `CALM`
    MONITORING     --> IDENTIFIED      trouble at one of them
    MONITORING     --> RESOLVED        well for the table's hold, twice as long with each return
    RESOLVED       --> IDENTIFIED      trouble within `LONG` holds: the same incident has come back

Trouble joins an open incident where it can be the same: causes of one family, at the same place or
at a backend of the same provider, account or network edge. So there is one incident, not a hundred.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping

from proxy.exchange import Events
from proxy.model import AttemptRecord, ExchangeRecord, Fleet, HealthChange, Instant, Result, Seconds
from proxy.report import tale
from proxy.report.incident import (
    FAMILIES,
    MOST_PLACES,
    OUR_NETWORK,
    Family,
    Impact,
    Incident,
    Stage,
    Update,
    related,
)
from proxy.report.trouble import UNASKED, How, Signal, Streak, Trouble, Watch, Well

SETTLE = Seconds(2.0)
"""Between the first line and the explanation."""

CALM = Seconds(2.0)
"""How long all must be well before that is news: what recovers and fails by turns has not."""

LONG = 10
"""So many of the table's holds are the most that all must be well before it is over, and the time
within which trouble that comes back is the same incident: it flaps."""

ABANDONED = Seconds(3600.0)
"""Without any news for so long, nobody asks that place any more."""

WORSE = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)

RECENT = Seconds(60.0)
"""A streak of failures is suspicious if its last one is not older."""

MOST_OPEN, MOST_PAST = 100, 500
"""Incidents that are kept; beyond these the oldest are forgotten."""

News = Callable[[Incident, Update], None]
"""Hears each new line of a timeline; returns at once and never raises."""


def _unheard(incident: Incident, update: Update) -> None:
    """Let a line be heard by nobody."""


class Ledger(Events):
    """All incidents, open and past."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        new_id: Callable[[], str],
        news: News = _unheard,
        past: Iterable[Incident] = (),
    ) -> None:
        """Take the table and the resolved incidents of a former run, the latest last."""
        self.open: list[Incident] = []
        self.past: deque[Incident] = deque(past, maxlen=MOST_PAST)
        """Resolved ones, the latest last."""
        self._new_id = new_id
        self._news = news
        self._watch = Watch(fleet)
        self._take(fleet)

    def adopt(self, fleet: Fleet, now: Instant) -> None:
        """Go on under a new table; trouble at a backend that is gone is trouble no more."""
        self._watch.adopt(fleet)
        self._take(fleet)
        for incident in self.open:
            for place in [p for p in incident.out if p.backend not in fleet.backends]:
                if place != OUR_NETWORK:
                    self._well(Well(place=place, at=now))

    def _take(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._routes = {
            route.name: {t.backend.name for tier in route.tiers for t in tier}
            for route in fleet.routes
        }

    # --- asked by those who show it

    def latest(self) -> list[Incident]:
        """Return all incidents, open ones first, each kind from the latest to the oldest."""
        return [*reversed(self.open), *reversed(self.past)]

    def find(self, name: str) -> Incident | None:
        """Return the incident with this id, or the one that it turned out to be part of."""
        return next((i for i in self.latest() if name == i.id or name in i.absorbed), None)

    def suspects(self, now: Instant) -> Mapping[str, Streak]:
        """Return the backends that have failed since they last answered, and only just now."""
        streaks = self._watch.streaks.items()
        return {name: streak for name, streak in streaks if now - streak.last <= RECENT}

    # --- told on the path

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:  # noqa: ARG002 - the protocol's
        """Look for trouble in an attempt, and count it where trouble is known."""
        if self.open and not record.verdict.good:
            self._count_failure(record)
        self._on(self._watch.attempt(record))  # what begins with this failure has counted it

    def health_changed(self, change: HealthChange) -> None:
        """Look for trouble, or its end, in a change of standing."""
        self._on(self._watch.change(change))

    def budget_refused(self, backend: str) -> None:
        """Hear of it in vain: the failures that spent the budget have been told."""

    def turned_away(self, code: str) -> None:
        """Hear of it in vain: it is the client's own fault."""

    def ended(self, record: ExchangeRecord) -> None:
        """Count what the apps felt of what is going on."""
        for incident in self.open:
            if incident.family is Family.OURS or self._asks(record.route, incident.backends):
                _feel(incident, incident.backends, record)
        for name, streak in self._watch.streaks.items():
            if self._asks(record.route, [name]):
                _feel(streak, [name], record)
        self._on(self._watch.exchange(record))

    def tick(self, now: Instant) -> None:
        """Let time pass: explain, close, forget. Called about twice a second."""
        self._on(self._watch.tick(now))
        for incident in list(self.open):
            self._follow(incident, now)
            quiet = incident.quiet_since
            if quiet is not None and now - quiet >= self._hold(incident):
                self._close(incident, now, tale.resolved(incident, quiet))
            elif now - incident.news >= ABANDONED:
                self._close(incident, Instant(incident.news + ABANDONED), tale.ABANDONED)

    # --- inside

    def _follow(self, incident: Incident, now: Instant) -> None:
        """Say what has become clear, what apps feel, and that it seems over."""
        known = (incident.cause, len(incident.places))
        if known != incident.explained and now - incident.noticed >= SETTLE:
            incident.explained = known
            well = [name for name, at in self._watch.answered.items() if at >= incident.opened]
            stage = Stage.IDENTIFIED if incident.stage is Stage.INVESTIGATING else None
            self._say(incident, now, tale.explanation(incident, self._fleet, well), stage)
        if WORSE.index(incident.impact) > WORSE.index(incident.felt):
            more = incident.felt is not Impact.NONE
            incident.felt = incident.impact
            self._say(incident, now, tale.felt(incident, more=more))
        quiet = incident.quiet_since
        if quiet is None or incident.stage is not Stage.IDENTIFIED or now - quiet < CALM:
            return
        self._say(incident, now, tale.all_well(incident), Stage.MONITORING)

    def _on(self, signals: Iterable[Signal]) -> None:
        for signal in signals:
            match signal:
                case Trouble():
                    self._trouble(signal)
                case Well():
                    self._well(signal)

    def _trouble(self, trouble: Trouble) -> None:
        family, at = FAMILIES[trouble.verdict.cause], trouble.at
        incident = self._same(trouble, family) or self._back(trouble, family)
        new = incident is None
        if incident is None:
            incident = self._begin(trouble, family)
        incident.news, incident.quiet_since = at, None
        if trouble.place not in incident.places:
            if len(incident.places) == MOST_PLACES:
                return
            incident.places.append(trouble.place)
            new = True
        incident.out.add(trouble.place)
        if new and trouble.how is not How.OURS:
            self._say(incident, at, self._how(trouble))
        elif incident.stage is Stage.MONITORING:
            self._say(incident, at, tale.again(trouble.place, trouble.verdict), Stage.IDENTIFIED)

    def _how(self, trouble: Trouble) -> str:
        if trouble.how is How.FAILING:
            return tale.failing(trouble.place, *trouble.share)
        if trouble.how is How.PAUSED:
            return tale.paused(trouble.place, trouble.verdict)
        if trouble.how is How.EXHAUSTED:
            return tale.exhausted(trouble.place, trouble.route)
        troubled = {place.backend for incident in self.open for place in incident.out}
        return tale.out(trouble.place, self._fleet, troubled)

    def _same(self, trouble: Trouble, family: Family) -> Incident | None:
        """Return the open incident that this trouble is part of."""
        for incident in self.open:
            if incident.family is family and self._joins(incident, trouble):
                return incident
        return None

    def _joins(self, incident: Incident, trouble: Trouble) -> bool:
        if trouble.place in incident.places:
            return True
        here = self._fleet.backends.get(trouble.place.backend)
        for name in incident.backends:
            there = self._fleet.backends.get(name)
            if here is not None and there is not None and related(here, there, trouble.verdict):
                return True
        return False

    def _back(self, trouble: Trouble, family: Family) -> Incident | None:
        """Return the incident that has come back, open again."""
        for incident in reversed(self.past):
            ended = incident.resolved
            if ended is None or trouble.at - ended > LONG * self._fleet.incidents_hold:
                return None
            if incident.family is family and trouble.place in incident.places:
                self.past.remove(incident)
                self.open.append(incident)
                incident.resolved = None
                incident.reopened += 1
                if trouble.streak.at >= ended:
                    _take_in(incident, trouble.streak)
                text = tale.back(incident, trouble.at - ended)
                self._say(incident, trouble.at, text, Stage.IDENTIFIED)
                return incident
        return None

    def _begin(self, trouble: Trouble, family: Family) -> Incident:
        streak = trouble.streak
        incident = Incident(
            id=self._new_id(), family=family, opened=streak.at, noticed=trouble.at, news=trouble.at
        )
        incident.places.append(trouble.place)
        _take_in(incident, streak)
        leading = (
            each for each in (trouble.verdict, streak.verdict) if each.cause is incident.cause
        )
        incident.evidence = next((each.evidence for each in leading), "")
        self._say(
            incident, streak.at, tale.first_seen(trouble.place, streak.verdict), Stage.INVESTIGATING
        )
        if family is Family.OURS:
            self._absorb(incident)
        self.open.append(incident)
        del self.open[:-MOST_OPEN]
        return incident

    def _absorb(self, ours: Incident) -> None:
        """Take in what was suspected of providers before our own network was found out."""
        suspected = [
            i for i in self.open if i.family is Family.PROVIDER and i.stage is Stage.INVESTIGATING
        ]
        for incident in suspected:
            self.open.remove(incident)
            ours.absorbed += [incident.id, *incident.absorbed]
            ours.opened = min(ours.opened, incident.opened)
            self._say(ours, ours.noticed, tale.absorbed(incident))

    def _well(self, well: Well) -> None:
        for incident in list(self.open):
            if well.place not in incident.out:
                continue
            incident.out.discard(well.place)
            incident.news = well.at
            if not well.proven and not incident.out:
                self._close(incident, well.at, tale.unasked(well.place, UNASKED))
            elif incident.out:
                self._say(incident, well.at, tale.well(well.place))
            else:
                incident.quiet_since = well.at

    def _say(self, incident: Incident, at: Instant, text: str, stage: Stage | None = None) -> None:
        update = incident.say(at, text, stage)
        if update is not None:
            self._news(incident, update)

    def _close(self, incident: Incident, at: Instant, text: str) -> None:
        incident.resolved = at
        self._say(incident, at, text, Stage.RESOLVED)
        self.open.remove(incident)
        self.past.append(incident)

    def _count_failure(self, record: AttemptRecord) -> None:
        cause = record.verdict.cause
        for incident in self.open:
            if incident.family is FAMILIES.get(cause) and record.backend in incident.backends:
                incident.causes[cause] += 1
                incident.news = record.ended
                if cause is incident.cause:
                    incident.evidence = record.verdict.evidence

    def _hold(self, incident: Incident) -> float:
        return self._fleet.incidents_hold * float(min(2**incident.reopened, LONG))

    def _asks(self, route: str, backends: Iterable[str]) -> bool:
        return not self._routes.get(route, set()).isdisjoint(backends)


def _take_in(incident: Incident, streak: Streak) -> None:
    """Count what was seen and felt before it was noticed: it is part of it."""
    incident.causes.update(streak.causes)
    incident.whole += streak.whole
    incident.rescued += streak.rescued
    incident.failed += streak.failed


def _feel(felt: Incident | Streak, backends: Collection[str], record: ExchangeRecord) -> None:
    """Count what became of a request on a route that is concerned."""
    match record.result:
        case Result.WHOLE:
            felt.whole += 1
            if record.rescued and any(
                a.backend in backends for a in record.attempts if not a.verdict.good
            ):
                felt.rescued += 1
        case Result.REFUSED | Result.CUT | Result.STATIC:
            felt.failed += 1
        case Result.CLIENT_ERROR | Result.CANCELLED:
            pass
