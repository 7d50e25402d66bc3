"""What would become of a request: the live path's own decisions, asked without a network.

The request is read by the dialects, routed and failed over by the policy, and rendered for each
target, by the same functions as in a running Faultline; here is only who asks them and what they
said. Nothing is known of the standing of a running one: all backends are well but those that the
caller says are down. What it looks like on a screen stands in `explain.py`.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from random import Random

from proxy.dialects.ask import read_ask, with_body
from proxy.dialects.headers import request_headers
from proxy.dialects.peek import Peek
from proxy.dialects.recognise import recognise
from proxy.dialects.render import render
from proxy.dialects.static import static_answer
from proxy.edge.body import MemoryBody
from proxy.model import (
    Action,
    Ask,
    Cause,
    Fleet,
    Headers,
    Instant,
    Limits,
    Operation,
    Refusal,
    Route,
    Scope,
    Sent,
    Target,
    Verdict,
)
from proxy.policy.decision import Failed, Refuse, Send, Substitute, Wait, Woke
from proxy.policy.routing import find_route, mismatches
from proxy.policy.standing import Standing

DOWN = Verdict(
    cause=Cause.ORIGIN, scope=Scope.BACKEND, action=Action.REROUTE, evidence="said to be down"
)
"""What each backend that is down is taken to answer: a 502."""
DEFAULT = "default"
DEADLINE = "the app's own deadline"
HIDDEN = "***"
OWN = frozenset({b"via", b"accept-encoding"})
"""Fields whose values are Faultline's own; of all others only the name is shown, for a backend's
`headers` may hold a secret under any name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A route that was asked, and what does not fit; nothing where it takes the request."""

    route: str
    mismatch: str
    wants: str
    """The value that the route asks for there."""
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One attempt, in the order in which they would be made."""

    target: str
    tier: int
    """From 1."""
    fate: str
    """`fails`, `answers`, or `spare`: the next if those before it failed too."""
    why: str
    waited: float
    """Seconds that are waited on purpose before it."""
    origin: str
    method: str
    url: str
    model: str | None
    removed: tuple[str, ...]
    """Names of the app's header fields that do not pass."""
    added: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A target that would never be tried."""

    target: str
    tier: int
    why: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A limit that holds, and where it comes from."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is known about a request before it is sent."""

    method: str
    path: str
    dialect: str
    operation: str
    model: str | None
    stream: bool
    asked: tuple[Asked, ...]
    route: str | None
    """None: no route takes it; empty: the one made for what no route knows."""
    steps: tuple[Step, ...]
    left: tuple[Left, ...]
    refused: str
    """Why nothing is left when all that is down has failed; empty where a target answers."""
    static: str
    """The table's own text that the app gets instead of the refusal; empty: none."""
    settings: tuple[Setting, ...]


def read(
    method: str, path: str, headers: Headers, model: str | None, *, stream: bool
) -> Refusal | Ask:
    """Read a request as the data port does; the body is the least that says model and stream."""
    recognition = recognise(method, path, headers)
    if isinstance(recognition, Refusal):
        return recognition
    body = body_of(model, stream=stream)
    peek = Peek(headers)
    peek.feed(body)
    peeked = peek.finish() if recognition.reads_body else None
    if isinstance(peeked, Refusal):
        return peeked
    ask = read_ask(recognition, headers, method=method, client="")
    return with_body(ask, peeked, len(body))


def body_of(model: str | None, *, stream: bool) -> bytes:
    """Return the body that stands for the request's."""
    named = {} if model is None else {"model": model}
    return json.dumps({**named, "stream": stream}).encode()


def explain(fleet: Fleet, ask: Ask, down: Collection[str]) -> Explanation:
    """Say what becomes of `ask` while the backends of the names in `down` fail."""
    route = find_route(fleet, ask)
    walk = Walk(fleet, ask, route, down) if route is not None else None
    return Explanation(
        method=ask.method,
        path=ask.path,
        dialect=ask.dialect,
        operation=ask.operation,
        model=ask.model,
        stream=ask.stream,
        asked=tuple(_asked(fleet, ask)),
        route=None if route is None else route.name,
        steps=() if walk is None else tuple(walk.steps),
        left=() if walk is None else tuple(walk.left()),
        refused="no_route" if walk is None else walk.refused,
        static="" if walk is None or not walk.refused else walk.static,
        settings=() if walk is None else tuple(walk.settings()),
    )


def _asked(fleet: Fleet, ask: Ask) -> Iterator[Asked]:
    for route, what in mismatches(fleet, ask):
        match = route.match
        wanted = {name.decode(): value for name, value in match.headers}
        key = what.removeprefix("header ")
        wants = wanted[key] if key != what else str(getattr(match, what, None) or "")
        origin = origin_of(
            fleet.origins, f"routes.{route.name}.match.{key}", f"routes.{route.name}"
        )
        yield Asked(route=route.name, mismatch=what, wants=wants, origin=origin)


class Walk:
    """One exchange led through its route while every attempt fails; who answers is noted."""

    def __init__(self, fleet: Fleet, ask: Ask, route: Route, down: Collection[str]) -> None:
        self.steps: list[Step] = []
        self.refused = ""
        self.static = ""
        self._fleet = fleet
        self._ask = ask
        self._route = route
        self._down = down
        self._limits: Limits | None = None
        self._last = ""
        self._answered = False
        self._go()

    def _go(self) -> None:
        now, waited = Instant(0.0), 0.0
        standing = Standing(self._fleet, rng=Random(0))  # noqa: S311 - the same answer each time
        failover = standing.begin(self._ask, self._route, now, sticky=lambda: "explain")
        decisions = failover.begin(now)
        while decisions:
            match decisions[0]:
                case Send() as send:
                    self._note(send, waited)
                    waited = 0.0
                    failed = Failed(number=send.number, verdict=DOWN, sent=Sent.HEAD_SEEN)
                    decisions = failover.on(failed, now)
                case Wait(until=until):
                    waited += until - now
                    now = until
                    decisions = failover.on(Woke(), now)
                case Refuse(why=why):
                    self._last, decisions = why, ()
                case Substitute(text=text, instead_of=refuse):
                    self._last, decisions = refuse.why, ()
                    self.static = text if static_answer(self._ask, text) else ""
                case other:  # never after an attempt that failed
                    raise AssertionError(other)
        failover.close(now)
        if not self._answered:
            self.refused = self._last

    def _note(self, send: Send, waited: float) -> None:
        target, backend = send.target, send.target.backend
        fate = "spare" if self._answered else "answers"
        if not self._answered and backend.name in self._down:
            fate = "fails"
        self._answered = self._answered or fate == "answers"
        if self._limits is None:
            self._limits = send.limits
        tier = self._tier(target)
        data = body_of(self._ask.model, stream=self._ask.stream)
        rendered = render(self._ask, MemoryBody(data), target)
        sent = request_headers(self._ask, backend)
        scheme = "https" if backend.url.tls else "http"
        self.steps.append(
            Step(
                target=str(target),
                tier=tier + 1,
                fate=fate,
                why=self._why_next(target, tier),
                waited=waited,
                origin=self._origin(target),
                method=self._ask.method,
                url=f"{scheme}://{backend.url.authority}{rendered.target.decode()}",
                model=target.served_model(self._ask.model),
                removed=_removed(self._ask.headers, sent),
                added=_added(self._ask.headers, sent),
            )
        )

    def _why_next(self, target: Target, tier: int) -> str:
        before = self.steps[-1] if self.steps else None
        if any(step.target == str(target) for step in self.steps):
            return "once more, before its tier is left"
        if before is not None and before.tier == tier + 1:
            return f"an equal of {before.target}"
        equals = len(self._route.tiers[tier])
        first = {"first": "first in the table's order", "spread": "drawn by weight"}
        chosen = first.get(self._route.balance, "the less busy of two")
        how = chosen if equals > 1 else "the only one of its tier"
        return how if before is None else f"{how}; tier {before.tier} is spent"

    def left(self) -> Iterator[Left]:
        """Yield the targets that are never tried, and why."""
        tried = {step.target for step in self.steps}
        for tier, targets in enumerate(self._route.tiers):
            for target in targets:
                if str(target) not in tried:
                    yield Left(
                        target=str(target),
                        tier=tier + 1,
                        why=self._why_left(target),
                        origin=self._origin(target),
                    )

    def _why_left(self, target: Target) -> str:
        ask = self._ask
        if ask.backend is not None and target.backend.name != ask.backend:
            return f"x-faultline-backend demands {ask.backend}"
        if ask.no_failover:
            return "x-faultline-no-failover allows one attempt only"
        if ask.operation is Operation.STATEFUL:
            return "what the call refers to lies with another backend"
        if len(self.steps) >= self._route.attempts:
            return f"`attempts: {self._route.attempts}` are spent before"
        return f"it ends before, with {self._last}"

    def settings(self) -> Iterator[Setting]:
        """Yield the route's limits as they hold for this request, and where they stand."""
        kind = "stream" if self._ask.stream else "unary"
        table = self._route.limits(self._ask.stream)
        given = self._limits or table
        for name in (field.name for field in fields(Limits)):
            value = getattr(given, name)
            own = value != getattr(table, name)
            origin = DEADLINE if own else self._place(f"limits.{name}", kind)
            yield Setting(name=name, value=f"{value:g} s", origin=origin)
        for name, said in manner(self._route).items():
            yield Setting(name=name, value=said, origin=self._place(name))

    def _place(self, name: str, kind: str = "") -> str:
        """Say where a setting of the route stands: in the route itself, else in the defaults."""
        origins = self._fleet.origins
        for section in (f"routes.{self._route.name}", "defaults"):
            whole = f"{section}.{name}"
            by_kind = any(f"{whole}.{other}" in origins for other in ("stream", "unary"))
            place = f"{whole}.{kind}" if by_kind else whole
            if place in origins:
                return origins[place]
        return DEFAULT

    def _tier(self, target: Target) -> int:
        tiers = enumerate(self._route.tiers)
        return next(tier for tier, targets in tiers if any(t is target for t in targets))

    def _origin(self, target: Target) -> str:
        tier = self._tier(target)
        equals = self._route.tiers[tier]
        index = next(index for index, other in enumerate(equals) if other is target)
        place = f"routes.{self._route.name}.tiers.{tier}"
        backend = f"backends.{target.backend.name}"
        return origin_of(self._fleet.origins, f"{place}.{index}", place, backend)


def manner(route: Route) -> dict[str, str]:
    """Say how a route treats its requests, in the words of the table."""
    hedge = route.hedge
    after = "auto" if hedge is None or hedge.after is None else f"{hedge.after:g} s"
    return {
        "attempts": str(route.attempts),
        "patience": f"{route.patience:g} s",
        "replay": route.replay,
        "balance": route.balance,
        "sticky": "auto" if route.sticky else "none",
        "hedge": "none" if hedge is None else f"after {after}",
        "resume": ", ".join(route.resume) or "none",
    }


def origin_of(origins: Mapping[str, str], *places: str) -> str:
    """Return where the first of `places` that is in the table stands."""
    return next((origins[place] for place in places if place in origins), DEFAULT)


def _removed(asked: Headers, sent: Headers) -> tuple[str, ...]:
    kept = set(sent)
    return tuple(name.decode("latin-1") for name, value in asked if (name, value) not in kept)


def _added(asked: Headers, sent: Headers) -> tuple[tuple[str, str], ...]:
    own = set(asked)
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1") if name in OWN else HIDDEN)
        for name, value in sent
        if (name, value) not in own
    )
