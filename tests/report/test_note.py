"""What a refusal says of the incident behind it."""

from proxy.model import Instant, Scope, Seconds, Target
from proxy.report.estimate import Estimate
from proxy.report.incident import OUR_NETWORK, Family, Incident, Place
from proxy.report.note import Notes, concerns
from tests.policy import build
from tests.report.records import backend, fleet
from tests.report.troubled import MOMENT, incident

TABLE = fleet("openai", "azure")
(CHAT,) = TABLE.routes
OTHER = build.route((Target(backend=backend("local")),), name="other")
ESTIMATE = Estimate(
    low=Seconds(60), median=Seconds(600), high=Seconds(1200), confidence=0.8, basis="history"
)


def written(*incidents: Incident, console: str = "http://localhost:8081") -> Notes:
    notes = Notes(lambda _: ESTIMATE)
    notes.write(TABLE, incidents, MOMENT, console)
    return notes


def test_it_says_what_failed_since_when_until_when_and_where() -> None:
    assert written(incident())(CHAT) == (
        "openai: the network edge cannot reach the provider, since 22:08 UTC (5 min); "
        "likely over in 1 min to 20 min (80 % confidence). http://localhost:8081/incidents/abc"
    )


def test_without_a_console_there_is_no_link() -> None:
    assert written(incident(), console="")(CHAT).endswith("(80 % confidence).")


def test_a_route_that_it_does_not_concern_is_told_nothing() -> None:
    assert written(incident())(OTHER) == ""
    assert written()(CHAT) == ""


def test_what_seems_over_is_not_told() -> None:
    assert written(incident(out=set()))(CHAT) == ""


def test_without_an_estimate_nothing_is_said_of_the_end() -> None:
    notes = Notes(lambda _: None)
    notes.write(TABLE, [incident()], MOMENT, "")
    assert notes(CHAT).endswith("since 22:08 UTC (5 min).")


def test_the_first_of_several_is_told_and_old_notes_go() -> None:
    second = incident(id="def", opened=Instant(940.0))
    notes = written(incident(), second)
    assert "/abc" in notes(CHAT)
    notes.write(TABLE, [], MOMENT, "")
    assert notes(CHAT) == ""


def test_our_own_network_concerns_every_route() -> None:
    ours = incident(family=Family.OURS, places=[OUR_NETWORK])
    assert concerns(ours, OTHER)
    assert not concerns(incident(), OTHER)
    assert concerns(incident(places=[Place(Scope.MODEL, "local", "m")]), OTHER)
