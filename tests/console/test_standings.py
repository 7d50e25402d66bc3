"""How things stand, by name."""

import pytest

from proxy.console.standings import Standings
from proxy.model import Scope, Target
from proxy.policy.standing import Word
from tests.policy import build
from tests.report.records import backend, row

OPENAI = Target(backend=backend("openai"))
GPT = Target(backend=backend("openai", models={"gpt-5": "deployed"}), model="gpt-5")


@pytest.mark.parametrize("scope", [Scope.BACKEND, Scope.KEY])
def test_a_backend_stands_as_its_worse_half(scope: Scope) -> None:
    standings = Standings([row("openai"), row("openai", Word.COOLING, scope=scope)])
    assert standings.word("openai") is Word.COOLING
    assert standings.word("unknown") is Word.CLOSED


def test_a_model_that_is_out_concerns_its_target_only() -> None:
    out = row("openai", Word.EJECTED, scope=Scope.MODEL, model="deployed")
    standings = Standings([row("openai"), out])
    assert standings.word("openai") is Word.CLOSED
    assert standings.target(GPT) is Word.EJECTED
    assert standings.target(OPENAI) is Word.CLOSED


@pytest.mark.parametrize(
    ("state", "serves"),
    [(Word.CLOSED, True), (Word.SLOW_START, True), (Word.PROBING, False), (Word.EJECTED, False)],
)
def test_a_route_is_served_while_any_target_is_in_rotation(state: Word, serves: bool) -> None:
    route = build.route((OPENAI,), (Target(backend=backend("azure")),))
    rows = [row("openai", Word.EJECTED), row("azure", state)]
    assert Standings(rows).serves(route) is serves
