"""Whether routes make sense together."""

import pytest

from proxy.settings.problem import Code, Severity
from tests.settings.tables import BACKENDS, codes, only, place, problems


def table(*routes: str, backends: str = "") -> str:
    lines = "".join(f"  - {{{route}}}\n" for route in routes)
    return f"version: 1\n{BACKENDS}{backends}routes:\n{lines}"


ALL = "tiers: [openai, spare]"


def test_a_name_stands_for_one_route() -> None:
    text = table(f"name: a, match: {{model: x}}, {ALL}", f"name: 'a', {ALL}")
    problem = only(text)
    assert problem.code is Code.DUPLICATE_NAME
    assert (problem.line, problem.column) == place(text, "'a'")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("", "match: {model: gpt-5}"),
        ("", ""),
        ('match: {model: "gpt-*"}', 'match: {model: "gpt-5*"}'),
        ("match: {operation: generate}", "match: {operation: generate, model: x}"),
        ("match: {dialect: openai}", ""),
        ("match: {header: {x-team: a}}", "match: {header: {x-team: a, b: c}}"),
        ('match: {path: "/v1/*"}', "match: {path: /v1/embeddings}"),
    ],
)
def test_a_route_that_is_never_reached_is_an_error(first: str, second: str) -> None:
    text = table(
        *(f"{match or 'match: {}'}, name: r{i}, {ALL}" for i, match in enumerate((first, second)))
    )
    problem = only(text)
    assert problem.code is Code.UNREACHABLE
    assert problem.severity is Severity.ERROR
    assert problem.line == 8
    assert "route `r1` is never reached: `r0` on line 7 takes all" in problem.reason


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("match: {model: gpt-5}", "match: {}"),
        ("match: {operation: embed}", "match: {operation: generate}"),
        ('match: {model: "gpt-5*"}', 'match: {model: "gpt-*"}'),
        ("match: {header: {x-team: a}}", "match: {header: {x-team: b}}"),
        ("match: {model: x, operation: embed}", "match: {model: x}"),
        ("match: {path: /v1/embeddings}", "match: {model: x}"),
    ],
)
def test_a_narrower_route_in_front_is_fine(first: str, second: str) -> None:
    assert codes(table(*(f"{m}, name: r{i}, {ALL}" for i, m in enumerate((first, second))))) == []


def test_routes_of_different_dialects_do_not_cover_each_other() -> None:
    assert codes(table(f"name: a, {ALL}", "name: b, tiers: [claude]")) == [Code.NO_FALLBACK]


@pytest.mark.parametrize("tiers", ["[openai]", "[openai/a, openai/b]", "[[openai]]"])
def test_a_route_without_fallback_is_warned_of(tiers: str) -> None:
    text = table(f"name: a, tiers: {tiers}")
    problem = only(text)
    assert (problem.code, problem.severity) == (Code.NO_FALLBACK, Severity.WARNING)
    assert (problem.line, problem.column) == place(text, tiers)
    assert "route `a` has no fallback: all is up to `openai`" in problem.reason


def test_the_same_target_twice_is_warned_of() -> None:
    text = table("name: a, tiers: [openai/x, spare, 'openai/x']")
    problem = only(text)
    assert (problem.code, problem.severity) == (Code.SAME_TARGET, Severity.WARNING)
    assert (problem.line, problem.column) == place(text, "'openai/x'")


def test_a_fallback_of_the_same_account_is_warned_of() -> None:
    twin = '  twin: {provider: openai, key: "${KEY}", account: openai}\n'
    text = table("name: a, tiers: [openai, spare, 'twin']", backends=twin)
    problem = only(text)
    assert (problem.code, problem.severity) == (Code.SAME_ACCOUNT, Severity.WARNING)
    assert (problem.line, problem.column) == place(text, "'twin'")
    assert "`twin` shares its account with `openai`" in problem.reason


def test_a_route_without_any_good_target_is_not_judged_further() -> None:
    text = table("name: a, tiers: [nobody]")
    assert [p.code for p in problems(text)] == [Code.UNKNOWN_BACKEND]
