"""Which drills run: the faults that a person has put into the live path, for a while.

A drill ends by itself, is ended early, or ends when its backend leaves the table. Knows names,
faults and a clock; how a fault is played stands in `rehearsal.py`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from proxy.exchange import Clock, Judge, Timer
from proxy.model import PLAYED, Backend, Drill, Instant, Outcome, Seconds, Verdict

MOST = Seconds(600.0)
"""The longest drill: one that is forgotten must not become an outage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A drill under way."""

    backend: str
    fault: Drill
    began: Instant
    until: Instant
    by: str
    """The client whose token began it."""


class Turn(StrEnum):
    """What happens to a drill; an event of the journal."""

    BEGAN = "drill_began"
    EXPIRED = "drill_expired"
    ENDED = "drill_ended"
    """Early: by a person, by another drill, or with its backend."""


class Drills:
    """The drills of one Faultline; at most one for each backend."""

    def __init__(self, clock: Clock, tell: Callable[[Turn, Running], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._running: dict[str, tuple[Running, Timer]] = {}

    def at(self, backend: str) -> Drill | None:
        """Return the fault to play at a backend; asked for every attempt."""
        if not self._running:
            return None
        found = self._running.get(backend)
        return None if found is None else found[0].fault

    @property
    def running(self) -> tuple[Running, ...]:
        """All that are under way."""
        return tuple(running for running, _ in self._running.values())

    def begin(self, backend: str, fault: Drill, length: Seconds, by: str) -> Running:
        """Begin a drill of at most `MOST` in place of the one that runs there."""
        self.end(backend)
        now = self._clock.now()
        until = Instant(now + min(length, MOST))
        running = Running(backend=backend, fault=fault, began=now, until=until, by=by)
        timer = self._clock.call_at(until, lambda: self._expire(backend))
        self._running[backend] = (running, timer)
        self._tell(Turn.BEGAN, running)
        return running

    def end(self, backend: str) -> bool:
        """End a drill early; False when none ran there."""
        return self._end(backend, Turn.ENDED)

    def adopt(self, backends: Collection[str]) -> None:
        """Go on under a new table; a drill of a backend that is gone ends."""
        for running in self.running:
            if running.backend not in backends:
                self.end(running.backend)

    def close(self) -> None:
        """End all."""
        self.adopt(())

    def _expire(self, backend: str) -> None:
        self._end(backend, Turn.EXPIRED)

    def _end(self, backend: str, turn: Turn) -> bool:
        found = self._running.pop(backend, None)
        if found is None:
            return False
        running, timer = found
        timer.cancel()
        self._tell(turn, running)
        return True


def marked(judge: Judge) -> Judge:
    """Return a judge whose evidence says of a played failure that it was a drill."""

    def judged(outcome: Outcome, backend: Backend, now: Instant) -> Verdict:
        verdict = judge(outcome, backend, now)
        if outcome.drill is None or verdict.good:
            return verdict
        return replace(verdict, evidence=f"{PLAYED}{outcome.drill}): {verdict.evidence}")

    return judged
