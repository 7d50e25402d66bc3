"""Whether one thing (a backend, a model of it, a key) may be used: the circuit breaker.

Rule 1: everything that changes the state stands in this file. Rule 2: this file does not know
what a verdict is, who is asking, or that other breakers exist.

    CLOSED    in rotation; failures are counted
    EJECTED   out of rotation until `until`; after that, one attempt may take the lease
    PROBING   that one attempt is under way

    CLOSED   -- enough failures, or one that is certain --> EJECTED
    EJECTED  -- an attempt enters                        --> PROBING
    PROBING  -- the attempt is ready                     --> CLOSED, in slow start
    PROBING  -- the attempt fails                        --> EJECTED, for twice as long
    PROBING  -- the attempt ends without telling         --> EJECTED, as before

Each arrow begins a new generation. Who enters is given the generation of that moment and shows it
again with the result; a result of an older generation counts for nothing. So a late success never
closes what has been ejected since, and a late failure never ejects what has recovered since. The
lease of a probe ends with the probe, however that ends, and by itself when the attempt's own
limits have passed: a lost probe does not keep a backend out for ever.

A cooldown stands beside all this: the provider said (or, for an untold rate limit, a backoff
says) when to come back, nobody is to blame, and no probe is needed.
"""

from enum import Enum, IntEnum
from random import Random

from proxy.model import GOOD, Ejection, Instant, Scope, Seconds, Verdict
from proxy.policy.window import Window

NEVER = Instant(float("-inf"))

SLOW_START = Seconds(30.0)
"""How long after a recovery the return of traffic is held back (design, "Numbers")."""

SLOW_START_STEP = Seconds(3.0)
"""Attempts in flight may double this often: 1 to 1024 within the slow start."""

JITTER = 0.1
"""A backoff is shorter than its nominal length by up to this part: clients fall out of step."""

MOST_DOUBLINGS = 20
"""Past any `most` that makes sense; keeps the power of two small."""

SUCCESS, FAILURE = 0, 1


class State(Enum):
    """Where a breaker stands."""

    CLOSED = "closed"
    EJECTED = "ejected"
    PROBING = "probing"


class Gate(IntEnum):
    """What a breaker says to an attempt; of several breakers the highest counts."""

    OPEN = 0
    PROBE = 1
    """Enter, and decide by it whether others may."""
    RAMPING = 2
    """Recovered just now, and as much is in flight as the slow start allows."""
    FULL = 3
    """As much is in flight as the table allows."""
    COOLING = 4
    OUT = 5


class Breaker:
    """The standing of one scope."""

    __slots__ = (
        "_cool_level",
        "_cooled",
        "_hold",
        "_lease_until",
        "_level",
        "_recovered_at",
        "_window",
        "backend",
        "consecutive",
        "cooled_until",
        "generation",
        "model",
        "probed_at",
        "quiet",
        "rule",
        "running",
        "scope",
        "silences",
        "since",
        "state",
        "told",
        "until",
        "verdict",
    )

    # What is known once it has been ejected, or probed:
    _level: int
    _hold: float
    _lease_until: Instant

    def __init__(
        self, rule: Ejection, scope: Scope, backend: str, model: str | None = None
    ) -> None:
        self.rule = rule
        self.scope = scope
        self.backend = backend
        self.model = model
        self.state = State.CLOSED
        self.quiet = True
        """Closed, not cooling, not in slow start: `gate` has nothing to look at."""
        self.generation = 0
        self.running = 0
        """Attempts of this generation that are in flight."""
        self.consecutive = 0
        self.since = NEVER
        """When it was last ejected or cooled; `verdict` says why."""
        self.verdict: Verdict = GOOD
        self.until = NEVER
        self.probed_at = NEVER
        self.cooled_until = NEVER
        self.told = False
        """Whether a provider named `cooled_until`."""
        self.silences = 0
        """Silent attempts in a row, as `consecutive` counts all failures."""
        self._window = Window(rule.window, 2)
        self._recovered_at = NEVER
        self._cooled = False
        self._cool_level = 0

    # --- asked -------------------------------------------------------------------------------

    def gate(self, now: Instant) -> Gate:
        """Say what an attempt would meet; where it is `quiet`, that need not be asked."""
        if self.state is State.EJECTED and now < self.until:
            return Gate.OUT
        if self.state is State.PROBING and now < self._lease_until:
            return Gate.OUT
        if now < self.cooled_until:
            return Gate.COOLING
        if self.state is not State.CLOSED:
            return Gate.PROBE
        if self.slow_start(now):
            allowed = 2 ** int((now - self._recovered_at) / SLOW_START_STEP)
            return Gate.OPEN if self.running < allowed else Gate.RAMPING
        self.quiet = True
        return Gate.OPEN

    def slow_start(self, now: Instant) -> bool:
        """Say whether it has recovered so recently that traffic returns by steps."""
        return self.state is State.CLOSED and now - self._recovered_at < SLOW_START

    def probe_may_be_early(self, now: Instant) -> bool:
        """Say whether nothing but the length of its ejection keeps an attempt out."""
        return self.state is State.EJECTED and now >= self.cooled_until

    def back_at(self, now: Instant) -> Instant:
        """Return when it may be tried again, as far as that is known now."""
        out = NEVER if self.state is State.CLOSED else self.until
        return max(now, out, self.cooled_until)

    # --- told of attempts --------------------------------------------------------------------

    def enter(self, now: Instant, lease: Seconds) -> bool:
        """Count an attempt in; return whether it has become the probe. It shows `generation`."""
        probe = self.state is not State.CLOSED
        if probe:
            self._turn(State.PROBING)
            self._lease_until = Instant(now + lease)
            self.probed_at = now
        self.running += 1
        return probe

    def leave(self, generation: int) -> None:
        """Count an attempt out that has nothing more to tell; a probe gives its lease back."""
        if generation != self.generation:
            return
        if self.state is State.PROBING:
            self._turn(State.EJECTED)
        else:
            self.running -= 1

    def ready(self, generation: int, now: Instant) -> bool:
        """Hear of first content, or of a whole answer; return whether that was a recovery."""
        if generation != self.generation:
            return False
        self.silences = 0
        if self.state is not State.PROBING:
            return False
        self._turn(State.CLOSED)
        self.running = 1  # the probe itself, which goes on
        self.consecutive = 0
        self._window.clear()
        self._recovered_at = now
        self._cooled = False  # nothing enters while it cools: that is over, too
        self._cool_level = 0
        return True

    def succeed(self, generation: int, now: Instant) -> bool:
        """Hear of an answer's good end; return whether that proves a cooldown to be over."""
        if generation != self.generation:
            return False
        self.consecutive = 0
        self._window.add(SUCCESS, now)
        if not self._cooled or now < self.cooled_until:
            return False
        self._cooled = False
        self._cool_level = 0
        return True

    def fail(self, generation: int, now: Instant, rng: Random, *, silent: bool = False) -> bool:
        """Hear that an attempt has failed; return whether that was an ejection."""
        if generation != self.generation:
            # Not counted, not extended, no new backoff: it began under other circumstances.
            return False
        if self.state is State.CLOSED:
            self.consecutive += 1
            self.silences = self.silences + 1 if silent else 0
            self._window.add(FAILURE, now)
            if not self._condemned():
                return False
        self._eject(now, rng)
        return True

    def fail_probe(self, generation: int, now: Instant, rng: Random) -> bool:
        """Hear of a failure that counts only against a trial; return whether it was one."""
        return self.state is State.PROBING and self.fail(generation, now, rng)

    def condemn(self, generation: int, now: Instant, rng: Random) -> bool:
        """Hear of a failure that needs no second one; return whether that was an ejection."""
        if generation != self.generation:
            return False
        self._eject(now, rng)
        return True

    def cool(self, told: Seconds | None, now: Instant, rng: Random) -> bool:
        """Keep away for as long as was told, or by a backoff; return whether that is news."""
        if told is not None:
            until = Instant(now + told)
        elif now < self.cooled_until:
            return False  # the answers of one burst count once
        else:
            until = Instant(now + self._backoff(self._cool_level, rng))
            self._cool_level += 1
        if until <= self.cooled_until:
            return False
        self.cooled_until = until
        self.told = told is not None
        self.since = now
        self.quiet = False
        self._cooled = True
        return True

    def pardon(self, now: Instant) -> None:
        """Take back what was counted and allow a probe at once: it was not to blame after all."""
        self.consecutive = 0
        self.silences = 0
        self._window.clear()
        self.until = now
        self._level = 0
        self._hold = 0.0

    def adopt(self, rule: Ejection) -> None:
        """Go on under a new rule."""
        if rule.window != self.rule.window:
            self._window = Window(rule.window, 2)
        self.rule = rule

    # --- inside ------------------------------------------------------------------------------

    def _condemned(self) -> bool:
        rule = self.rule
        good, bad = self._window.sums
        return (
            self.consecutive >= rule.consecutive
            or self.silences >= rule.silences
            or (good + bad >= rule.minimum and bad >= rule.ratio * (good + bad))
        )

    def _eject(self, now: Instant, rng: Random) -> None:
        least = 0.0
        if self.state is State.CLOSED:
            self._level = 0
            self._hold = least = self._flapping(now)
            self.since = now
        else:
            self._level += 1
        self.until = Instant(now + self._backoff(self._level, rng, least))
        self._turn(State.EJECTED)

    def _flapping(self, now: Instant) -> float:
        """Return the hold of an ejection: twice the last one's where that was just lifted."""
        rule = self.rule
        if now - self._recovered_at > rule.flapping:
            return 0.0
        return min(max(self._hold, rule.first) * 2, rule.flapping)

    def _backoff(self, level: int, rng: Random, least: float = 0.0) -> float:
        nominal = self.rule.first * float(1 << min(level, MOST_DOUBLINGS))
        return max(min(nominal, self.rule.most), least) * (1 - JITTER * rng.random())

    def _turn(self, state: State) -> None:
        self.state = state
        self.quiet = False
        self.generation += 1
        self.running = 0
