import pytest

from proxy.model import Dialect, Match, Operation, Replay, Route, Target
from proxy.policy.routing import Table, find_route, mismatches
from tests.policy.build import ask, backend, fleet, route, target

P = (target("p"),)


def takes(match: Match, **fields: object) -> bool:
    only = route(P, match=match, name="only")
    found = find_route(fleet(only), ask(**fields))
    return found is only


@pytest.mark.parametrize(
    ("pattern", "model", "matches"),
    [
        ("gpt-5", "gpt-5", True),
        ("gpt-5", "gpt-5-mini", False),
        ("gpt-5*", "gpt-5", True),
        ("gpt-5*", "gpt-5-mini", True),
        ("gpt-5*", "my-gpt-5", False),
        ("*", "anything", True),
        ("*", "", True),
        ("*-mini", "gpt-5-mini", True),
        ("*-mini", "gpt-5-minimal", False),
        ("gpt-?", "gpt-5", True),
        ("gpt-?", "gpt-51", False),
        ("gpt-?*", "gpt-", False),
        ("a*b*c", "axxbyyc", True),
        ("a*b*c", "axxcyyb", False),
        ("a*b*b", "ab", False),
        ("a**b", "ab", True),
        ("gpt.5", "gpt-5", False),
        ("gpt[5]", "gpt5", False),
        ("gpt[5]", "gpt[5]", True),
        ("*", "line\nbreak", True),
        ("line?break", "line\nbreak", True),
        ("a*b*c*d", "axbycxd", True),
        ("gpt-5*", None, False),
    ],
)
def test_models_match_by_glob(pattern: str, model: str | None, matches: bool) -> None:
    assert takes(Match(model=pattern), model=model) is matches


@pytest.mark.timeout(5)
def test_a_hostile_model_name_costs_no_backtracking() -> None:
    assert not takes(Match(model="*a*a*a*a*a*b"), model="a" * 5000)


def test_the_path_is_a_glob_too() -> None:
    assert takes(Match(path="/v1/chat/*"), path="/v1/chat/completions")
    assert not takes(Match(path="/v1/chat/*"), path="/v1/embeddings")


def test_dialect_operation_and_headers() -> None:
    assert not takes(Match(dialect=Dialect.GEMINI))
    assert takes(Match(dialect=Dialect.OPENAI))
    assert not takes(Match(operation=Operation.EMBED))
    assert takes(Match(operation=Operation.EMBED), operation=Operation.EMBED)
    match = Match(headers=((b"x-team", "search"), (b"x-env", "prod")))
    assert takes(match, headers=((b"X-Team", b"search"), (b"x-env", b"prod")))
    assert not takes(match, headers=((b"x-team", b"search"),))
    assert not takes(match, headers=((b"x-team", b"Search"), (b"x-env", b"prod")))


def test_the_first_match_wins() -> None:
    special = route(P, match=Match(model="gpt-5-mini"), name="special")
    wide = route(P, match=Match(model="gpt-5*"), name="wide")
    table = fleet(special, wide)
    assert find_route(table, ask(model="gpt-5-mini")) is special
    assert find_route(table, ask(model="gpt-5")) is wide
    assert find_route(table, ask(model="claude")) is None


def direct(of: Route | None) -> str:
    assert of is not None
    assert (of.name, of.attempts, of.replay, len(of.tiers)) == ("", 1, Replay.UNSENT, 1)
    (only,) = of.tiers[0]
    assert only.model is None, "what is not understood is not changed"
    return only.backend.name


def test_an_unknown_path_goes_to_the_first_backend_of_its_dialect_without_failover() -> None:
    table = fleet(
        route((target("claude", dialect=Dialect.ANTHROPIC),), name="other"),
        route((target("p", "named"), target("q")), name="chat"),
    )
    unknown = ask(operation=Operation.OTHER, path="/v1/threads", model=None)
    assert direct(find_route(table, unknown)) == "p"
    stranger = ask(operation=Operation.OTHER, dialect=Dialect.GEMINI)
    assert find_route(table, stranger) is None


def test_a_route_takes_an_unknown_path_only_if_it_says_so() -> None:
    unknown = {"operation": Operation.OTHER, "path": "/v1/threads"}
    assert not takes(Match(), **unknown)
    assert not takes(Match(model="*"), **unknown)
    assert takes(Match(operation=Operation.OTHER), **unknown)
    assert takes(Match(path="/v1/threads"), **unknown)
    assert not takes(Match(path="/v1/files"), **unknown)


def test_a_stateful_call_without_a_route_goes_straight_on() -> None:
    table = fleet(route(P, match=Match(model="gpt-5*"), name="chat"))
    files = ask(operation=Operation.STATEFUL, path="/v1/files", model=None)
    assert direct(find_route(table, files)) == "p"
    known = ask(operation=Operation.STATEFUL)
    assert find_route(table, known) is table.routes[0]


def test_the_route_made_for_it_is_made_once() -> None:
    table = Table(fleet(route(P)))
    unknown = ask(operation=Operation.OTHER)
    assert table.find(unknown) is table.find(unknown)


def test_a_new_fleet_is_compiled_anew() -> None:
    old, new = fleet(route(P, name="old")), fleet(route(P, name="new"))
    names = [found.name for f in (old, new, old) if (found := find_route(f, ask()))]
    assert names == ["old", "new", "old"]


def test_a_fleet_is_compiled_once() -> None:
    one = fleet(route(P, name="one"))
    unknown = ask(operation=Operation.OTHER)
    assert find_route(one, unknown) is find_route(one, unknown)


def test_it_keeps_the_limits_of_the_route_that_names_the_backend() -> None:
    source = route(P)
    found = find_route(fleet(source), ask(operation=Operation.OTHER))
    assert found is not None
    assert (found.stream, found.unary) == (source.stream, source.unary)
    assert found.tiers[0][0] == Target(backend=backend("p"))


def test_each_route_that_is_asked_says_what_does_not_fit() -> None:
    named = [
        route(P, match=match, name=name)
        for name, match in {
            "dialect": Match(dialect=Dialect.GEMINI),
            "operation": Match(operation=Operation.EMBED),
            "model": Match(model="o3"),
            "path": Match(path="/v1/messages"),
            "header x-team": Match(headers=((b"x-team", "a"),)),
            "": Match(),
            "never asked": Match(),
        }.items()
    ]
    told = list(mismatches(fleet(*named), ask()))
    assert [(found.name, what) for found, what in told] == [(r.name, r.name) for r in named[:-1]]
    assert list(mismatches(fleet(named[0]), ask(operation=Operation.OTHER))) == [
        (named[0], "dialect")
    ]
    bare = route(P, match=Match(), name="bare")
    assert list(mismatches(fleet(bare), ask(operation=Operation.OTHER))) == [(bare, "path")]
