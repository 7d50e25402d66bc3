from hypothesis import given
from hypothesis import strategies as st

from proxy.model import BudgetRule
from proxy.policy.budget import RetryBudget
from tests.policy.build import at


def pay(budget: RetryBudget, now: float, *, hedge: bool = False) -> bool:
    covered = budget.can_pay(at(now), hedge=hedge)
    if covered:
        budget.pay(at(now), hedge=hedge)
    return covered


def test_three_at_once_without_any_traffic() -> None:
    budget = RetryBudget(BudgetRule())
    assert [pay(budget, 1.0) for _ in range(4)] == [True, True, True, False]
    assert pay(budget, 12.1)


def test_a_fifth_of_the_traffic() -> None:
    budget = RetryBudget(BudgetRule())
    for _ in range(100):
        budget.earn(at(1.0))
    assert sum(pay(budget, 2.0) for _ in range(50)) == 20


def test_traffic_is_forgotten() -> None:
    budget = RetryBudget(BudgetRule())
    for _ in range(100):
        budget.earn(at(1.0))
    assert sum(pay(budget, 13.0) for _ in range(50)) == 3


def test_hedges_are_a_twentieth_and_count_among_the_rest() -> None:
    budget = RetryBudget(BudgetRule())
    assert [pay(budget, 1.0, hedge=True) for _ in range(3)] == [True, True, False]
    assert [pay(budget, 1.0) for _ in range(2)] == [True, False]
    busy = RetryBudget(BudgetRule())
    for _ in range(100):
        busy.earn(at(1.0))
    assert sum(pay(busy, 1.0, hedge=True) for _ in range(50)) == 5


def test_a_spent_budget_pays_no_hedge() -> None:
    budget = RetryBudget(BudgetRule())
    for _ in range(3):
        pay(budget, 1.0)
    assert not budget.can_pay(at(1.0), hedge=True)


def test_what_is_owed_is_counted() -> None:
    budget = RetryBudget(BudgetRule())
    for _ in range(5):
        budget.pay(at(1.0))
    assert not budget.can_pay(at(1.0))


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 1.0, 9.9, 10.0]), st.booleans())))
def test_no_ten_seconds_see_more_than_the_rule(steps: list[tuple[float, bool]]) -> None:
    budget, now = RetryBudget(BudgetRule()), 100.0
    earned: list[float] = []
    paid: list[float] = []
    for leap, earns in steps:
        now += leap
        if earns:
            earned.append(now)
            budget.earn(at(now))
        elif pay(budget, now):
            paid.append(now)
            spent = sum(now - t < 10.0 for t in paid)
            traffic = sum(now - t <= 11.0 for t in earned)
            assert spent <= max(3, 0.2 * traffic + 1)


def test_a_repetition_is_no_hedge_and_a_hedge_is_a_repetition() -> None:
    one = RetryBudget(BudgetRule())
    one.pay(at(0.0))
    one.pay(at(0.0))
    assert one.can_pay(at(0.0), hedge=True)
    two = RetryBudget(BudgetRule(floor=4))
    for _ in range(2):
        two.pay(at(0.0), hedge=True)
    assert not two.can_pay(at(0.0), hedge=True)
    assert two.can_pay(at(0.0))


def test_what_is_paid_weighs_for_ten_seconds_and_its_bucket() -> None:
    budget = RetryBudget(BudgetRule())
    for _ in range(3):
        budget.pay(at(0.5))
    assert not budget.can_pay(at(10.999))
    assert budget.can_pay(at(11.0))
