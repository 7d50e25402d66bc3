"""What is trouble, and what is well again: signals for the ledger, out of single events.

Counts failures for each backend and listens to changes of standing; it knows nothing of incidents.
The clients' own faults, and anything that puts nothing out of rotation and is rare, give no signal.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

from proxy.model import (
    AttemptRecord,
    Cause,
    Change,
    ExchangeRecord,
    Fleet,
    HealthChange,
    Instant,
    Layer,
    Result,
    Scope,
    Seconds,
    Verdict,
)
from proxy.policy.offline import Offline, Unreached, unreached
from proxy.policy.window import Window
from proxy.report.incident import FAMILIES, OUR_NETWORK, Family, Place
from proxy.report.lines import clip_name
from proxy.report.tale import reason
from proxy.report.words import listed

SPAN = Seconds(60.0)
"""The window in which failures are counted that put nothing out of rotation."""

OFTEN, OFTEN_SHARE = 10, 0.2
"""So many failures within it that are also this part of the attempts are trouble."""

SELDOM_SHARE = 0.05
"""Below this part it is well again."""

PAUSES, LONG_PAUSE = 3, Seconds(60.0)
"""A pause that a provider asks for is trouble if it is this long, or the third within `SPAN`."""

REFUSED_IN_A_ROW = 2
"""Requests on a route for which nothing was left, with no whole answer between them: one may be
chance (at 1 % of failures, one of 10,000 on a route of two), and few apps ask often enough for an
ejection."""

UNASKED = Seconds(900.0)
"""After so long without a failure it is no longer said that a backend fails which nobody asks."""

FORGOTTEN = Seconds(3600.0)
"""A failure after so long without any is the first of another trouble: nobody asked, or slept."""

OURS_IN_A_ROW = 3
"""Failures of our own network that no answer comes between."""

MOST_NAMES = 1024
"""Models and places that are remembered: clients choose the names."""

GOOD, BAD = 0, 1

_WHOLE = Result.WHOLE
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every exchange is heard."""


class How(Enum):
    """What makes it trouble."""

    OUT = "out"
    FAILING = "failing"
    PAUSED = "paused"
    EXHAUSTED = "exhausted"
    OURS = "ours"


@dataclass(slots=True)
class Streak:
    """The failures since a backend last answered."""

    at: Instant
    """Of the first, with its verdict."""
    verdict: Verdict
    causes: Counter[Cause] = field(default_factory=Counter)
    last: Instant = Instant(0.0)
    """When the latest of them was."""
    whole: int = 0
    """Requests on the routes concerned that were answered whole meanwhile."""
    rescued: int = 0
    failed: int = 0
    firsts: dict[Family, tuple[Instant, Verdict]] = field(default_factory=dict)
    """The first failure of each family of causes: a spent quota and a cut are not one trouble."""

    def add(self, verdict: Verdict, at: Instant) -> None:
        """Count a failure."""
        self.causes[verdict.cause] += 1
        self.last = at
        self.firsts.setdefault(FAMILIES[verdict.cause], (at, verdict))

    def part(self, verdict: Verdict, at: Instant) -> "Streak":
        """Return what of it can be one trouble with this verdict."""
        family = FAMILIES[verdict.cause]
        began, first = self.firsts.get(family, (at, verdict))
        alike = Counter({c: n for c, n in self.causes.items() if FAMILIES[c] is family})
        causes = alike or Counter({verdict.cause: 1})
        if first is self.verdict:
            return replace(self, causes=causes)
        return Streak(began, first, causes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something is wrong at a place."""

    place: Place
    how: How
    verdict: Verdict
    at: Instant
    streak: Streak
    share: tuple[int, int] = (0, 0)
    """Of FAILING: how many attempts failed, of how many."""
    route: str = ""
    """Of EXHAUSTED: where nothing was left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Well:
    """Nothing is wrong there any more."""

    place: Place
    at: Instant
    proven: bool = True
    """Whether it has answered; else nothing has been heard of it for long."""


Signal = Trouble | Well

Served = tuple[str, str | None]
"""A backend, and a model that it serves."""

K = TypeVar("K")
V = TypeVar("V")


class Watch:
    """Tells trouble from noise."""

    def __init__(self, fleet: Fleet) -> None:
        self._offline = Offline()
        self._ours = 0
        """Failures of our own network in a row."""
        self._counts: dict[str, Window] = {}
        self._failing: set[str] = set()
        self._refused: Counter[str] = Counter()
        """Requests in a row, by their route, for which nothing was left."""
        self._exhausted: set[str] = set()
        """The backends that failed them and are in rotation, until they answer again."""
        self._until: dict[Place, Instant] = {}
        """The places that are in trouble, and when each may be asked again."""
        self.streaks: dict[str, Streak] = {}
        """The failures of each backend since it last answered."""
        self._pauses: dict[Place, deque[Instant]] = {}
        self._served: dict[Served, None] = {}
        """Models that have answered: one that never did is more likely a client's slip."""
        self.answered: dict[str, Instant] = {}
        """When each backend last gave a good answer."""
        self.adopt(fleet)

    def adopt(self, fleet: Fleet) -> None:
        """Go on under a new table."""
        self._fleet = fleet
        self._named = {
            (target.backend.name, target.served_model(None))
            for route in fleet.routes
            for tier in route.tiers
            for target in tier
        }
        for known in (self._counts, self.streaks, self.answered):
            for name in known.keys() - fleet.backends.keys():
                del known[name]
        self._failing &= fleet.backends.keys()
        self._exhausted &= fleet.backends.keys()
        self._until = {p: at for p, at in self._until.items() if p.backend in fleet.backends}
        self._refused.clear()

    def attempt(self, record: AttemptRecord) -> Iterable[Signal]:
        """Hear of an attempt that is over."""
        if record.backend not in self._fleet.backends:
            return ()
        if record.verdict.good:
            return self._answered(record)
        return self._failed(record) if record.verdict.cause in FAMILIES else ()

    def _answered(self, record: AttemptRecord) -> Iterable[Signal]:
        backend = record.backend
        self.answered[backend] = record.ended
        if (backend, record.model) not in self._served:
            self._served[backend, clip_name(record.model)] = None
            _forget_oldest(self._served)
        self._window(backend).add(GOOD, record.ended)
        if self._offline.recent:
            self._offline.answered()
        return self._recovered(record) if self.streaks or self._exhausted or self._ours else ()

    def _recovered(self, record: AttemptRecord) -> Iterator[Signal]:
        """Look what an answer ends: this is asked only while something is wrong."""
        streak = self.streaks.get(record.backend)
        if streak is not None and record.started >= streak.at:
            # What was asked before the first failure says nothing of what came after it.
            del self.streaks[record.backend]
        if record.backend in self._exhausted and record.backend not in self.streaks:
            place = Place(Scope.BACKEND, record.backend)
            self._exhausted.discard(record.backend)
            self._until.pop(place, None)
            if record.backend not in self._failing:
                yield Well(place=place, at=record.ended)
        if self._ours:
            self._ours = 0
            yield Well(place=OUR_NETWORK, at=record.ended)

    def _failed(self, record: AttemptRecord) -> Iterator[Signal]:
        verdict, at = record.verdict, record.ended
        streak = self.streaks.get(record.backend)
        if streak is None or at - streak.last >= FORGOTTEN:
            streak = self.streaks[record.backend] = Streak(at, verdict)
        streak.add(verdict, at)
        match FAMILIES[verdict.cause]:
            case Family.OURS:
                self._ours += 1
                if self._ours == OURS_IN_A_ROW:
                    yield self._our_network(verdict, at)
            case Family.PROVIDER if self._alike(record):
                self._ours += 1
                yield self._our_network(self._cut_off(verdict), at)
            case Family.PROVIDER:
                yield from self._counted(record, streak)
            case Family.KEY | Family.LIMIT | Family.MODEL:
                pass  # one is enough to put its place out: the change of standing tells

    def _counted(self, record: AttemptRecord, streak: Streak) -> Iterator[Signal]:
        window, at = self._window(record.backend), record.ended
        window.add(BAD, at)
        bad, total = window.sums[BAD], sum(window.sums)
        if bad < OFTEN or bad < OFTEN_SHARE * total or record.backend in self._failing:
            return
        self._failing.add(record.backend)
        yield Trouble(
            place=Place(Scope.BACKEND, record.backend),
            how=How.FAILING,
            verdict=record.verdict,
            at=at,
            streak=streak.part(record.verdict, at),
            share=(bad, total),
        )

    def _alike(self, record: AttemptRecord) -> bool:
        """Whether unrelated backends could not be reached either, in the same way, just now."""
        failure = self._unreached(record)
        return failure is not None and self._offline.unreached(failure)

    def _unreached(self, record: AttemptRecord) -> Unreached | None:
        """Return what of a failure may be our own network's doing."""
        return unreached(
            self._fleet.backends[record.backend],
            record.verdict.cause,
            record.sent,
            record.ended,
            silent=record.verdict.cause is Cause.TIMEOUT,
        )

    def _cut_off(self, verdict: Verdict) -> Verdict:
        names = [failure.backend.name for failure in self._offline.recent]
        alike = f"{listed(names)} are unrelated and fail alike ({names[-1]}: {reason(verdict)})"
        return Verdict(cause=Cause.LOCAL_NETWORK, layer=Layer.LOCAL_NETWORK, evidence=alike)

    def _our_network(self, verdict: Verdict, at: Instant) -> Trouble:
        streak = Streak(at, verdict, Counter({verdict.cause: self._ours}))
        return Trouble(place=OUR_NETWORK, how=How.OURS, verdict=verdict, at=at, streak=streak)

    def exchange(self, record: ExchangeRecord) -> Iterable[Signal]:
        """Hear how an exchange has ended: nothing left on a route is trouble at all who failed."""
        if record.result is _WHOLE:
            self._refused.pop(record.route, None)
        elif record.result in {Result.REFUSED, Result.STATIC} and record.attempts:
            self._refused[record.route] += 1
            if self._refused[record.route] >= REFUSED_IN_A_ROW:
                return self._nothing_left(record)
        return ()

    def _nothing_left(self, record: ExchangeRecord) -> Iterator[Signal]:
        for attempt in record.attempts:
            streak = self.streaks.get(attempt.backend)
            place = Place(Scope.BACKEND, attempt.backend)
            if streak is None or place in self._until or not self._by_itself(attempt):
                continue
            self._exhausted.add(attempt.backend)
            self._until[place] = attempt.ended
            yield Trouble(
                place=Place(Scope.BACKEND, attempt.backend),
                how=How.EXHAUSTED,
                verdict=attempt.verdict,
                at=record.ended,
                streak=streak.part(attempt.verdict, record.ended),
                route=record.route,
            )

    def _by_itself(self, record: AttemptRecord) -> bool:
        """Whether a failure is the provider's beyond doubt.

        What could not be reached may be our own network, and silence the haste of the app.
        """
        cause = record.verdict.cause
        ours = FAMILIES.get(cause) is not Family.PROVIDER or cause is Cause.TIMEOUT
        return not ours and self._unreached(record) is None

    def change(self, change: HealthChange) -> Iterator[Signal]:
        """Hear of a change of standing."""
        place = Place(change.scope, change.backend, clip_name(change.model))
        match change.change:
            case Change.EJECTED:
                if change.scope is Scope.BACKEND:
                    self._exhausted.discard(change.backend)
                yield from self._out(place, change, How.OUT)
            case Change.COOLED if self._is_long_pause(place, change):
                yield from self._out(place, change, How.PAUSED)
            case Change.RECOVERED:
                if change.scope is Scope.BACKEND:
                    self._failing.discard(change.backend)
                    self._window(change.backend).clear()
                self._pauses.pop(place, None)
                self._until.pop(place, None)
                yield Well(place=place, at=change.at)
            case Change.COOLED | Change.PROBING:
                pass

    def _out(self, place: Place, change: HealthChange, how: How) -> Iterator[Signal]:
        verdict = change.verdict
        family = FAMILIES.get(verdict.cause)
        model = (place.backend, place.model)
        unheard_of = model not in self._served and model not in self._named
        if family is None or (family is Family.MODEL and unheard_of):
            return
        streak = self.streaks.get(change.backend, Streak(change.at, verdict))
        self._until[place] = change.at if change.until is None else change.until
        _forget_oldest(self._until)
        yield Trouble(
            place=place,
            how=how,
            verdict=verdict,
            at=change.at,
            streak=streak.part(verdict, change.at),
        )

    def _is_long_pause(self, place: Place, change: HealthChange) -> bool:
        if change.verdict.cause is Cause.QUOTA:
            return True
        if change.until is not None and change.until - change.at >= LONG_PAUSE:
            return True
        pauses = self._pauses.setdefault(place, deque(maxlen=PAUSES))
        _forget_oldest(self._pauses)
        pauses.append(change.at)
        return len(pauses) == PAUSES and change.at - pauses[0] <= SPAN

    def tick(self, now: Instant) -> Iterator[Signal]:
        """Look which of the backends that failed do so no more, as far as is known."""
        for place, until in list(self._until.items()):
            streak = self.streaks.get(place.backend)
            last = until if streak is None else max(until, streak.last)
            if now - last >= UNASKED:
                del self._until[place]
                self._exhausted.discard(place.backend)
                # A machine that slept finds out late.
                yield Well(place=place, at=Instant(last + UNASKED), proven=False)
        for name in list(self._failing):
            window = self._window(name)
            window.turn(now)
            if window.sums[BAD] <= SELDOM_SHARE * sum(window.sums):
                self._failing.discard(name)
                yield Well(place=Place(Scope.BACKEND, name), at=now)

    def _window(self, backend: str) -> Window:
        window = self._counts.get(backend)
        if window is None:
            window = self._counts[backend] = Window(SPAN, 2)
        return window


def _forget_oldest(named: MutableMapping[K, V]) -> None:
    if len(named) > MOST_NAMES:
        del named[next(iter(named))]
