"""The one sentence that matters."""

import time
from dataclasses import replace

import pytest

from proxy.console.headline import Headline, headline
from proxy.console.standings import Standings
from proxy.model import PLAYED, Cause, Drill, Fleet, Instant, Scope, Seconds, Target, Verdict
from proxy.policy.standing import Row, Word
from proxy.report.incident import OUR_NETWORK, Family, Place
from tests.console.looking import Scene
from tests.policy import build
from tests.report.records import BAD_ATTEMPT, BAD_GATEWAY, REFUSED, backend, fleet, row

THREE = fleet("openai", "azure", "local")
WELL = [row(name) for name in THREE.backends]


def scene(*rows: Row, table: Fleet = THREE) -> Scene:
    return Scene(fleet=table, rows=rows or WELL)


def said(shown: Scene) -> Headline:
    return headline(shown.look(), Standings(shown.rows))


def test_at_peace() -> None:
    shown = scene()
    assert said(shown).sentence == "All is well. No request has come in the last 15 minutes."
    shown.serve()
    assert said(shown).sentence == "All is well. Every answer of the last 15 minutes was whole."
    assert said(shown).tone == "good"


def test_one_provider_fails_and_the_apps_are_served() -> None:
    shown = scene()
    shown.serve(1000)
    shown.break_down()
    assert said(shown).sentence == (
        "One provider is failing. Your apps are being served: 99.9 % whole in the last 15 minutes."
    )
    assert said(shown).tone == "mid"


def test_apps_that_feel_it_are_told_so() -> None:
    shown = scene()
    shown.serve(5)
    shown.break_down()
    assert said(shown).served == "Your apps feel it: 90.0 % whole in the last 15 minutes."


def test_apps_that_get_little_are_down_whoever_serves() -> None:
    shown = scene()
    shown.break_down()
    for _ in range(9):
        shown.traffic.ended(REFUSED)
    assert said(shown).tone == "bad"
    assert said(shown).served == "Your apps are failing: 28.5 % whole in the last 15 minutes."


def test_several_providers_and_kinds_are_counted() -> None:
    shown = scene()
    shown.break_down("openai")
    shown.break_down("azure")
    assert said(shown).trouble == "Two providers are failing."
    shown.break_down("local", Verdict(cause=Cause.AUTH, scope=Scope.KEY))
    assert said(shown).trouble == "Two providers are failing and one key is refused."


@pytest.mark.parametrize(
    ("cause", "trouble"),
    [
        (Cause.AUTH, "One key is refused."),
        (Cause.QUOTA, "One limit is reached."),
        (Cause.MODEL_NOT_FOUND, "One model is missing."),
    ],
)
def test_what_is_no_providers_fault_is_not_called_so(cause: Cause, trouble: str) -> None:
    shown = scene()
    incident = shown.break_down()
    incident.family = {
        Cause.AUTH: Family.KEY,
        Cause.QUOTA: Family.LIMIT,
        Cause.MODEL_NOT_FOUND: Family.MODEL,
    }[cause]
    assert said(shown).trouble == trouble


def test_our_own_network_is_the_worst() -> None:
    shown = scene()
    incident = shown.break_down()
    incident.family, incident.out = Family.OURS, {OUR_NETWORK}
    assert said(shown).trouble == "This machine is cut off: nothing outside answers."
    assert said(shown).tone == "bad"


def test_a_route_without_a_backend_is_what_matters_most() -> None:
    table = replace(
        THREE,
        routes=(
            build.route((Target(backend=backend("openai")),), name="chat"),
            build.route((Target(backend=backend("local")),), name="claude"),
        ),
    )
    now = said(scene(row("openai"), row("azure"), row("local", Word.EJECTED), table=table))
    assert now.trouble == "Nothing serves claude: every backend there is out."
    assert now.tone == "bad"


def test_what_seems_over_is_good_news() -> None:
    shown = scene()
    incident = shown.break_down()
    incident.out.clear()
    shown.ledger._watch.streaks.clear()
    now = said(shown)
    assert now.trouble == "It seems to be over: everything answers again."
    assert now.sentence.endswith("Answers were 80.0 % whole in the last 15 minutes.")
    assert now.tone == "good"


def test_the_first_failures_are_said_before_there_is_an_incident() -> None:
    shown = scene()
    record = replace(BAD_ATTEMPT, ended=Instant(time.monotonic()))
    shown.ledger.attempt_ended("id", "chat", record)
    assert said(shown).trouble == "openai has begun to fail."
    shown.ledger.attempt_ended("id", "chat", replace(record, backend="azure"))
    assert said(shown).trouble == "openai and azure have begun to fail."
    assert said(shown).tone == "mid"


PLAYED_GATEWAY = replace(BAD_GATEWAY, evidence=f"{PLAYED}cdn_502): {BAD_GATEWAY.evidence}")


async def test_what_fails_on_purpose_alarms_nobody() -> None:
    shown = scene(row("openai", Word.EJECTED), *WELL[1:])
    shown.drills.begin("openai", Drill.CDN_502, Seconds(60), by="search")
    assert said(shown).trouble == "A drill is under way: openai fails on purpose."
    record = replace(BAD_ATTEMPT, ended=Instant(time.monotonic()), verdict=PLAYED_GATEWAY)
    shown.ledger.attempt_ended("id", "chat", record)
    assert said(shown).trouble == "A drill is under way: openai fails on purpose."
    shown.rows = WELL
    shown.drills.end("openai")
    assert said(shown).trouble == "All is well."
    shown.break_down("openai", PLAYED_GATEWAY)
    assert said(shown).trouble == "A drill is over: openai is not back yet."
    assert said(shown).tone == "mid"


async def test_real_trouble_beside_a_drill_is_said_first() -> None:
    shown = scene()
    shown.drills.begin("openai", Drill.RESET, Seconds(60), by="search")
    shown.ledger.attempt_ended(
        "id", "chat", replace(BAD_ATTEMPT, backend="azure", ended=Instant(time.monotonic()))
    )
    assert said(shown).trouble == "azure has begun to fail."
    shown.rows = [row("openai"), row("azure", Word.EJECTED), row("local")]
    assert said(shown).trouble == "azure is out of rotation."
    shown.break_down("azure")
    assert said(shown).trouble == "One provider is failing."
    shown.rows = [row(name, Word.EJECTED) for name in THREE.backends]
    assert said(shown).trouble == (
        "Nothing serves chat: every backend there is out, openai in a drill."
    )
    assert said(shown).tone == "bad"
    shown.drills.close()


@pytest.mark.parametrize("state", [Word.EJECTED, Word.COOLING, Word.PROBING])
@pytest.mark.parametrize("scope", [Scope.BACKEND, Scope.KEY])
def test_a_backend_that_is_out_is_named(state: Word, scope: Scope) -> None:
    now = said(scene(row("openai"), row("openai", state, scope=scope), row("azure"), row("local")))
    assert (now.trouble, now.tone) == ("openai is out of rotation.", "mid")


def test_several_are_named_as_one_says_it() -> None:
    rows = [row("openai", Word.EJECTED), row("azure", Word.COOLING), row("local", Word.SLOW_START)]
    assert said(scene(*rows)).trouble == "openai and azure are out of rotation."


def test_a_model_that_is_out_is_named() -> None:
    model = row("openai", Word.EJECTED, scope=Scope.MODEL, model="gpt-5")
    now = said(scene(*WELL, model))
    assert now.trouble == "All backends are in rotation, openai without gpt-5."
    assert now.tone == "mid"


def test_a_place_that_is_gone_is_no_provider() -> None:
    shown = scene()
    incident = shown.break_down()
    incident.places = [Place(Scope.BACKEND, "gone")]
    assert said(shown).trouble == "Something is failing."
