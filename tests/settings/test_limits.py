"""Limits: the route's own, else the defaults', else Faultline's own; value or stream and unary."""

from proxy.model import Limits, Seconds
from proxy.settings.problem import Code
from tests.settings.tables import BACKENDS, GOOD, fleet, only, place, problems

BUILT_IN = Limits(
    connect=Seconds(3.0),
    tls=Seconds(5.0),
    head=Seconds(30.0),
    first_content=Seconds(120.0),
    stall=Seconds(120.0),
    total=Seconds(600.0),
    client_stall=Seconds(120.0),
)


def table(limits: str, defaults: str = "{}") -> str:
    route = f"routes:\n  - {{name: all, tiers: [openai, spare], limits: {limits}}}\n"
    return f"version: 1\n{BACKENDS}defaults: {{limits: {defaults}}}\n{route}"


def test_without_a_word_the_design_holds() -> None:
    (route,) = fleet(GOOD).routes
    assert route.stream == BUILT_IN
    assert route.unary.head == 600.0
    assert route.unary.first_content == 120.0


def test_a_bare_value_serves_both_kinds() -> None:
    (route,) = fleet(table("{head: 20s}")).routes
    assert (route.stream.head, route.unary.head) == (20.0, 20.0)


def test_each_kind_has_its_own_word() -> None:
    (route,) = fleet(table("{head: {stream: 20s}, stall: {unary: 5s}}")).routes
    assert (route.stream.head, route.unary.head) == (20.0, 600.0)
    assert (route.stream.stall, route.unary.stall) == (120.0, 5.0)


def test_defaults_stand_behind_the_route_and_before_faultlines_own() -> None:
    (route,) = fleet(table("{head: {stream: 20s}}", "{head: 40s, connect: 1s}")).routes
    assert (route.stream.head, route.unary.head) == (20.0, 40.0)
    assert (route.stream.connect, route.unary.connect) == (1.0, 1.0)
    assert route.stream.tls == 5.0


def test_a_limit_that_total_ends_first_is_told_once() -> None:
    text = table("{first_content: 20m}")
    problem = only(text)
    assert problem.code is Code.LIMIT_WITHOUT_EFFECT
    assert (problem.line, problem.column) == place(text, "20m")
    assert "`total` of 600s" in problem.reason


def test_it_is_told_where_it_stands_and_of_which_kind() -> None:
    text = table("{total: 30s}", "{head: {stream: 10s, unary: 60s}}")
    problem = only(text)
    assert (problem.line, problem.column) == place(text, "60s")


def test_faultlines_own_limits_are_no_contradiction() -> None:
    assert problems(table("{total: 5s}")) == ()
    assert problems(table("{stall: 20m, client_stall: 20m}")) == ()
