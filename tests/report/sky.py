"""A sky to put providers under: weather over backends, real decisions, and the ledger that hears.

Attempts take no time and nothing is sent; all else is the policy of the house.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from proxy.model import (
    GOOD,
    AttemptRecord,
    Cause,
    Fleet,
    Instant,
    Result,
    Sent,
    Target,
    Verdict,
)
from proxy.policy.decision import Decision, Ended, Event, Failed, Ready, Refuse, Relay, Send, Woke
from proxy.policy.failover import Failover
from proxy.policy.routing import find_route
from proxy.policy.standing import Standing
from proxy.report.incidents import Ledger
from tests.policy import build
from tests.report.records import GOOD_ATTEMPT, WHOLE


@dataclass(frozen=True)
class Cut:
    """An answer that begins well and breaks."""

    verdict: Verdict


Answer = Verdict | Cut
Weather = Mapping[str, Answer | Callable[[Target], Answer]]
"""What each backend answers; those that are missing are well."""

SENT = {Cause.DNS: Sent.NOT_SENT, Cause.TCP: Sent.NOT_SENT, Cause.TIMEOUT: Sent.MAYBE_SENT}


class Sky:
    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.weather: Weather = {}
        self.now = 0.0
        self._ids = iter(range(1, 1_000_000))
        self.ledger = Ledger(
            fleet, new_id=lambda: f"i{len(self.ledger.past) + len(self.ledger.open) + 1}"
        )
        self.standing = Standing(fleet, rng=build.Fixed(0.0), tell=self.ledger.health_changed)

    def pass_time(
        self, seconds: float, weather: Weather | None = None, *, every: float = 1.0
    ) -> None:
        """Let requests come, one `every` so many seconds, and the clock tick each second."""
        if weather is not None:
            self.weather = weather
        end, tick = self.now + seconds, float(int(self.now) + 1)
        while self.now < end:
            self.request()
            self.now = round(self.now + every, 6)
            while tick <= self.now:
                self.ledger.tick(Instant(tick))
                tick += 1

    def request(self, model: str = "gpt-5") -> None:
        """Carry one exchange through, from its ask to its record."""
        ask = build.ask(model=model)
        route = find_route(self.fleet, ask)
        assert route is not None
        exchange = Passage(self, self.standing.begin(ask, route, Instant(self.now)))
        record = replace(
            WHOLE,
            id=str(next(self._ids)),
            model=model,
            route=route.name,
            result=exchange.run(),
            attempts=tuple(exchange.attempts),
            backend=exchange.attempts[-1].backend if exchange.attempts else "",
            started=Instant(self.now),
            ended=Instant(self.now),
        )
        self.ledger.ended(record)

    def timeline(self, number: int = 0) -> list[tuple[float, str, str]]:
        """The lines of an incident, past ones first."""
        incident = [*self.ledger.past, *self.ledger.open][number]
        return [(round(u.at, 1), u.stage.value, u.text) for u in incident.updates]


class Passage:
    """One exchange under that sky."""

    def __init__(self, sky: Sky, failover: Failover) -> None:
        self._sky = sky
        self._failover = failover
        self._now = Instant(sky.now)
        self._answer: Answer = GOOD
        self._sent: Send | None = None
        self.attempts: list[AttemptRecord] = []

    def run(self) -> Result:
        decisions = self._failover.begin(self._now)
        try:
            while True:
                (decision, *_) = decisions
                result = self._step(decision)
                if isinstance(result, Result):
                    return result
                decisions = self._failover.on(result, self._now)
        finally:
            self._failover.close(self._now)

    def _step(self, decision: Decision) -> Event | Result:
        match decision:
            case Send():
                return self._attempt(decision)
            case Relay(number=number):
                return self._relay(number)
            case Refuse():
                return Result.REFUSED
            case _:
                return Woke()

    def _attempt(self, send: Send) -> Event:
        found = self._sky.weather.get(send.target.backend.name, GOOD)
        self._sent = send
        self._answer = found if isinstance(found, Verdict | Cut) else found(send.target)
        if isinstance(self._answer, Cut) or self._answer.good:
            return Ready(number=send.number)
        sent = SENT.get(self._answer.cause, Sent.HEAD_SEEN)
        self._note(self._answer, sent)
        silent = self._answer.cause is Cause.TIMEOUT
        return Failed(number=send.number, verdict=self._answer, sent=sent, silent=silent)

    def _relay(self, number: int) -> Result:
        if isinstance(self._answer, Verdict) and not self._answer.good:
            return Result.CLIENT_ERROR
        verdict = self._answer.verdict if isinstance(self._answer, Cut) else self._answer
        self._note(verdict, Sent.CONTENT_SEEN)
        self._failover.on(Ended(number=number, verdict=verdict), self._now)
        return Result.WHOLE if verdict.good else Result.CUT

    def _note(self, verdict: Verdict, sent: Sent) -> None:
        assert self._sent is not None
        record = replace(
            GOOD_ATTEMPT,
            number=self._sent.number,
            backend=self._sent.target.backend.name,
            provider=self._sent.target.backend.provider,
            model=self._sent.target.served_model("gpt-5"),
            started=self._now,
            ended=self._now,
            verdict=verdict,
            sent=sent,
            probe=self._sent.probe,
        )
        self.attempts.append(record)
        self._sky.ledger.attempt_ended("x", "chat", record)
