"""The numbers for machines: what is counted, under which names and labels.

Knows the records and the routing table. Labels come from the table only; whatever else a client
may invent is counted under `other`, so that nobody can make the series grow (control S23). It is
told on the event loop and scraped there, so it needs no lock; it never knows who asks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from proxy.exchange import Events
from proxy.model import (
    AttemptRecord,
    Change,
    ExchangeRecord,
    Fleet,
    HealthChange,
    Hedged,
    Phase,
    Result,
    Resumed,
    Resumption,
    Route,
    Scope,
)
from proxy.policy.standing import Row, Word
from proxy.report.series import Counter, Histogram, gauge

OTHER = "other"
"""The label of whatever the table does not name."""

TURNED_AWAY = "turned_away"
"""The result of a request that was refused at the door, beside those of `Result`."""

SECONDS = tuple(0.01 * 2**n for n in range(17))
"""Bounds of answers: 10 ms doubling to 655 s, past the SDKs' 600 s. OpenTelemetry's GenAI
conventions (gen_ai.client.operation.duration), with three bounds more."""

OVERHEAD_SECONDS = (
    0.00005,
    0.0001,
    0.0002,
    0.0005,
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    1.0,
)
"""Bounds of what Faultline itself takes: the aim is well below a millisecond."""

OUT = (Change.EJECTED, Change.COOLED)

_CUT, _CONTENT, _END = Result.CUT, Phase.CONTENT, Phase.END
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every record is asked."""


IN_ROTATION = {
    Word.CLOSED: 1.0,
    Word.SLOW_START: 0.5,
    Word.PROBING: 0.5,
    Word.COOLING: 0.0,
    Word.EJECTED: 0.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """What is asked when someone scrapes, instead of being told before."""

    view: Callable[[], Sequence[Row]]
    """The standing of all backends."""
    lag: Callable[[], float]
    """Seconds."""
    dropped: Callable[[], int]
    """Lines that the journal has lost."""
    incidents: Callable[[], int] = lambda: 0
    """Open ones."""


class Metrics(Events, Collector):
    """Counts what it is told; its `registry` is what a scraper reads."""

    def __init__(self, fleet: Fleet, *, version: str, gauges: Gauges) -> None:
        self._version = version
        self._gauges = gauges
        self._reloaded = True
        self._requests = Counter(
            "faultline_requests",
            "Exchanges, by how they ended for the client.",
            ("route", "dialect", "result"),
        )
        self._rescued = Counter(
            "faultline_rescued",
            "Exchanges that met a failure and were whole for the client, by the first cause.",
            ("route", "cause"),
        )
        self._degraded = Counter(
            "faultline_degraded",
            "Answers that were less than what was asked for: of another model, or a static text.",
            ("route", "kind"),
        )
        self._attempts = Counter(
            "faultline_attempts",
            "Tries at a backend, by what was wrong with them.",
            ("backend", "cause"),
        )
        self._drilled = Counter(
            "faultline_drilled_attempts",
            "Tries that fell into a drill; they are among the attempts too.",
            ("backend", "fault"),
        )
        self._ejections = Counter(
            "faultline_ejections",
            "How often a backend, a model or a key left the rotation.",
            ("backend", "scope", "cause"),
        )
        self._cut = Counter(
            "faultline_streams_cut",
            "Answers that broke after they had begun, by how far they came.",
            ("backend", "phase"),
        )
        self._tokens = Counter(
            "faultline_tokens", "Tokens as the providers counted them.", ("backend", "type")
        )
        self._budget_refused = Counter(
            "faultline_budget_refused", "Attempts that the retry budget did not pay.", ()
        )
        self._budget_refused.add((), 0)
        self._count_mending()
        self._measure()
        self.adopt(fleet)
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def _count_mending(self) -> None:
        self._resumes = Counter(
            "faultline_resumes",
            "Attempts to go on with a cut stream, by how they were asked and how they went.",
            ("rung", "result"),
        )
        self._seams = Counter(
            "faultline_seam_characters",
            "Characters that apps had of a cut stream when somebody was asked to go on.",
            ("rung", "result"),
        )
        self._again = Counter(
            "faultline_tokens_again",
            "Tokens, about, of cut streams that were paid a second time to go on with them.",
            ("rung", "result"),
        )
        self._hedges = Counter(
            "faultline_hedges",
            "Second runners started beside a slow first, by how they went.",
            ("result",),
        )

    def _measure(self) -> None:
        self._duration = Histogram(
            "faultline_request_seconds",
            "Whole exchanges, from the request to the last byte.",
            ("route",),
            SECONDS,
        )
        self._first_content = Histogram(
            "faultline_first_content_seconds",
            "From the start of an attempt to its first content.",
            ("backend",),
            SECONDS,
        )
        self._overhead = Histogram(
            "faultline_overhead_seconds",
            "What Faultline itself took of an exchange, its waits on purpose apart.",
            (),
            OVERHEAD_SECONDS,
        )

    def adopt(self, fleet: Fleet) -> None:
        """Go on under a new table; the series of names that are gone end."""
        self._routes = frozenset(route.name for route in fleet.routes) | {OTHER}
        self._backends = frozenset(fleet.backends) | {OTHER}
        for by_route in (self._requests, self._rescued, self._degraded, self._duration):
            by_route.keep(self._routes)
        for by_backend in (
            self._attempts,
            self._drilled,
            self._ejections,
            self._cut,
            self._tokens,
            self._first_content,
        ):
            by_backend.keep(self._backends)
        for route in fleet.routes:
            self._begin(route)

    def _begin(self, route: Route) -> None:
        """Let a route's counters begin at 0: those that begin at 1 have no rate at first."""
        dialect = route.tiers[0][0].backend.dialect
        for result in Result:
            self._requests.add((route.name, dialect, result), 0)
        for rung in route.resume:
            for resumed in Resumed:
                self._went_on(Resumption(rung=rung, result=resumed, characters=0, tokens=0), 0)
        if route.hedge is not None:
            for hedged in Hedged:
                self._hedges.add((hedged,), 0)

    def reloaded(self, *, success: bool) -> None:
        """Hear whether the last reload of the settings succeeded."""
        self._reloaded = success

    # --- told on the path

    def ended(self, record: ExchangeRecord) -> None:
        """Count an exchange."""
        route = record.route if record.route in self._routes else OTHER
        self._requests.add((route, record.dialect, record.result))
        self._duration.add((route,), record.ended - record.started)
        self._overhead.add((), overhead(record))
        if record.degraded is not None:
            self._degraded.add((route, record.degraded))
        if record.usage is not None:
            backend = self._backend(record.backend)
            self._tokens.add((backend, "input"), record.usage.input)
            self._tokens.add((backend, "output"), record.usage.output)
        if record.result is _CUT:
            self._cut.add((self._backend(record.backend), cut_phase(record)))
        elif record.rescued:
            cause = next(a.verdict.cause for a in record.attempts if not a.verdict.good)
            self._rescued.add((route, cause))

    def attempt_ended(
        self,
        exchange_id: str,  # noqa: ARG002 - the protocol's; an id is no label
        route: str,  # noqa: ARG002 - the protocol's
        record: AttemptRecord,
    ) -> None:
        """Count an attempt, whatever becomes of its exchange."""
        backend = self._backend(record.backend)
        self._attempts.add((backend, record.verdict.cause))
        if record.drill is not None:
            self._drilled.add((backend, record.drill))
        if record.resumption is not None:
            self._went_on(record.resumption)
        if (hedged := record.hedged) is not None:
            self._hedges.add((hedged,))
        for phase, at in record.times:
            if phase is _CONTENT or phase is _END:
                self._first_content.add((backend,), at)
                break

    def _went_on(self, tried: Resumption, times: int = 1) -> None:
        labels = (tried.rung, tried.result)
        self._resumes.add(labels, times)
        self._seams.add(labels, tried.characters)
        self._again.add(labels, tried.tokens)

    def health_changed(self, change: HealthChange) -> None:
        """Count an ejection; a cooldown is one whose length was told."""
        if change.change in OUT:
            backend = self._backend(change.backend)
            self._ejections.add((backend, change.scope, change.verdict.cause))

    def budget_refused(self, backend: str) -> None:  # noqa: ARG002 - the protocol's
        """Count an attempt that could not be paid."""
        self._budget_refused.add(())

    def turned_away(self, code: str) -> None:  # noqa: ARG002 - the journal has the codes
        """Count a request that was refused at the door."""
        self._requests.add((OTHER, OTHER, TURNED_AWAY))

    def _backend(self, name: str) -> str:
        return name if name in self._backends else OTHER

    # --- asked at a scrape

    def collect(self) -> Iterator[Metric]:
        """Show everything, as the client library has it."""
        yield self._requests.family()
        yield self._rescued.family()
        yield self._degraded.family()
        yield self._attempts.family()
        yield self._drilled.family()
        yield self._ejections.family()
        yield self._cut.family()
        yield self._resumes.family()
        yield self._seams.family()
        yield self._again.family()
        yield self._hedges.family()
        yield self._tokens.family()
        yield self._budget_refused.family()
        yield self._duration.family()
        yield self._first_content.family()
        yield self._overhead.family()
        yield from self._states()

    def _states(self) -> Iterator[Metric]:
        view = self._gauges.view()
        yield gauge(
            "faultline_backend_state",
            "1 in rotation, 0 out of it, 0.5 under trial or returning by steps.",
            "backend",
            in_rotation(view).items(),
        )
        yield gauge(
            "faultline_in_flight",
            "Attempts under way.",
            "backend",
            ((row.backend, row.in_flight) for row in view if row.scope is Scope.BACKEND),
        )
        yield GaugeMetricFamily(
            "faultline_incidents_open",
            "Incidents that are not over.",
            value=self._gauges.incidents(),
        )
        yield CounterMetricFamily(
            "faultline_events_dropped",
            "Journal lines, incident records and messages to people that were lost.",
            value=self._gauges.dropped(),
        )
        yield GaugeMetricFamily(
            "faultline_loop_lag_seconds",
            "The largest lag of the event loop in the last half to whole minute.",
            value=self._gauges.lag(),
        )
        yield GaugeMetricFamily(
            "faultline_settings_reload_success",
            "Whether the last reload of the settings succeeded.",
            value=self._reloaded,
        )
        yield gauge(
            "faultline_build_info",
            "Always 1; the label says what runs.",
            "version",
            [(self._version, 1)],
        )


def in_rotation(view: Sequence[Row]) -> dict[str, float]:
    """Return how far each backend is in rotation: without its key it is of no use either."""
    states: dict[str, float] = {}
    for row in view:
        if row.scope is not Scope.MODEL:
            states[row.backend] = min(states.get(row.backend, 1.0), IN_ROTATION[row.state])
    return states


def cut_phase(record: ExchangeRecord) -> Phase:
    """Return how far the answer came that was cut; those that did not go on with it came later."""
    told = (a for a in reversed(record.attempts) if _was_relayed(a))
    return next(told, record.attempts[-1]).phase


def _was_relayed(attempt: AttemptRecord) -> bool:
    return attempt.resumption is None or attempt.resumption.result is Resumed.JOINED


def overhead(record: ExchangeRecord) -> float:
    """Return the seconds in which no attempt was under way and nobody waited on purpose."""
    spent = record.ended - record.started - record.waited
    reached = record.started
    for attempt in record.attempts:
        if attempt.ended > reached:
            spent -= attempt.ended - max(attempt.started, reached)
            reached = attempt.ended
    return max(0.0, spent)
