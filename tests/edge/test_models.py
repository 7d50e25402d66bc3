"""The models that the table knows."""

from proxy.edge.models import model_names
from proxy.model import Dialect, Match, Target
from tests.edge.port import backend, fleet, route

OPENAI = backend(models={"gpt-5": "deployment", "gpt-5-nano": "other", "o4": "o"})
CLAUDE = backend("claude", Dialect.ANTHROPIC)


def names(*matches: tuple[Match, Target], dialect: Dialect = Dialect.OPENAI) -> tuple[str, ...]:
    return model_names(fleet(routes=tuple(route(m, t) for m, t in matches)), dialect)


def test_an_exact_match_is_a_name() -> None:
    assert names((Match(model="gpt-5"), Target(backend=backend()))) == ("gpt-5",)


def test_of_a_pattern_those_names_are_told_that_fit_it() -> None:
    target = Target(backend=OPENAI, model="gpt-5-mini")
    assert names((Match(model="gpt-5*"), target)) == ("gpt-5", "gpt-5-nano", "gpt-5-mini")
    assert names((Match(model="gpt-5-????"), target)) == ("gpt-5-nano", "gpt-5-mini")


def test_a_spare_that_cannot_be_asked_for_is_not_told() -> None:
    target = Target(backend=backend(), model="qwen3")
    assert names((Match(model="gpt-5"), target)) == ("gpt-5",)


def test_a_route_for_all_models_tells_all_names_once() -> None:
    target = Target(backend=OPENAI)
    assert names((Match(), target), (Match(), target)) == ("gpt-5", "gpt-5-nano", "o4")


def test_brackets_are_no_pattern() -> None:
    target = Target(backend=backend(), model="a[b]c")
    assert names((Match(model="a[b]*"), target)) == ("a[b]c",)


def test_each_dialect_has_its_own() -> None:
    table = (
        (Match(model="gpt-5"), Target(backend=backend())),
        (Match(model="claude-x"), Target(backend=CLAUDE)),
        (Match(model="claude-y", dialect=Dialect.ANTHROPIC), Target(backend=CLAUDE)),
    )
    assert names(*table) == ("gpt-5",)
    assert names(*table, dialect=Dialect.ANTHROPIC) == ("claude-x", "claude-y")
    assert names(*table, dialect=Dialect.GEMINI) == ()
