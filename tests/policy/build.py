"""Small values for the tests of this room: backends, routes, asks, verdicts, dialogues."""

from random import Random
from typing import Any

from proxy.model import (
    GOOD,
    Action,
    Api,
    Ask,
    Backend,
    Cause,
    Change,
    Credential,
    CredentialKind,
    Dialect,
    Fleet,
    HealthChange,
    Instant,
    Limits,
    Match,
    Operation,
    Route,
    Scope,
    Seconds,
    Secret,
    Sent,
    Target,
    Url,
    Verdict,
)
from proxy.policy.attempt import Attempt
from proxy.policy.decision import Decision, Ended, Event, Failed, Ready, Send, Wait, Woke
from proxy.policy.member import Member
from proxy.policy.standing import Standing

LIMITS = Limits(
    connect=Seconds(3.0),
    tls=Seconds(5.0),
    head=Seconds(30.0),
    first_content=Seconds(120.0),
    stall=Seconds(120.0),
    total=Seconds(600.0),
    client_stall=Seconds(120.0),
)


def at(value: float) -> Instant:
    return Instant(value)


def backend(name: str, **fields: Any) -> Backend:
    given: dict[str, Any] = {
        "provider": name,
        "dialect": Dialect.OPENAI,
        "url": Url(tls=True, host=f"{name}.test", port=443, path="/v1"),
        "credential": Credential(kind=CredentialKind.OWN, secret=Secret(f"key-of-{name}")),
        "account": name,
    }
    return Backend(name=name, **{**given, **fields})


def target(name: str, model: str | None = None, **fields: Any) -> Target:
    window = fields.pop("context_window", None)
    return Target(backend=backend(name, **fields), model=model, context_window=window)


def route(*tiers: tuple[Target, ...], **fields: Any) -> Route:
    given: dict[str, Any] = {"name": "chat", "match": Match(), "stream": LIMITS, "unary": LIMITS}
    return Route(tiers=tiers, **{**given, **fields})


def ask(**fields: Any) -> Ask:
    given: dict[str, Any] = {
        "dialect": Dialect.OPENAI,
        "api": Api.CHAT,
        "operation": Operation.GENERATE,
        "method": "POST",
        "path": "/v1/chat/completions",
        "model": "gpt-5",
        "stream": True,
    }
    return Ask(**{**given, **fields})


def fleet(*routes: Route, **fields: Any) -> Fleet:
    backends = {t.backend.name: t.backend for r in routes for tier in r.tiers for t in tier}
    return Fleet(backends=backends, routes=routes, **fields)


def attempt(to: Target, member: Member, **fields: Any) -> Attempt:
    given: dict[str, Any] = {
        "number": 1,
        "tier": 0,
        "started": at(0.0),
        "stream": True,
        "asked": "gpt-5",
        "limits": LIMITS,
    }
    return Attempt(target=to, member=member, **{**given, **fields})


def bad(cause: Cause = Cause.ORIGIN, **fields: Any) -> Verdict:
    given: dict[str, Any] = {"scope": Scope.BACKEND, "action": Action.REROUTE}
    return Verdict(cause=cause, **{**given, **fields})


class Fixed(Random):
    """Chance that always says the same: half way, unless told otherwise."""

    def __init__(self, value: float = 0.0) -> None:
        super().__init__(0)
        self.value = value

    def random(self) -> float:
        return self.value


class World:
    """A standing, what it has told, and one exchange at a time."""

    def __init__(self, *routes: Route, chance: float = 0.0, **fields: Any) -> None:
        self.route = routes[0]
        self.told: list[HealthChange] = []
        self.refused: list[str] = []
        self.lagging = False
        self.fleet = fleet(*routes, **fields)
        self.standing = Standing(
            self.fleet,
            rng=Fixed(chance),
            tell=self.told.append,
            budget_refused=self.refused.append,
            lagging=lambda: self.lagging,
        )

    def eject(self, name: str, now: float = 0.0, verdict: Verdict | None = None) -> None:
        """Have a backend fail until it is out."""
        only = next(t for tier in self.route.tiers for t in tier if t.backend.name == name)
        alone = route((only,), name=f"only {name}", attempts=1)
        before = len(self.told)
        for _ in range(5):
            dialogue = self.exchange(now, of=alone)
            dialogue.fails(now, 1, verdict)
            dialogue.close(now)
            if any(change.change is Change.EJECTED for change in self.told[before:]):
                break

    def cool(self, name: str, now: float, told: float) -> None:
        """Have a backend say that it wants to be left alone."""
        only = next(t for tier in self.route.tiers for t in tier if t.backend.name == name)
        dialogue = self.exchange(now, of=route((only,), name=f"only {name}", attempts=1))
        cooldown = Seconds(told)
        dialogue.fails(now, 1, bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=cooldown))
        dialogue.close(now)

    def exchange(self, now: float = 0.0, *, of: Route | None = None, **fields: Any) -> "Dialogue":
        how: dict[str, Any] = {
            name: fields.pop(name) for name in ("sticky", "replayable") if name in fields
        }
        return Dialogue(self, of or self.route, now, ask(**fields), how)


class Dialogue:
    """One exchange: say an event at an instant, see the decisions."""

    def __init__(self, world: World, of: Route, now: float, asked: Ask, how: Any) -> None:
        self.failover = world.standing.begin(asked, of, at(now), **how)
        self.first = self.failover.begin(at(now))

    def on(self, now: float, event: Event) -> tuple[Decision, ...]:
        return self.failover.on(event, at(now))

    def fails(
        self, now: float, number: int, verdict: Verdict | None = None, **fields: Any
    ) -> tuple[Decision, ...]:
        given: dict[str, Any] = {"sent": Sent.HEAD_SEEN, **fields}
        return self.on(now, Failed(number=number, verdict=verdict or bad(), **given))

    def waits(self, decisions: tuple[Decision, ...]) -> tuple[float, tuple[Decision, ...]]:
        """Sleep as decided; return when that ended and what follows."""
        (wait,) = decisions
        assert isinstance(wait, Wait)
        return wait.until, self.on(wait.until, Woke())

    def succeeds(self, now: float, number: int = 1) -> None:
        self.on(now, Ready(number=number))
        self.on(now, Ended(number=number, verdict=GOOD))
        self.close(now)

    def close(self, now: float = 0.0) -> None:
        self.failover.close(at(now))


def sends(decisions: tuple[Decision, ...]) -> list[str]:
    """Return what is sent: `number target`, with what is special about it."""
    return [
        f"{d.number} {d.target}" + " fresh" * d.fresh + " hedge" * d.hedge + " probe" * d.probe
        for d in decisions
        if isinstance(d, Send)
    ]
