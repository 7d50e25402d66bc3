"""Who is charged, where, and what is told of it."""

from typing import Any

import pytest
from msgspec import structs

from proxy.model import (
    Action,
    Cause,
    Change,
    Credential,
    CredentialKind,
    Ejection,
    Fleet,
    HealthChange,
    Scope,
    Seconds,
    Secret,
    Sent,
    Target,
    Url,
    Verdict,
)
from proxy.policy.attempt import Attempt
from proxy.policy.breaker import Gate
from proxy.policy.health import Health
from tests.policy import build
from tests.policy.build import LIMITS, Fixed, ask, at, bad, fleet, route, target

A, B = target("a"), target("b")
A2 = target("a2", account="a", credential=A.backend.credential)


class Clinic:
    """A health, what it has told, and attempts made in one line."""

    def __init__(self, *targets: Target) -> None:
        self.told: list[HealthChange] = []
        self.fleet: Fleet = fleet(route(targets))
        self.lagging = False
        self.health = Health(
            self.fleet, rng=Fixed(0.0), tell=self.told.append, lagging=lambda: self.lagging
        )

    def enter(self, to: Target, now: float = 0.0, **fields: Any) -> Attempt:
        asked = ask(**fields)
        attempt = build.attempt(
            to,
            self.health.member(to.backend),
            started=at(now),
            stream=asked.stream,
            asked=asked.model,
        )
        self.health.enter(attempt, asked, at(now))
        return attempt

    def fail(
        self, to: Target, verdict: Verdict, now: float = 0.0, times: int = 1, **fields: Any
    ) -> bool:
        silent, sent = fields.pop("silent", False), fields.pop("sent", Sent.HEAD_SEEN)
        ours = False
        for _ in range(times):
            attempt = self.enter(to, now, **fields)
            ours = self.health.failed(attempt, verdict, sent, at(now), silent=silent)
        return ours

    def succeed(self, to: Target, now: float, **fields: Any) -> None:
        attempt = self.enter(to, now, **fields)
        self.health.ready(attempt, at(now))
        self.health.succeeded(attempt, at(now))

    def gate(self, to: Target, now: float = 0.0, **fields: Any) -> Gate:
        return self.health.gate(to, ask(**fields), at(now))

    @property
    def changes(self) -> list[tuple[Change, Scope, str, str | None]]:
        return [(c.change, c.scope, c.backend, c.model) for c in self.told]


def test_f6_a_broken_model_condemns_only_itself() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(scope=Scope.MODEL), times=5)
    assert clinic.gate(A) is Gate.OUT
    assert clinic.gate(A, model="gpt-4") is Gate.OPEN
    assert clinic.changes == [(Change.EJECTED, Scope.MODEL, "a", "gpt-5")]


def test_a_model_is_known_by_the_name_it_is_served_under() -> None:
    renamed = target("a", models={"gpt-5": "deployment", "gpt-5-latest": "deployment"})
    clinic = Clinic(renamed)
    clinic.fail(renamed, bad(Cause.MODEL_NOT_FOUND, scope=Scope.MODEL))
    assert clinic.gate(renamed, model="gpt-5-latest") is Gate.OUT
    assert clinic.told[0].model == "deployment"


def test_a_call_without_a_model_has_one_standing_too() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(scope=Scope.MODEL), times=5, model=None)
    assert clinic.gate(A, model=None) is Gate.OUT
    assert clinic.gate(A) is Gate.OPEN


def test_what_began_before_a_models_first_failure_is_counted_but_once_ejected_no_more() -> None:
    clinic = Clinic(A)
    attempts = [clinic.enter(A) for _ in range(7)]
    for attempt in attempts:
        clinic.health.failed(attempt, bad(scope=Scope.MODEL), Sent.HEAD_SEEN, at(0.0), silent=False)
    assert len(clinic.told) == 1
    assert clinic.told[0].until == 1.0


def test_a_502_condemns_the_backend() -> None:
    clinic = Clinic(A, B)
    clinic.fail(A, bad(), times=5)
    assert clinic.gate(A, model="gpt-4") is Gate.OUT
    assert clinic.gate(B) is Gate.OPEN


def test_f7_a_refused_key_is_ejected_at_once_for_all_of_its_account() -> None:
    clinic = Clinic(A, A2, B)
    clinic.fail(A, bad(Cause.AUTH, scope=Scope.KEY))
    assert clinic.gate(A) is Gate.OUT
    assert clinic.gate(A2) is Gate.OUT
    assert clinic.gate(B) is Gate.OPEN
    assert clinic.changes == [(Change.EJECTED, Scope.KEY, "a", None)]


def test_another_key_of_the_same_account_is_another_key() -> None:
    other = target("a3", account="a")
    clinic = Clinic(A, other)
    clinic.fail(A, bad(Cause.AUTH, scope=Scope.KEY))
    assert clinic.gate(other) is Gate.OPEN


def test_clients_own_keys_stand_for_themselves() -> None:
    own = target("c", credential=Credential(kind=CredentialKind.CLIENT))
    clinic = Clinic(own)
    limited = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(20.0))
    clinic.fail(own, limited, client="alice")
    assert clinic.gate(own, client="alice") is Gate.COOLING
    assert clinic.gate(own, client="bob") is Gate.OPEN


@pytest.mark.parametrize("cause", [Cause.BAD_REQUEST, Cause.CONTENT_POLICY, Cause.CONTEXT_LENGTH])
def test_the_clients_fault_charges_nobody(cause: Cause) -> None:
    clinic = Clinic(A)
    verdict = bad(cause, scope=Scope.REQUEST, action=Action.PASS_THROUGH)
    clinic.fail(A, verdict, times=50)
    assert clinic.gate(A) is Gate.OPEN
    assert clinic.told == []
    assert clinic.health.member(A.backend).latency[True].average == 0.0


def test_a_429_cools_as_told_and_is_not_counted() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(20.0)), times=10)
    assert clinic.gate(A, 19.9) is Gate.COOLING
    assert clinic.gate(A, 20.0) is Gate.OPEN
    assert clinic.changes == [(Change.COOLED, Scope.KEY, "a", None)]
    assert clinic.told[0].until == 20.0


def test_the_end_of_a_cooldown_is_told_when_an_answer_proves_it() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(20.0)))
    clinic.succeed(A, 21.0)
    clinic.succeed(A, 22.0)
    assert [c for c, *_ in clinic.changes] == [Change.COOLED, Change.RECOVERED]


def test_a_503_with_a_retry_after_cools_and_is_counted() -> None:
    clinic = Clinic(A)
    verdict = bad(Cause.CAPACITY, cooldown=Seconds(2.0))
    clinic.fail(A, verdict, times=4)
    assert clinic.gate(A) is Gate.COOLING
    clinic.fail(A, verdict)
    assert clinic.gate(A) is Gate.OUT
    assert [c for c, *_ in clinic.changes] == [Change.COOLED, Change.EJECTED]


def test_a_spent_quota_without_an_end_needs_a_probe() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(Cause.QUOTA, scope=Scope.KEY))
    assert clinic.gate(A, 1.0) is Gate.PROBE


def test_f12_f13_a_probe_comes_back_or_gives_its_lease_back() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(), times=5)
    lost = clinic.enter(A, 1.0)
    assert lost.probe
    assert clinic.gate(A, 1.0) is Gate.OUT
    clinic.health.leave(lost)
    clinic.health.leave(lost)
    assert clinic.gate(A, 1.0) is Gate.PROBE
    clinic.succeed(A, 1.0)
    assert clinic.gate(A, 1.0) is Gate.OPEN
    assert [c for c, *_ in clinic.changes] == [
        Change.EJECTED,
        Change.PROBING,
        Change.PROBING,
        Change.RECOVERED,
    ]
    assert [c.until for c in clinic.told] == [1.0, None, None, None]
    assert clinic.health.member(A.backend).in_flight == 0


def test_a_probes_lease_is_the_attempts_own_limits() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(), times=5)
    clinic.enter(A, 1.0)
    limits = LIMITS.connect + LIMITS.tls + LIMITS.head + LIMITS.first_content
    assert clinic.gate(A, 1.0 + limits + 0.999) is Gate.OUT
    assert clinic.gate(A, 1.0 + limits + 1.0) is Gate.PROBE


@pytest.mark.parametrize(
    "verdict",
    [
        bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(1.0)),
        bad(Cause.RATE_LIMIT, scope=Scope.BACKEND),
        bad(scope=Scope.MODEL),
        bad(Cause.AUTH, scope=Scope.KEY),
    ],
)
def test_f14_whatever_the_provider_does_wrong_fails_the_probe(verdict: Verdict) -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(), times=5)
    clinic.fail(A, verdict, 1.0)
    breaker = clinic.health.member(A.backend).health
    assert breaker.until == 3.0
    assert (Change.EJECTED, Scope.BACKEND, "a", None) in clinic.changes[2:]
    assert breaker.verdict is verdict
    whys = [c.verdict for c in clinic.told[2:] if c.change is Change.EJECTED]
    assert whys == [verdict] * len(whys)


def test_the_clients_fault_leaves_a_probe_undecided() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(), times=5)
    clinic.fail(A, bad(Cause.BAD_REQUEST, action=Action.PASS_THROUGH), 1.0)
    assert clinic.gate(A, 1.0) is Gate.PROBE


def test_one_probe_may_try_backend_and_key_at_once() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(), times=4)
    attempts = [clinic.enter(A), clinic.enter(A)]
    clinic.health.failed(attempts[0], bad(), Sent.HEAD_SEEN, at(0.0), silent=False)
    clinic.health.failed(
        attempts[1], bad(Cause.AUTH, scope=Scope.KEY), Sent.HEAD_SEEN, at(0.0), silent=False
    )
    clinic.succeed(A, 5.0)
    recovered = [scope for change, scope, *_ in clinic.changes if change is Change.RECOVERED]
    assert recovered == [Scope.BACKEND, Scope.KEY]
    assert clinic.gate(A, 40.0) is Gate.OPEN


def test_a_cut_after_the_probe_was_ready_is_a_failure_of_the_recovered() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(), times=5)
    probe = clinic.enter(A, 1.0)
    clinic.health.ready(probe, at(1.0))
    clinic.health.failed(probe, bad(), Sent.CONTENT_SEEN, at(2.0), silent=False)
    assert clinic.health.member(A.backend).health.consecutive == 1


def test_while_the_loop_lags_nobody_is_blamed_for_being_slow() -> None:
    clinic = Clinic(A)
    clinic.lagging = True
    clinic.fail(A, bad(Cause.TIMEOUT), times=20, silent=True)
    assert clinic.gate(A) is Gate.OPEN
    clinic.fail(A, bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(5.0)))
    assert clinic.gate(A) is Gate.COOLING, "what was told holds all the same"


@pytest.mark.parametrize("cause", [Cause.CDN_EDGE, Cause.ORIGIN, Cause.TCP])
def test_while_the_loop_lags_what_a_backend_says_or_does_holds(cause: Cause) -> None:
    clinic = Clinic(A)
    clinic.lagging = True
    clinic.fail(A, bad(cause), times=5)
    assert clinic.gate(A) is Gate.OUT


def test_two_silences_eject() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(Cause.TIMEOUT), times=2, silent=True)
    assert clinic.gate(A) is Gate.OUT


def test_what_is_ours_charges_nobody() -> None:
    clinic = Clinic(A)
    assert clinic.fail(A, bad(Cause.LOCAL_NETWORK), times=50)
    assert clinic.gate(A) is Gate.OPEN


def test_a_way_that_a_proxy_closes_is_left_alone_though_it_is_ours() -> None:
    clinic = Clinic(A)
    assert clinic.fail(A, bad(Cause.LOCAL_PROXY, cooldown=Seconds(300.0)), times=4)
    assert clinic.gate(A) is Gate.OPEN
    clinic.fail(A, bad(Cause.LOCAL_PROXY), times=1)
    assert clinic.gate(A) is Gate.OUT
    assert clinic.gate(A, 1.0) is Gate.PROBE


def test_when_the_machine_is_offline_nobody_is_ejected() -> None:
    clinic = Clinic(A, B)
    gone = {"sent": Sent.NOT_SENT, "now": 1.0}
    assert not clinic.fail(A, bad(Cause.DNS), times=7, **gone)
    assert clinic.gate(A, 1.5) is Gate.OUT
    assert clinic.fail(B, bad(Cause.DNS), times=20, **gone)
    assert clinic.gate(B, 1.5) is Gate.OPEN
    assert clinic.gate(A, 1.5) is Gate.PROBE, "taken back: the likeness showed too late"


@pytest.mark.parametrize(("later", "until"), [(5.0, 1005.0), (5.001, 1001.0)])
def test_what_was_ejected_five_seconds_before_the_likeness_is_pardoned(
    later: float, until: float
) -> None:
    clinic = Clinic(A, B)
    clinic.fail(A, bad(Cause.DNS), 1000.0, times=5, sent=Sent.NOT_SENT)
    clinic.fail(B, bad(Cause.DNS), 1000.0 + later, sent=Sent.NOT_SENT)
    assert clinic.health.member(A.backend).health.until == until


def test_what_fell_ill_otherwise_is_not_pardoned() -> None:
    clinic = Clinic(A, B)
    late = clinic.enter(A, 1.0)
    clinic.fail(A, bad(Cause.ORIGIN), times=5, now=1.0)
    clinic.health.failed(late, bad(Cause.DNS), Sent.NOT_SENT, at(1.1), silent=False)
    clinic.fail(B, bad(Cause.DNS), sent=Sent.NOT_SENT, now=1.2)
    assert clinic.gate(A, 1.5) is Gate.OUT


def test_what_was_ejected_before_the_likeness_is_not_pardoned() -> None:
    clinic = Clinic(A, B)
    late = clinic.enter(A, 1.0)
    clinic.fail(A, bad(Cause.DNS), times=5, now=10.0, sent=Sent.NOT_SENT)
    clinic.fail(A, bad(Cause.DNS), times=1, now=12.0, sent=Sent.NOT_SENT)
    breaker = clinic.health.member(A.backend).health
    until = breaker.until
    clinic.health.failed(late, bad(Cause.DNS), Sent.NOT_SENT, at(16.0), silent=False)
    clinic.fail(B, bad(Cause.DNS), sent=Sent.NOT_SENT, now=16.0)
    assert breaker.until == until


def test_an_answer_ends_the_suspicion() -> None:
    clinic = Clinic(A, B)
    clinic.fail(A, bad(Cause.DNS), sent=Sent.NOT_SENT)
    clinic.succeed(A, 0.1)
    assert not clinic.fail(B, bad(Cause.DNS), sent=Sent.NOT_SENT, now=0.2)


def test_even_an_error_is_an_answer() -> None:
    clinic = Clinic(A, B)
    clinic.fail(A, bad(Cause.DNS), sent=Sent.NOT_SENT)
    clinic.fail(A, bad(), 0.1)
    assert not clinic.fail(B, bad(Cause.DNS), sent=Sent.NOT_SENT, now=0.2)


def test_latency_is_learned_from_first_content_and_from_failures() -> None:
    clinic = Clinic(A)
    attempt = clinic.enter(A, 10.0, stream=False)
    clinic.health.ready(attempt, at(12.5))
    unary, stream = clinic.health.member(A.backend).latency
    assert (unary.average, stream.average) == (2.5, 0.0)
    clinic.fail(A, bad(), 13.0)
    assert stream.average == 5.0


def test_what_is_in_flight_is_counted_at_each_scope() -> None:
    clinic = Clinic(A)
    attempts = [clinic.enter(A) for _ in range(3)]
    member = clinic.health.member(A.backend)
    counts = []
    for attempt in attempts:
        counts.append([b.running for b, _ in attempt.held] + [member.in_flight])
        clinic.health.leave(attempt)
    assert counts == [[n] * 3 for n in (3, 2, 1)]
    assert [b.running for b, _ in attempts[0].held] == [0, 0]


def test_a_failure_was_as_slow_as_it_was() -> None:
    clinic = Clinic(A)
    attempt = clinic.enter(A, 100.0)
    clinic.health.failed(attempt, bad(), Sent.HEAD_SEEN, at(120.0), silent=False)
    assert clinic.health.member(A.backend).latency[True].average == 20.0


def test_a_cut_answer_was_not_slow() -> None:
    clinic = Clinic(A)
    attempt = clinic.enter(A, 0.0)
    clinic.health.ready(attempt, at(1.0))
    clinic.health.failed(attempt, bad(), Sent.CONTENT_SEEN, at(300.0), silent=False)
    assert clinic.health.member(A.backend).latency[True].average == 5.0


# --- reload ------------------------------------------------------------------------------------


def test_a_reload_keeps_what_is_unchanged() -> None:
    clinic = Clinic(A, B)
    clinic.fail(A, bad(), times=5)
    clinic.fail(B, bad(Cause.AUTH, scope=Scope.KEY))
    clinic.health.adopt(fleet(route((target("a", max_in_flight=7), target("b"), target("new")))))
    assert clinic.gate(A, 0.5) is Gate.OUT
    assert clinic.gate(B, 0.5) is Gate.OUT
    assert clinic.health.members["a"].backend.max_in_flight == 7
    assert set(clinic.health.members) == {"a", "b", "new"}


def test_a_new_rule_holds_for_keys_too() -> None:
    clinic = Clinic(A)
    clinic.health.adopt(fleet(route((A,)), ejection=Ejection(first=Seconds(5.0))))
    clinic.fail(A, bad(Cause.AUTH, scope=Scope.KEY))
    assert clinic.told[0].until == 5.0


def test_what_began_long_before_a_recovery_leaves_no_trace() -> None:
    clinic = Clinic(A)
    early = clinic.enter(A)
    clinic.fail(A, bad(), times=5)
    clinic.succeed(A, 1.0)
    assert clinic.gate(A, 40.0) is Gate.OPEN
    clinic.health.leave(early)
    assert clinic.health.member(A.backend).health.running == 0


def test_a_backend_that_has_moved_begins_anew() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(), times=5)
    moved = target("a", url=Url(tls=True, host="elsewhere.test", port=443, path="/v1"))
    clinic.health.adopt(fleet(route((moved,))))
    assert clinic.gate(moved) is Gate.OPEN
    assert clinic.health.member(moved.backend) is clinic.health.members["a"]
    assert clinic.health.member(A.backend) is not clinic.health.members["a"], "of the old place"


def test_a_reload_lists_our_key_as_before() -> None:
    clinic = Clinic(A)
    clinic.health.adopt(fleet(route((target("a", weight=2),))))
    member = clinic.health.members["a"]
    scopes = [b.scope for b in clinic.health.all_breakers(member)]
    assert scopes == [Scope.BACKEND, Scope.KEY]


def test_a_new_key_begins_anew_and_the_old_one_is_forgotten() -> None:
    clinic = Clinic(A)
    clinic.fail(A, bad(Cause.AUTH, scope=Scope.KEY))
    key = Credential(kind=CredentialKind.OWN, secret=Secret("another"))
    mended = target("a", credential=key)
    clinic.health.adopt(fleet(route((mended,))))
    assert clinic.gate(mended) is Gate.OPEN
    assert len(clinic.health.keys) == 1


def test_an_exchange_of_the_old_table_does_not_charge_the_new_key() -> None:
    clinic = Clinic(A)
    key = Credential(kind=CredentialKind.OWN, secret=Secret("another"))
    mended = target("a", credential=key)
    clinic.health.adopt(fleet(route((mended,))))
    clinic.fail(A, bad(Cause.AUTH, scope=Scope.KEY))
    assert clinic.gate(mended) is Gate.OPEN
    assert clinic.gate(A) is Gate.OUT


def test_an_exchange_may_outlive_its_backend() -> None:
    clinic = Clinic(A, B)
    going = clinic.enter(B)
    clinic.health.adopt(fleet(route((A,))))
    assert clinic.gate(B) is Gate.OPEN
    clinic.health.leave(going)
    clinic.fail(B, bad(), times=9)
    assert set(clinic.health.members) == {"a"}


def test_clients_keys_survive_a_reload() -> None:
    own = target("c", credential=Credential(kind=CredentialKind.CLIENT))
    clinic = Clinic(own)
    limited = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(20.0))
    clinic.fail(own, limited, client="alice")
    clinic.health.adopt(clinic.fleet)
    assert clinic.gate(own, client="alice") is Gate.COOLING


def first(clinic: Clinic, to: Target, now: float = 0.0, **fields: Any) -> Attempt | None:
    return clinic.health.first(to, ask(**fields), LIMITS, at(now))


def test_a_first_attempt_is_let_in_at_once_where_all_is_well() -> None:
    clinic = Clinic(A)
    attempt = first(clinic, A, 7.0, stream=False, model="gpt-4")
    assert attempt is not None
    usual = clinic.enter(A, 7.0, stream=False, model="gpt-4")
    assert structs.asdict(attempt) == structs.asdict(usual)
    member = clinic.health.members["a"]
    assert member.in_flight == 2
    assert [breaker.running for breaker in clinic.health.all_breakers(member)] == [2, 2]
    assert member.budget._window.sums == [1, 0, 0]
    clinic.health.leave(attempt)
    assert (member.in_flight, member.health.running) == (1, 1)


def test_a_first_attempt_with_a_clients_key_is_held_to_that() -> None:
    own = target("c", credential=Credential(kind=CredentialKind.CLIENT))
    clinic = Clinic(own)
    limited = bad(Cause.RATE_LIMIT, scope=Scope.KEY, cooldown=Seconds(20.0))
    clinic.fail(own, limited, client="alice")
    assert first(clinic, own, client="alice") is None
    attempt = first(clinic, own, client="bob")
    assert attempt is not None
    assert attempt.held[1] == (clinic.health.keys["c", "bob"], 0)


def test_where_anything_is_to_be_looked_at_a_first_attempt_changes_nothing() -> None:
    full = target("c", max_in_flight=1)
    clinic = Clinic(A, B, full)
    clinic.fail(A, bad(), times=5)
    clinic.fail(B, bad(scope=Scope.MODEL))
    clinic.enter(full)
    moved = target("c", weight=2)
    for to, load in ((A, 0), (B, 0), (full, 1), (moved, 1), (target("gone"), 0)):
        assert first(clinic, to) is None
        member = clinic.health.member(to.backend)
        assert (member.in_flight, member.health.running) == (load, load)
        assert member.budget._window.sums == [0, 0, 0]


def test_everything_remembered_about_a_backend_is_listed() -> None:
    own = target("c", credential=Credential(kind=CredentialKind.CLIENT))
    clinic = Clinic(A, own)
    clinic.fail(own, bad(scope=Scope.MODEL), client="alice")
    scopes = [b.scope for b in clinic.health.all_breakers(clinic.health.members["c"])]
    assert scopes == [Scope.BACKEND, Scope.KEY, Scope.MODEL]
    other = Clinic(A, B, own, target("d", credential=Credential(kind=CredentialKind.CLIENT)))
    other.enter(own, client="alice")
    listed = {n: [*other.health.all_breakers(m)] for n, m in other.health.members.items()}
    assert {name: len(breakers) for name, breakers in listed.items()} == {
        "a": 2,
        "b": 2,
        "c": 2,
        "d": 1,
    }
    scopes = [b.scope for b in clinic.health.all_breakers(clinic.health.members["a"])]
    assert scopes == [Scope.BACKEND, Scope.KEY]


def test_where_one_account_has_a_key_of_ours_and_clients_each_is_listed_where_it_is_used() -> None:
    clients = target("c", account="a", credential=Credential(kind=CredentialKind.CLIENT))
    clinic = Clinic(A, clients)
    clinic.enter(clients, client="alice")
    listed = {n: [*clinic.health.all_breakers(m)] for n, m in clinic.health.members.items()}
    ours, theirs = clinic.health.keys.values()
    assert [b for b in listed["a"] if b.scope is Scope.KEY] == [ours]
    assert [b for b in listed["c"] if b.scope is Scope.KEY] == [theirs]
