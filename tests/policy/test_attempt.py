import pytest

from proxy.model import Action, BudgetRule, CredentialKind, Ejection, Verdict
from proxy.policy.attempt import Attempt
from proxy.policy.member import Member
from tests.policy import build
from tests.policy.build import bad, target


def attempt(verdict: Verdict | None, *, silent: bool = False) -> Attempt:
    to = target("p")
    made = build.attempt(to, Member(to.backend, Ejection(), BudgetRule(), None))
    made.verdict = verdict
    made.silent = silent
    return made


@pytest.mark.parametrize(
    ("verdict", "silent", "worth", "same"),
    [
        (None, False, False, False),
        (bad(), False, False, False),
        (bad(transient=True), False, True, False),
        (bad(transient=True), True, False, False),
        (bad(action=Action.RETRY_SAME), False, True, True),
        (bad(action=Action.RETRY_SAME), True, False, True),
    ],
)
def test_what_is_worth_a_second_try(
    verdict: Verdict | None, silent: bool, worth: bool, same: bool
) -> None:
    made = attempt(verdict, silent=silent)
    assert made.is_worth_repeating is worth
    assert made.wants_same is same


def test_it_begins_with_nothing_known() -> None:
    made = attempt(None)
    assert (made.hedge, made.probe, made.ours, made.open, made.held) == (
        False,
        False,
        False,
        True,
        [],
    )


def test_it_knows_whose_key_it_carried() -> None:
    assert attempt(None).kind is CredentialKind.OWN


def test_it_begins_with_nothing_said() -> None:
    to = target("p")
    made = build.attempt(to, Member(to.backend, Ejection(), BudgetRule(), None))
    said = (made.verdict, made.silent, made.ours, made.probe, made.rung, made.hedge, made.open)
    assert said == (None, False, False, False, None, False, True)
