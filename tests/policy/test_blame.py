import math

import pytest

from proxy.model import Action, Cause, CredentialKind, Scope, Seconds
from proxy.policy.blame import Charge, charge, condemned, is_clients, told_cooldown
from tests.policy.build import bad

OWN, CLIENT, NONE = CredentialKind.OWN, CredentialKind.CLIENT, CredentialKind.NONE
PASS = {"action": Action.PASS_THROUGH, "scope": Scope.REQUEST}

CHARGES = {
    Charge.NOTHING: "bad_request client_cancel content_policy context_length local_network none",
    Charge.COOL: "rate_limit",
    Charge.FAIL: "capacity cdn_edge cdn_edge_to_origin dns geo local_proxy origin protocol tcp "
    "timeout tls",
    Charge.EJECT: "auth model_not_found quota",
}
EACH = [(how, Cause(word)) for how, words in CHARGES.items() for word in words.split()]


def test_the_table_knows_every_cause() -> None:
    assert sorted(cause for _, cause in EACH) == sorted(Cause)


@pytest.mark.parametrize(("how", "cause"), EACH)
def test_who_is_charged_for_what(how: Charge, cause: Cause) -> None:
    assert charge(bad(cause), OWN) is how


@pytest.mark.parametrize("cause", sorted(set(Cause) - {Cause.AUTH}))
def test_what_is_about_the_request_charges_nobody(cause: Cause) -> None:
    assert charge(bad(cause, scope=Scope.REQUEST), OWN) is Charge.NOTHING
    assert charge(bad(cause, action=Action.PASS_THROUGH), OWN) is Charge.NOTHING


def test_a_refused_own_key_is_ejected_whatever_the_verdict_asks_for() -> None:
    for kind in (OWN, NONE):
        verdict = bad(Cause.AUTH, **PASS)
        assert charge(verdict, kind) is Charge.EJECT
        assert condemned(verdict, kind) is Scope.KEY
        assert not is_clients(verdict, kind)
    assert condemned(bad(Cause.AUTH, scope=Scope.MODEL), OWN) is Scope.MODEL


def test_a_refused_key_of_a_client_is_the_clients_business() -> None:
    verdict = bad(Cause.AUTH, **PASS)
    assert charge(verdict, CLIENT) is Charge.NOTHING
    assert charge(bad(Cause.AUTH, scope=Scope.KEY), CLIENT) is Charge.NOTHING
    assert condemned(verdict, CLIENT) is Scope.REQUEST
    assert is_clients(verdict, CLIENT)


def test_our_own_side_tells_nobody_to_stay_away() -> None:
    assert told_cooldown(bad(Cause.LOCAL_PROXY, cooldown=Seconds(300.0))) is None
    assert told_cooldown(bad(Cause.TLS, cooldown=Seconds(300.0))) == 300.0


def test_a_quota_with_a_told_end_cools() -> None:
    assert charge(bad(Cause.QUOTA, cooldown=Seconds(60.0)), OWN) is Charge.COOL


@pytest.mark.parametrize(
    ("cause", "action", "clients"),
    [
        (Cause.BAD_REQUEST, Action.PASS_THROUGH, True),
        (Cause.BAD_REQUEST, Action.REROUTE, False),
        (Cause.CONTENT_POLICY, Action.REROUTE, True),
        (Cause.CONTEXT_LENGTH, Action.REROUTE, True),
        (Cause.LOCAL_PROXY, Action.PASS_THROUGH, False),
        (Cause.LOCAL_NETWORK, Action.PASS_THROUGH, False),
        (Cause.ORIGIN, Action.PASS_THROUGH, True),
        (Cause.ORIGIN, Action.RETRY_SAME, False),
    ],
)
def test_what_is_passed_on(cause: Cause, action: Action, clients: bool) -> None:
    assert is_clients(bad(cause, action=action), OWN) is clients


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        (0.0, 1.0),
        (-5.0, 1.0),
        (0.5, 1.0),
        (20.0, 20.0),
        (1e9, 300.0),
        (math.inf, 300.0),
        (math.nan, 1.0),
    ],
)
def test_told_cooldowns_are_believed_within_bounds(told: float, believed: float) -> None:
    assert told_cooldown(bad(Cause.RATE_LIMIT, cooldown=Seconds(told))) == believed


def test_a_quota_may_last_an_hour() -> None:
    assert told_cooldown(bad(Cause.QUOTA, cooldown=Seconds(1e9))) == 3600.0
    assert told_cooldown(bad(Cause.QUOTA)) is None
