"""The sentences of an incident."""

from collections import Counter

import pytest

from proxy.model import Cause, Instant, Scope, Target, Verdict
from proxy.report import tale
from proxy.report.incident import OUR_NETWORK, Family, Incident, Place
from tests.policy.build import backend, fleet, route

TABLE = fleet(
    route(
        (Target(backend=backend("openai", provider="openai", cdn="cloudflare")),),
        (Target(backend=backend("openai-eu", provider="openai", cdn="cloudflare")),),
        (Target(backend=backend("anthropic", provider="anthropic", cdn="cloudflare")),),
        (Target(backend=backend("azure", provider="azure-openai")),),
    )
)


def incident(*places: Place, family: Family = Family.PROVIDER, **causes: int) -> Incident:
    made = Incident(
        id="1", family=family, opened=Instant(0.0), noticed=Instant(1.0), news=Instant(1.0)
    )
    made.places.extend(places)
    made.causes = Counter({Cause(name): number for name, number in causes.items()})
    return made


def at(*names: str) -> list[Place]:
    return [Place(Scope.BACKEND, name) for name in names]


@pytest.mark.parametrize(
    ("places", "extent"),
    [
        (at("openai"), "openai"),
        ([Place(Scope.MODEL, "openai", "gpt-5")], "gpt-5 at openai"),
        (at("openai", "openai-eu"), "all of openai (openai and openai-eu)"),
        (at("openai", "anthropic"), "cloudflare, in front of openai and anthropic"),
        (at("openai", "azure"), "openai and azure"),
        (
            [Place(Scope.MODEL, "openai", "a"), Place(Scope.MODEL, "openai", "b")],
            "a at openai and b at openai",
        ),
        (at("gone", "openai"), "gone and openai"),
    ],
)
def test_the_extent_is_as_wide_as_what_is_known(places: list[Place], extent: str) -> None:
    assert tale.extent(incident(*places, timeout=5), TABLE) == extent


def test_a_title_says_where_and_what() -> None:
    said = tale.title(incident(*at("openai"), timeout=5), TABLE)
    assert said == "openai: it does not answer in time"
    ours = incident(OUR_NETWORK, family=Family.OURS, local_network=3)
    assert tale.title(ours, TABLE) == "our own network is down"
    key = incident(Place(Scope.KEY, "openai"), family=Family.KEY, auth=1)
    assert tale.title(key, TABLE) == "openai: it refuses our key"


@pytest.mark.parametrize(
    ("causes", "family", "confidence"),
    [
        ({"timeout": 5}, Family.PROVIDER, "high"),
        ({"timeout": 2}, Family.PROVIDER, "medium"),
        ({"timeout": 4, "tls": 1}, Family.PROVIDER, "high"),
        ({"timeout": 3, "tls": 2}, Family.PROVIDER, "medium"),
        ({"timeout": 2, "tls": 2, "tcp": 2}, Family.PROVIDER, "low"),
        ({"auth": 1}, Family.KEY, "high"),
        ({}, Family.PROVIDER, "low"),
    ],
)
def test_confidence_grows_with_number_and_agreement(
    causes: dict[str, int], family: Family, confidence: str
) -> None:
    assert tale.confidence(incident(*at("openai"), family=family, **causes)) == confidence


def test_an_explanation_says_what_speaks_against_more() -> None:
    said = tale.explanation(
        incident(*at("openai"), cdn_edge=9, tls=1), TABLE, ["openai-eu", "anthropic", "azure"]
    )
    assert said == (
        "Cause, with high confidence: the network edge in front of the provider fails (9 of 10"
        " failures). 1 of them says otherwise: no secure connection to it is possible. Concerned:"
        " openai. openai-eu, of the same provider, answers. anthropic, behind the same network"
        " edge, answers."
    )


def test_where_requests_go_instead() -> None:
    place = Place(Scope.BACKEND, "openai")
    assert tale.out(place, TABLE, {"openai", "azure"}) == (
        "openai is out of rotation; its requests go to openai-eu and anthropic."
    )
    everyone = set(TABLE.backends)
    assert tale.out(place, TABLE, everyone) == (
        "openai is out of rotation; nothing else serves chat."
    )
    assert tale.out(Place(Scope.BACKEND, "unrouted"), TABLE, set()) == (
        "unrouted is out of rotation."
    )


def test_a_return_is_counted() -> None:
    some = incident(*at("openai"))
    some.reopened = 1
    assert tale.back(some, 30.0) == "It is back 30 s after it was closed."
    some.reopened = 3
    assert tale.back(some, 30.0) == ("It is back 30 s after it was closed; 3 times now: it flaps.")


def test_the_toll_is_told_even_if_there_is_none() -> None:
    some = incident(*at("openai"))
    assert tale.toll(some) == "no request was concerned"
    some.whole, some.rescued, some.failed = 10, 4, 2
    assert tale.toll(some) == "4 rescued, 2 failed, of 12 requests"
    some.whole, some.rescued, some.failed = 1, 1, 0
    assert tale.toll(some) == "1 rescued, 0 failed, of 1 request"


def test_what_is_well_again_is_named_if_it_is_one() -> None:
    assert tale.all_well(incident(*at("openai"))).startswith("openai is well again; ")
    assert tale.all_well(incident(*at("openai", "azure"))).startswith("All of it is well again; ")
    key = incident(Place(Scope.KEY, "openai"), family=Family.KEY)
    assert tale.all_well(key).startswith("The key of openai is well again; ")


def test_a_sentence_begins_with_a_capital_unless_a_name_does() -> None:
    verdict = Verdict(cause=Cause.RATE_LIMIT)
    assert tale.paused(Place(Scope.KEY, "openai"), verdict).startswith("The key of openai ")
    assert tale.again(Place(Scope.BACKEND, "openai"), verdict).startswith("openai ")


def test_a_headline_says_of_a_drill_that_it_is_one() -> None:
    played = incident(*at("openai"), timeout=5)
    played.evidence = "drill (silence): no answer within 30 s"
    assert tale.title(played, TABLE).startswith("drill at openai: ")
