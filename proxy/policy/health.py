"""The health of all backends: who may be used, and who is charged for what.

Health is kept for each backend, each model of a backend that has failed, and each key (backends of
one account with the same key share it). It is told of attempts, asks `blame` whom a verdict
condemns, moves the breakers, and tells its listener of every change. It never learns which
exchange an attempt belongs to, nor chooses between targets.
"""

from collections.abc import Callable, Iterator
from random import Random

from proxy.model import (
    Ask,
    Backend,
    Cause,
    Change,
    CredentialKind,
    Fleet,
    HealthChange,
    Instant,
    Limits,
    Scope,
    Seconds,
    Secret,
    Sent,
    Target,
    Verdict,
)
from proxy.policy.attempt import Attempt
from proxy.policy.blame import LOCAL, Charge, charge, condemned, told_cooldown
from proxy.policy.breaker import Breaker, Gate
from proxy.policy.member import Member
from proxy.policy.offline import ALIKE_WITHIN, Offline, unreached

LEASE_GRACE = Seconds(1.0)
"""A probe's lease outlives the attempt's own limits by this, for a timer that fires late."""

_OPEN, _FULL = Gate.OPEN, Gate.FULL
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every exchange asks."""

KeyName = tuple[str, Secret | str | None]
"""An account, and its key: our own, the name of the client that brings one, or none."""


class Health:
    """The standing of everything that an attempt can meet."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        rng: Random,
        tell: Callable[[HealthChange], None],
        lagging: Callable[[], bool] = lambda: False,
    ) -> None:
        """`lagging` says whether our own loop lags: what looks slow may then be ourselves.

        What a backend has said or done holds all the same, or nobody would be ejected under load.
        """
        self.offline = Offline()
        self.members: dict[str, Member] = {}
        self.keys: dict[KeyName, Breaker] = {}
        self._rng = rng
        self._tell = tell
        self._lagging = lagging
        self.adopt(fleet)

    def adopt(self, fleet: Fleet) -> None:
        """Go on under a new table; what is unchanged in it keeps its state."""
        self._fleet = fleet
        own = {_key_name(backend, "") for backend in fleet.backends.values()}
        self.keys = {
            name: breaker
            for name, breaker in self.keys.items()
            if name in own or isinstance(name[1], str)
        }
        for breaker in self.keys.values():
            breaker.adopt(fleet.ejection)
        self.members = {name: self._adopted(backend) for name, backend in fleet.backends.items()}

    def _adopted(self, backend: Backend) -> Member:
        member = self.members.get(backend.name)
        if member is None or member.backend.url != backend.url:
            return self._new(backend)
        member.adopt(backend, self._fleet.ejection, self._fleet.budget)
        member.key = self._own_key(backend)
        return member

    def _new(self, backend: Backend) -> Member:
        fleet = self._fleet
        return Member(backend, fleet.ejection, fleet.budget, self._own_key(backend))

    # --- asked -------------------------------------------------------------------------------

    def member(self, backend: Backend) -> Member:
        """Return the living side of a backend.

        An exchange that began under an older table may name one that is gone or has moved since:
        that one gets a state of its own, for this call only.
        """
        member = self.members.get(backend.name)
        if member is not None and (member.backend is backend or member.backend.url == backend.url):
            return member
        return self._new(backend)

    def all_breakers(self, member: Member) -> Iterator[Breaker]:
        """Yield everything that is remembered about a backend, its clients' keys included."""
        backend = member.backend
        yield member.health
        for (account, key), breaker in self.keys.items():
            brought = isinstance(key, str) and backend.credential.kind is CredentialKind.CLIENT
            if breaker is member.key or (account == backend.account and brought):
                yield breaker
        yield from member.models.values()

    def breakers(self, member: Member, target: Target, ask: Ask) -> list[Breaker]:
        """Return all that must let an attempt in."""
        key = member.key
        if key is None or member.backend is not target.backend:
            key = self._key(target.backend, ask.client)
        if not member.models:
            return [member.health, key]
        model = member.models.get(target.served_model(ask.model) or "")
        return [member.health, key] if model is None else [member.health, key, model]

    def gate(self, target: Target, ask: Ask, now: Instant) -> Gate:
        """Say what an attempt at `target` would meet."""
        member = self.member(target.backend)
        worst = _FULL if member.full() else _OPEN
        for breaker in self.breakers(member, target, ask):
            if not breaker.quiet:
                worst = max(worst, breaker.gate(now))
        return worst

    # --- told of attempts; the plain case of a quiet breaker is handled in place: it is hot ----

    def first(self, target: Target, ask: Ask, limits: Limits, now: Instant) -> Attempt | None:
        """Count the first attempt of an exchange in, paid for by nobody, where all is plain well.

        What `gate` and `enter` would do then, at once; None: nothing was done, and they are asked.
        """
        backend = target.backend
        member = self.members.get(backend.name)
        if member is None or member.backend is not backend or member.models or member.full():
            return None
        health, key = member.health, member.key or self._key(backend, ask.client)
        if not health.quiet or not key.quiet:
            return None
        member.in_flight += 1
        member.budget.earn(now)
        health.running += 1
        key.running += 1
        return Attempt(
            number=1,
            target=target,
            tier=0,
            member=member,
            started=now,
            stream=ask.stream,
            asked=ask.model,
            limits=limits,
            held=[(health, health.generation), (key, key.generation)],
        )

    def enter(self, attempt: Attempt, ask: Ask, now: Instant) -> None:
        """Count an attempt in; it becomes the probe of whatever is out of rotation."""
        member = attempt.member
        member.in_flight += 1
        for breaker in self.breakers(member, attempt.target, ask):
            if breaker.quiet:
                breaker.running += 1
            elif breaker.enter(now, _lease(attempt.limits)):
                attempt.probe = True
                self._told(attempt, breaker, Change.PROBING, now)
            attempt.held.append((breaker, breaker.generation))

    def ready(self, attempt: Attempt, now: Instant) -> None:
        """Hear of first content, or of a whole unary answer: a probe has succeeded."""
        if attempt.rung is None:  # to a seam it takes as long as the text before it
            attempt.member.latency[attempt.stream].answered(Seconds(now - attempt.started), now)
        if self.offline.recent:
            self.offline.answered()
        for index, (breaker, generation) in enumerate(attempt.held):
            if (breaker.silences or not breaker.quiet) and breaker.ready(generation, now):
                attempt.held[index] = (breaker, breaker.generation)
                self._told(attempt, breaker, Change.RECOVERED, now)

    def succeeded(self, attempt: Attempt, now: Instant) -> None:
        """Hear that an answer has come to its good end."""
        for breaker, generation in attempt.held:
            if breaker.succeed(generation, now):
                self._told(attempt, breaker, Change.RECOVERED, now)
        self.leave(attempt)

    def failed(
        self, attempt: Attempt, verdict: Verdict, sent: Sent, now: Instant, *, silent: bool
    ) -> bool:
        """Hear of a failure; return whether our own machine is to blame."""
        if sent >= Sent.HEAD_SEEN:
            self.offline.answered()
        ours = self._is_ours(attempt, verdict, sent, now, silent)
        how = charge(verdict, attempt.target.backend.credential.kind)
        if how is Charge.FAIL and self._is_forgiven(verdict, ours, silent):
            how = Charge.NOTHING
        if how is not Charge.NOTHING:
            # A cut one was in time with its first content: only that it failed counts.
            late = 0.0 if sent is Sent.CONTENT_SEEN else now - attempt.started
            attempt.member.latency[attempt.stream].failed(Seconds(late), now)
            self._charge(attempt, verdict, how, silent, now)
        self.leave(attempt)
        return ours

    def leave(self, attempt: Attempt) -> None:
        """Count an attempt out, charged to nobody; told again it does nothing."""
        if attempt.open:
            attempt.open = False
            attempt.member.in_flight -= 1
            for breaker, generation in attempt.held:
                if not breaker.quiet:
                    breaker.leave(generation)
                elif generation == breaker.generation:
                    breaker.running -= 1

    # --- inside ------------------------------------------------------------------------------

    def _charge(
        self, attempt: Attempt, verdict: Verdict, how: Charge, silent: bool, now: Instant
    ) -> None:
        scope = condemned(verdict, attempt.target.backend.credential.kind)
        for breaker, generation in self._concerned(attempt, scope):
            if breaker.scope is not scope:
                # Whatever the provider did wrong, the trial was not passed.
                if breaker.fail_probe(generation, now, self._rng):
                    self._told(attempt, breaker, Change.EJECTED, now, verdict)
                continue
            told = told_cooldown(verdict)
            cooled = (how is Charge.COOL or told is not None) and breaker.cool(told, now, self._rng)
            if how is Charge.COOL:
                ejected = breaker.fail_probe(generation, now, self._rng)
            elif how is Charge.EJECT:
                ejected = breaker.condemn(generation, now, self._rng)
            else:
                ejected = breaker.fail(generation, now, self._rng, silent=silent)
            if ejected or cooled:
                change = Change.EJECTED if ejected else Change.COOLED
                self._told(attempt, breaker, change, now, verdict)

    def _concerned(self, attempt: Attempt, scope: Scope) -> Iterator[tuple[Breaker, int]]:
        yield from attempt.held
        if scope is Scope.MODEL and all(b.scope is not scope for b, _ in attempt.held):
            # Its first failure: generation 0 is the one in which every breaker begins.
            yield attempt.member.model(attempt.target.served_model(attempt.asked) or ""), 0

    def _is_forgiven(self, verdict: Verdict, ours: bool, silent: bool) -> bool:
        if verdict.cause in LOCAL:
            return False  # what it costs stands in the table of blame
        return ours or ((silent or verdict.cause is Cause.TIMEOUT) and self._lagging())

    def _is_ours(
        self, attempt: Attempt, verdict: Verdict, sent: Sent, now: Instant, silent: bool
    ) -> bool:
        if verdict.cause in LOCAL:
            return True
        failure = unreached(attempt.target.backend, verdict.cause, sent, now, silent=silent)
        if failure is None or not self.offline.unreached(failure):
            return False
        for other in self.offline.recent:
            # What was counted before the likeness showed is taken back.
            breaker = self.member(other.backend).health
            if breaker.verdict.cause is verdict.cause and now - breaker.since <= ALIKE_WITHIN:
                breaker.pardon(now)
        return True

    def _told(
        self,
        attempt: Attempt,
        breaker: Breaker,
        change: Change,
        now: Instant,
        verdict: Verdict | None = None,
    ) -> None:
        if verdict is not None:
            breaker.verdict = verdict
        out = change in {Change.EJECTED, Change.COOLED}
        self._tell(
            HealthChange(
                change=change,
                scope=breaker.scope,
                backend=attempt.target.backend.name,
                model=breaker.model,
                verdict=breaker.verdict,
                at=now,
                until=breaker.back_at(now) if out else None,
            )
        )

    def _own_key(self, backend: Backend) -> Breaker | None:
        if backend.credential.kind is CredentialKind.CLIENT:
            return None
        return self._key(backend, "")

    def _key(self, backend: Backend, client: str) -> Breaker:
        name = _key_name(backend, client)
        breaker = self.keys.get(name)
        if breaker is None:
            breaker = Breaker(self._fleet.ejection, Scope.KEY, backend.name)
            self.keys[name] = breaker
        return breaker


def _lease(limits: Limits) -> Seconds:
    phases = limits.connect + limits.tls + limits.head + limits.first_content
    return Seconds(min(phases, limits.total) + LEASE_GRACE)


def _key_name(backend: Backend, client: str) -> KeyName:
    credential = backend.credential
    if credential.kind is CredentialKind.CLIENT:
        return backend.account, client
    return backend.account, credential.secret
