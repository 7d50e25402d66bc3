"""What an incident is."""

import pytest

from proxy.model import Backend, Cause, Instant, Scope, Verdict
from proxy.report.incident import (
    FAMILIES,
    MOST_UPDATES,
    OUR_NETWORK,
    Family,
    Impact,
    Incident,
    Place,
    Stage,
    related,
)
from tests.policy.build import backend


def incident(**fields: int) -> Incident:
    made = Incident(
        id="1",
        family=Family.PROVIDER,
        opened=Instant(0.0),
        noticed=Instant(1.0),
        news=Instant(1.0),
    )
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("whole", "failed", "impact"),
    [
        (1000, 0, Impact.NONE),
        (0, 0, Impact.NONE),
        (1000, 1, Impact.MINOR),
        (3, 3, Impact.MINOR),  # too few to say more
        (99, 1, Impact.MAJOR),
        (81, 19, Impact.MAJOR),
        (80, 20, Impact.CRITICAL),
        (0, 10, Impact.CRITICAL),
    ],
)
def test_impact_is_what_apps_felt(whole: int, failed: int, impact: Impact) -> None:
    assert incident(whole=whole, failed=failed).impact is impact


def test_the_cause_is_what_most_verdicts_say() -> None:
    assert incident().cause is Cause.NONE
    some = incident()
    some.causes.update([Cause.TIMEOUT, Cause.ORIGIN, Cause.ORIGIN])
    assert some.cause is Cause.ORIGIN


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (Place(Scope.BACKEND, "openai"), "openai"),
        (Place(Scope.KEY, "openai"), "the key of openai"),
        (Place(Scope.MODEL, "openai", "gpt-5"), "gpt-5 at openai"),
        (OUR_NETWORK, "our own network"),
    ],
)
def test_a_place_has_a_name(place: Place, name: str) -> None:
    assert str(place) == name


def test_a_timeline_is_bounded_but_has_its_end() -> None:
    some = incident()
    for number in range(2 * MOST_UPDATES):
        some.say(Instant(number), "it flaps")
    some.say(Instant(1e6), "over", Stage.RESOLVED)
    assert len(some.updates) == MOST_UPDATES + 1
    assert (some.updates[-1].stage, some.stage) == (Stage.RESOLVED, Stage.RESOLVED)


def test_the_clients_own_causes_have_no_family() -> None:
    assert set(Cause) - set(FAMILIES) == {
        Cause.NONE,
        Cause.BAD_REQUEST,
        Cause.CLIENT_CANCEL,
        Cause.CONTENT_POLICY,
        Cause.CONTEXT_LENGTH,
    }


A = backend("a", provider="openai", cdn="cloudflare", account="one")


@pytest.mark.parametrize(
    ("other", "cause", "same"),
    [
        (backend("b", provider="openai", account="two"), Cause.TIMEOUT, True),
        (backend("b", provider="other", cdn="cloudflare"), Cause.TIMEOUT, False),
        (backend("b", provider="other", cdn="cloudflare"), Cause.CDN_EDGE, True),
        (backend("b", provider="other", cdn="fastly"), Cause.CDN_EDGE, False),
        (backend("b", provider="openai", account="two"), Cause.QUOTA, False),
        (backend("b", provider="openai", account="one"), Cause.QUOTA, True),
        (backend("b", provider="openai", account="one"), Cause.AUTH, True),
        (backend("b", provider="openai"), Cause.MODEL_NOT_FOUND, False),
        (backend("a", provider="openai"), Cause.MODEL_NOT_FOUND, True),
        (backend("b", provider="other"), Cause.LOCAL_NETWORK, True),
    ],
)
def test_what_one_fault_can_hit(other: Backend, cause: Cause, same: bool) -> None:
    verdict = Verdict(cause=cause)
    assert related(A, other, verdict) is same
    assert related(other, A, verdict) is same


@pytest.mark.parametrize(
    ("evidence", "drill"), [("drill (reset): status 502", True), ("a drill (reset)", False)]
)
def test_an_incident_is_a_drill_where_its_evidence_was_played(evidence: str, drill: bool) -> None:
    played = incident()
    played.evidence = evidence
    assert played.drill is drill


@pytest.mark.parametrize(
    ("quiet", "closed", "ended"),
    [
        (None, None, None),
        (900.0, None, None),  # it seems so
        (900.0, 960.0, 900.0),
        (None, 960.0, 960.0),  # nobody knows better
    ],
)
def test_it_has_ended_when_all_was_well_and_not_when_it_was_closed(
    quiet: float | None, closed: float | None, ended: float | None
) -> None:
    some = incident()
    some.quiet_since = None if quiet is None else Instant(quiet)
    some.resolved = None if closed is None else Instant(closed)
    assert some.ended == ended
