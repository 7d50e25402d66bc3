from proxy.model import BudgetRule, Ejection, Scope
from proxy.policy.member import MOST_MODELS, Member
from tests.policy.build import backend


def member(most: int | None = None) -> Member:
    return Member(backend("p", max_in_flight=most), Ejection(), BudgetRule(), None)


def test_full_is_what_the_table_says() -> None:
    free, small = member(), member(most=2)
    free.in_flight = small.in_flight = 1
    assert not small.full()
    free.in_flight = small.in_flight = 2
    assert small.full()
    assert not free.full()


def test_a_model_gets_a_breaker_when_it_first_needs_one() -> None:
    one = member()
    breaker = one.model("gpt-5")
    assert one.model("gpt-5") is breaker
    assert (breaker.scope, breaker.backend, breaker.model) == (Scope.MODEL, "p", "gpt-5")


def test_models_are_bounded_and_the_oldest_goes() -> None:
    one = member()
    for i in range(MOST_MODELS + 1):
        one.model(str(i))
    assert len(one.models) == MOST_MODELS == 256
    assert "0" not in one.models
    assert str(MOST_MODELS) in one.models


def test_a_new_table_changes_the_rules_and_keeps_the_state() -> None:
    one, rule, budget = member(), Ejection(consecutive=1), BudgetRule(floor=1)
    breaker, health = one.model("gpt-5"), one.health
    one.adopt(backend("p", max_in_flight=1), rule, budget)
    assert one.health is health
    assert one.models == {"gpt-5": breaker}
    assert (breaker.rule, health.rule, one.budget.rule) == (rule, rule, budget)
    one.in_flight = 1
    assert one.full()
