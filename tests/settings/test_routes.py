"""Routes: targets in all their forms, the match, one dialect, and the defaults behind them."""

import pytest

from proxy.model import (
    Balance,
    Dialect,
    Hedge,
    Match,
    Operation,
    Replay,
    Route,
    Rung,
    Seconds,
    Target,
)
from proxy.settings.problem import Code
from tests.settings.tables import BACKENDS, codes, fleet, only, place, problems


def table(route: str, defaults: str = "{}") -> str:
    return f"version: 1\n{BACKENDS}defaults: {defaults}\nroutes:\n  - {{name: r, {route}}}\n"


def route(text: str, defaults: str = "{}") -> Route:
    return fleet(table(text, defaults)).routes[0]


def targets(text: str) -> list[list[str]]:
    return [[str(target) for target in tier] for tier in route(text).tiers]


@pytest.mark.parametrize(
    ("tiers", "expected"),
    [
        ("[openai]", [["openai"]]),
        ("[openai, spare]", [["openai"], ["spare"]]),
        ("[[openai, spare]]", [["openai", "spare"]]),
        ("[openai/gpt-5, [spare]]", [["openai/gpt-5"], ["spare"]]),
        ("[spare/openai/gpt-5]", [["spare/openai/gpt-5"]]),
        ("[{backend: openai, model: gpt-5}]", [["openai/gpt-5"]]),
        ("[[{backend: openai}, spare/x]]", [["openai", "spare/x"]]),
    ],
)
def test_targets_have_three_forms_and_a_tier_may_be_bare(
    tiers: str, expected: list[list[str]]
) -> None:
    assert targets(f"tiers: {tiers}") == expected


def test_a_backend_and_its_model_are_split_at_the_first_slash() -> None:
    ((target,),) = route("tiers: [spare/openai/gpt-5]").tiers
    assert (target.backend.name, target.model) == ("spare", "openai/gpt-5")


def test_a_target_says_what_its_model_can() -> None:
    ((target,),) = route(
        "tiers: [{backend: spare, model: q, context_window: 131072, prefill: true}]"
    ).tiers
    assert target == Target(backend=target.backend, model="q", context_window=131072, prefill=True)


def test_a_match_is_taken_over_and_headers_go_by_lower_case_names() -> None:
    match = route(
        'match: {model: "gpt-5*", operation: generate, path: /v1/chat/completions, '
        "header: {X-Team: search, a: b}}, tiers: [openai, spare]"
    ).match
    assert match == Match(
        model="gpt-5*",
        dialect=Dialect.OPENAI,
        operation=Operation.GENERATE,
        path="/v1/chat/completions",
        headers=((b"a", "b"), (b"x-team", "search")),
    )


def test_a_route_takes_the_dialect_of_its_targets() -> None:
    assert route("tiers: [claude]").match.dialect is Dialect.ANTHROPIC
    assert route("tiers: [openai]").match.dialect is Dialect.OPENAI


def test_without_a_word_the_design_holds() -> None:
    r = route("tiers: [openai, spare]")
    assert (r.balance, r.sticky, r.attempts, r.patience) == (Balance.FIRST, True, 4, 3.0)
    assert (r.replay, r.hedge, r.resume) == (Replay.ALWAYS, None, ())


def test_a_route_has_its_own_manner() -> None:
    r = route(
        "tiers: [openai, spare], balance: least, sticky: none, attempts: 2, patience: 0s, "
        "replay: unsent, hedge: {after: 10s}, resume: [align, anchor]"
    )
    assert (r.balance, r.sticky, r.attempts, r.patience) == (Balance.LEAST, False, 2, 0.0)
    assert (r.replay, r.hedge) == (Replay.UNSENT, Hedge(after=Seconds(10.0)))
    assert r.resume == (Rung.ALIGN, Rung.ANCHOR)


def test_defaults_hold_where_a_route_is_silent() -> None:
    r = route("tiers: [openai, spare], attempts: 2", "{attempts: 3, balance: spread, hedge: {}}")
    assert (r.attempts, r.balance, r.hedge) == (2, Balance.SPREAD, Hedge(after=None))


@pytest.mark.parametrize("hedge", ["{after: auto}", "{}"])
def test_a_hedge_can_be_learned(hedge: str) -> None:
    assert route(f"tiers: [openai, spare], hedge: {hedge}").hedge == Hedge(after=None)


def test_a_route_can_go_back_to_no_hedge() -> None:
    assert route("tiers: [openai, spare], hedge: none", "{hedge: {after: 1s}}").hedge is None


@pytest.mark.parametrize(
    ("text", "needle", "reason"),
    [
        ("tiers: [openai, claude/x]", "claude/x", "`claude` speaks anthropic, but `openai` speaks"),
        ("tiers: [[openai, claude/x]]", "claude/x", "but `openai` speaks openai"),
        (
            "match: {dialect: gemini}, tiers: [{backend: openai}]",
            "openai}]",
            "`openai` speaks openai, but this route matches gemini",
        ),
    ],
)
def test_a_route_speaks_one_dialect(text: str, needle: str, reason: str) -> None:
    whole = table(text)
    problem = next(p for p in problems(whole) if p.code is Code.MIXED_DIALECTS)
    assert reason in problem.reason
    assert (problem.line, problem.column) == place(whole, needle)
    assert "make it two routes" in problem.mend


@pytest.mark.parametrize(
    ("tiers", "needle", "code", "mend"),
    [
        ("[openai, spar/x]", "spar/x", Code.UNKNOWN_BACKEND, "did you mean `spare`?"),
        ("[openai, [{backend: nobody}]]", "nobody", Code.UNKNOWN_BACKEND, "known: claude, openai"),
        ("[openai, /x]", "/x", Code.NO_BACKEND, "`backend/model`"),
        ("[openai, spare/]", "spare/]", Code.NO_BACKEND, "`backend/model`"),
        ("[openai, {model: x}]", "{model", Code.MISSING_KEY, "add `backend: openai`"),
        ("[{static: {text: hi}}]", "{static", Code.CONTRADICTION, "behind a tier of backends"),
        ("[{static: {text: hi}}, openai]", "{static", Code.CONTRADICTION, "of the last tier"),
        ("[openai, [spare, {static: {text: hi}}]]", "{static", Code.CONTRADICTION, "only target"),
        ("[openai, {static: {txt: hi}}]", "txt", Code.UNKNOWN_KEY, "did you mean `text`?"),
        ("[openai, {static: hi}]", "hi}", Code.WRONG_TYPE, ""),
        ("[openai, []]", "[]", Code.WRONG_TYPE, "at least one item"),
        ("[]", "[]", Code.WRONG_TYPE, "at least one item"),
        ("[openai, 5]", "5]", Code.WRONG_TYPE, ""),
    ],
)
def test_bad_targets_are_told_at_their_place(
    tiers: str, needle: str, code: Code, mend: str
) -> None:
    whole = table(f"tiers: {tiers}")
    problem = next(p for p in problems(whole) if p.code is code)
    assert (problem.line, problem.column) == place(whole, needle)
    assert mend in problem.mend


def test_a_target_of_a_backend_that_is_wrong_is_no_second_error() -> None:
    text = table("tiers: [openai, spare]").replace('provider: openai, key: "${SPARE}"', "key: none")
    assert codes(text) == [Code.MISSING_KEY]


def test_unknown_backends_are_told_whatever_else_is_wrong() -> None:
    text = table("tiers: [opena, spare], match: {dialct: x}, attempts: many")
    assert set(codes(text)) == {Code.UNKNOWN_BACKEND, Code.UNKNOWN_KEY, Code.WRONG_TYPE}


def test_a_single_problem_is_a_single_problem() -> None:
    assert only(table("tiers: [openai, spar]")).code is Code.UNKNOWN_BACKEND


def test_a_static_text_may_be_the_last_tier() -> None:
    route = fleet(table("tiers: [openai, {static: {text: We are sorry.}}]")).routes[0]
    assert route.static == "We are sorry."
    assert [[str(target) for target in tier] for tier in route.tiers] == [["openai"]]
    assert codes(table("tiers: [openai, [{static: {text: hi}}]]")) == []  # nor a missing fallback
    assert fleet(table("tiers: [openai]")).routes[0].static is None
