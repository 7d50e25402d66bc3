"""What the page says, before it is laid out."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.console.page import Line, Moment, Page, page, takes
from proxy.model import (
    Cause,
    Dialect,
    Fleet,
    Instant,
    Match,
    Operation,
    Scope,
    Target,
    Verdict,
)
from proxy.policy.standing import Row, Word
from tests.policy.build import route
from tests.report.records import backend, fleet, row

NOW = Moment(now=Instant(1000.0), wall=1_700_000_000.0)
THREE = fleet("openai", "azure", "local")
CAPACITY = Verdict(cause=Cause.CAPACITY, evidence="529 overloaded_error")


def said(*rows: Row, table: Fleet = THREE) -> Page:
    return page(table, rows, NOW)


def well() -> list[Row]:
    return [row(name) for name in THREE.backends]


def test_all_is_well() -> None:
    said_now = said(*well())
    assert (said_now.sentence, said_now.tone) == ("All 3 backends are in rotation.", "good")
    assert said_now.at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_one_backend_is_named() -> None:
    assert said(row("only"), table=fleet("only")).sentence == "only is in rotation."


@pytest.mark.parametrize("state", [Word.EJECTED, Word.COOLING, Word.PROBING])
@pytest.mark.parametrize("scope", [Scope.BACKEND, Scope.KEY])
def test_a_backend_that_is_out_is_named_and_others_serve(state: Word, scope: Scope) -> None:
    now = said(row("openai"), row("openai", state, scope=scope), row("azure"), row("local"))
    assert now.sentence == "openai is out. Every route is still served."
    assert now.tone == "mid"
    assert now.lanes[0].serves


def test_several_are_named_as_one_says_it() -> None:
    rows = [row("openai", Word.EJECTED), row("azure", Word.COOLING), row("local", Word.SLOW_START)]
    assert said(*rows).sentence == "openai and azure are out. Every route is still served."


def test_a_route_without_a_backend_is_what_matters_most() -> None:
    table = replace(
        THREE,
        routes=(
            route(
                (Target(backend=backend("openai")), Target(backend=backend("azure"))), name="chat"
            ),
            route((Target(backend=backend("local")),), name="claude"),
        ),
    )
    now = said(row("openai"), row("azure"), row("local", Word.EJECTED), table=table)
    assert now.sentence == "Nothing serves claude: every backend there is out."
    assert now.tone == "bad"
    assert [lane.serves for lane in now.lanes] == [True, False]


def test_a_model_that_is_out_concerns_its_target_only() -> None:
    table = replace(
        THREE,
        routes=(
            route((Target(backend=backend("openai"), model="gpt-5"),), name="chat"),
            route((Target(backend=backend("openai")),), name="rest"),
        ),
    )
    model = row("openai", Word.EJECTED, scope=Scope.MODEL, model="gpt-5", verdict=CAPACITY)
    now = said(*well(), model, table=table)
    assert [lane.serves for lane in now.lanes] == [False, True]
    assert said(*well(), model).sentence == ("All backends are in rotation, openai without gpt-5.")
    assert said(*well(), model).tone == "mid"


def line(of: Row, table: Fleet = THREE) -> Line:
    (found,) = page(table, [of], NOW).lines
    return found


def test_a_line_says_why_since_when_and_what_comes_next() -> None:
    found = line(
        row(
            "openai",
            Word.EJECTED,
            since=Instant(640.0),
            until=Instant(1007.2),
            verdict=CAPACITY,
            in_flight=2,
        )
    )
    assert (found.name, found.detail, found.part) == ("openai", "openai.test", False)
    assert found.sign.word == "out of rotation"
    assert found.since == datetime(2023, 11, 14, 22, 7, 20, tzinfo=UTC)
    assert (found.ago, found.why) == ("6 min", "the provider is out of capacity")
    assert (found.evidence, found.next) == ("529 overloaded_error", "probe in 8 s")
    assert (found.in_flight, found.most) == (2, None)


@pytest.mark.parametrize(
    ("state", "until", "next_step"),
    [
        (Word.EJECTED, None, "probe with the next request"),
        (Word.EJECTED, 999.9, "probe with the next request"),
        (Word.COOLING, 1030.0, "back in 30 s"),
        (Word.COOLING, None, "back now"),
        (Word.PROBING, None, "probe under way"),
        (Word.SLOW_START, None, "traffic grows by steps"),
        (Word.CLOSED, None, ""),
    ],
)
def test_every_state_says_what_comes_next(state: Word, until: float | None, next_step: str) -> None:
    at = None if until is None else Instant(until)
    assert line(row("openai", state, until=at)).next == next_step


def test_a_key_and_a_model_are_parts_of_their_backend() -> None:
    key = line(row("openai", Word.COOLING, scope=Scope.KEY))
    model = line(row("openai", Word.EJECTED, scope=Scope.MODEL, model="gpt-5"))
    assert (key.name, key.part, key.detail) == ("its key", True, "")
    assert (model.name, model.part) == ("gpt-5", True)


def test_a_backend_says_its_provider_and_its_ceiling() -> None:
    spare = backend("spare", provider="azure-openai", max_in_flight=200)
    table = replace(THREE, backends={"spare": spare})
    found = line(row("spare"), table)
    assert (found.detail, found.most) == ("azure-openai, spare.test", 200)


def test_a_row_of_a_backend_that_has_just_gone_is_still_a_line() -> None:
    assert line(row("gone")).detail == ""


def test_what_was_never_out_has_no_past() -> None:
    found = line(row("openai"))
    assert (found.since, found.ago, found.why, found.evidence) == (None, "", "", "")


def test_a_route_says_what_it_takes() -> None:
    match = Match(
        model="gpt-5*",
        dialect=Dialect.OPENAI,
        operation=Operation.GENERATE,
        path="/v1/chat/*",
        headers=((b"x-team", "a value that is nobody's business"),),
    )
    assert takes(match) == (
        "model gpt-5*, dialect openai, operation generate, path /v1/chat/*, header x-team"
    )
    assert takes(Match()) == "everything"


def test_a_lane_shows_its_tiers_in_order() -> None:
    (lane,) = said(row("openai", Word.EJECTED), row("azure"), row("local")).lanes
    assert [[(stop.name, stop.sign.word) for stop in tier] for tier in lane.tiers] == [
        [("openai", "out of rotation")],
        [("azure", "in rotation")],
        [("local", "in rotation")],
    ]
