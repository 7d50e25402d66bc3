"""Routes as the page shows them."""

from dataclasses import replace

from proxy.console.lanes import lanes, takes
from proxy.console.standings import Standings
from proxy.model import Dialect, Match, Operation
from proxy.policy.standing import Word
from tests.report.records import fleet, row

TABLE = fleet("openai", "azure")


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
    (lane,) = lanes(TABLE.routes, Standings([row("openai", Word.EJECTED), row("azure")]))
    assert lane.name == "chat"
    assert lane.serves
    assert not lane.static
    assert [[(stop.name, stop.sign.word) for stop in tier] for tier in lane.tiers] == [
        [("openai", "out of rotation")],
        [("azure", "in rotation")],
    ]


def test_a_text_that_comes_last_is_no_target() -> None:
    (route,) = TABLE.routes
    rows = [row("openai", Word.EJECTED), row("azure", Word.COOLING)]
    (lane,) = lanes([replace(route, static="sorry")], Standings(rows))
    assert (lane.static, lane.serves, len(lane.tiers)) == (True, False, 2)


def test_a_lane_without_a_target_is_not_served() -> None:
    rows = [row("openai", Word.EJECTED), row("azure", Word.COOLING)]
    (lane,) = lanes(TABLE.routes, Standings(rows))
    assert not lane.serves
