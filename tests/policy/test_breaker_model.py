"""Every order of four callers and of time, against a small model of what a breaker is.

The model is the textbook in a few lines. The real breaker is taken through the same transitions,
and in each state reached both must say the same at the door. The three bugs that every young
breaker has (many probes, a late success that closes, a lost probe that wedges) are states here.
"""

from collections import deque
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache

from proxy.model import Ejection, Scope, Seconds
from proxy.policy.breaker import SLOW_START, Breaker, Gate, State
from tests.policy.build import Fixed, at

CALLERS = 4
FAILURES = 3
LEASE = Seconds(10.0)
RULE = Ejection(consecutive=FAILURES, minimum=10**6, flapping=Seconds(0.0))
CALM = Fixed(0.0)


@dataclass(frozen=True)
class Model:
    """What matters: times are only passed or not, generations only current or not."""

    state: State = State.CLOSED
    failures: int = 0
    due: bool = False
    """Ejected and its time has passed; or probing and the lease has."""
    ramping: bool = False
    callers: tuple[str, ...] = ("idle",) * CALLERS
    """`idle`, `now` (of this generation), or `old`."""

    def gate(self) -> Gate:
        if self.state is State.CLOSED:
            full = self.ramping and "now" in self.callers
            return Gate.RAMPING if full else Gate.OPEN
        return Gate.PROBE if self.due else Gate.OUT

    def turn(self, state: State, **fields: object) -> "Model":
        callers = tuple("old" if c == "now" else c for c in self.callers)
        clean = Model(state=state, callers=callers)
        return replace(clean, **fields)  # type: ignore[arg-type]

    def put(self, caller: int, what: str) -> "Model":
        callers = list(self.callers)
        callers[caller] = what
        return replace(self, callers=tuple(callers))


@dataclass
class Pair:
    """The model, and the real thing beside it."""

    model: Model
    real: Breaker
    now: float
    held: list[int]

    def copy(self) -> "Pair":
        return Pair(self.model, deepcopy(self.real), self.now, list(self.held))


def enters(pair: Pair, caller: int) -> bool:
    if pair.model.callers[caller] != "idle" or pair.model.gate() > Gate.PROBE:
        return False
    if pair.model.state is not State.CLOSED:
        pair.model = pair.model.turn(State.PROBING)
    pair.model = pair.model.put(caller, "now")
    pair.real.enter(at(pair.now), LEASE)
    pair.held[caller] = pair.real.generation
    return True


def is_ready(pair: Pair, caller: int) -> bool:
    if pair.model.callers[caller] == "idle":
        return False
    current = pair.model.callers[caller] == "now"
    recovers = current and pair.model.state is State.PROBING
    if recovers:
        pair.model = pair.model.turn(State.CLOSED, ramping=True).put(caller, "now")
    assert pair.real.ready(pair.held[caller], at(pair.now)) is recovers
    if recovers:
        pair.held[caller] = pair.real.generation
    return True


def succeeds(pair: Pair, caller: int) -> bool:
    """Only what has been ready can succeed: a probe never does without."""
    current = pair.model.callers[caller] == "now"
    if pair.model.callers[caller] == "idle" or (current and pair.model.state is State.PROBING):
        return False
    if current:
        pair.model = replace(pair.model, failures=0)
    pair.model = pair.model.put(caller, "idle")
    pair.real.succeed(pair.held[caller], at(pair.now))
    pair.real.leave(pair.held[caller])
    return True


def fails(pair: Pair, caller: int) -> bool:
    if pair.model.callers[caller] == "idle":
        return False
    current = pair.model.callers[caller] == "now"
    failures = pair.model.failures + 1
    ejects = current and (pair.model.state is State.PROBING or failures >= FAILURES)
    pair.model = pair.model.put(caller, "idle")
    if ejects:
        pair.model = pair.model.turn(State.EJECTED)
    elif current:
        pair.model = replace(pair.model, failures=failures)
    assert pair.real.fail(pair.held[caller], at(pair.now), CALM) is ejects
    pair.real.leave(pair.held[caller])
    return True


def is_lost(pair: Pair, caller: int) -> bool:
    """The client goes, the task is killed: `finally` gives the lease back."""
    if pair.model.callers[caller] == "idle":
        return False
    current = pair.model.callers[caller] == "now"
    pair.model = pair.model.put(caller, "idle")
    if current and pair.model.state is State.PROBING:
        pair.model = pair.model.turn(State.EJECTED, due=True)
    pair.real.leave(pair.held[caller])
    return True


def time_passes(pair: Pair, _: int) -> bool:
    """Time passes until the next thing that time alone changes."""
    model = pair.model
    if model.state is State.CLOSED and model.ramping:
        pair.now += SLOW_START
        pair.model = replace(model, ramping=False)
    elif model.state is State.EJECTED and not model.due:
        pair.now = pair.real.until
        pair.model = replace(model, due=True)
    elif model.state is State.PROBING and not model.due:
        pair.now += LEASE
        pair.model = replace(model, due=True)
    else:
        return False
    return True


def agree(pair: Pair) -> None:
    model, real = pair.model, pair.real
    assert real.state is model.state
    assert real.gate(at(pair.now)) is model.gate()
    assert real.consecutive == model.failures or model.state is not State.CLOSED
    running = sum(c == "now" for c in model.callers)
    assert real.running == running
    assert model.state is not State.PROBING or running == 1, "one live probe"
    assert model.state is not State.EJECTED or running == 0


STEPS = (enters, is_ready, succeeds, fails, is_lost)


@cache
def explore() -> dict[Model, Pair]:
    start = Pair(Model(), Breaker(RULE, Scope.BACKEND, "p"), 1000.0, [0] * CALLERS)
    seen = {start.model: start}
    todo = deque([start])
    while todo:
        before = todo.popleft()
        moves = [(step, caller) for step in STEPS for caller in range(CALLERS)]
        for step, caller in [*moves, (time_passes, 0)]:
            after = before.copy()
            if not step(after, caller):
                continue
            agree(after)
            if after.model not in seen:
                seen[after.model] = after
                todo.append(after)
    return seen


def test_the_breaker_is_its_model_in_every_state() -> None:
    seen = explore()
    assert len(seen) > 400
    assert {model.state for model in seen} == set(State)


def test_closed_is_reachable_from_every_state() -> None:
    for found in explore().values():
        pair = found.copy()
        for caller in range(CALLERS):
            is_lost(pair, caller)
        for _ in range(3):
            time_passes(pair, 0)
        if pair.model.state is not State.CLOSED:
            assert enters(pair, 0)
            assert is_ready(pair, 0)
        agree(pair)
        assert pair.real.state is State.CLOSED
