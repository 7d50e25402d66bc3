import pytest

from proxy.model import Action, BudgetRule, Cause, Ejection, Operation, Replay, Scope, Sent, Verdict
from proxy.policy.attempt import Attempt
from proxy.policy.decision import Failed, Why
from proxy.policy.member import Member
from proxy.policy.repetition import allowed, is_answer, misleads, rule, why_not
from tests.policy import build
from tests.policy.build import ask, bad, route, target

P = target("p")
CLIENTS = bad(Cause.BAD_REQUEST, scope=Scope.REQUEST, action=Action.PASS_THROUGH)


def attempt(tier: int = 0, verdict: Verdict | None = None) -> Attempt:
    made = build.attempt(P, Member(P.backend, Ejection(), BudgetRule(), None), tier=tier)
    made.verdict = verdict
    return made


def failed(verdict: Verdict, sent: Sent = Sent.HEAD_SEEN) -> Failed:
    return Failed(number=1, verdict=verdict, sent=sent)


@pytest.mark.parametrize("given", Replay)
def test_the_routes_rule_holds_for_a_plain_ask(given: Replay) -> None:
    assert rule(ask(), route((P,), replay=given), replayable=True) is given


@pytest.mark.parametrize(
    ("given", "strict"),
    [(Replay.ALWAYS, Replay.UNSENT), (Replay.UNSENT, Replay.UNSENT), (Replay.NEVER, Replay.NEVER)],
)
def test_some_asks_are_stricter_by_nature(given: Replay, strict: Replay) -> None:
    stateful = ask(operation=Operation.STATEFUL)
    assert rule(stateful, route((P,), replay=given), replayable=True) is strict
    assert rule(ask(), route((P,), replay=given), replayable=False) is strict


def test_what_may_be_repeated() -> None:
    assert all(allowed(Replay.ALWAYS, sent) for sent in Sent)
    assert [allowed(Replay.UNSENT, sent) for sent in Sent] == [True, False, False, False]
    assert not any(allowed(Replay.NEVER, sent) for sent in Sent)


@pytest.mark.parametrize(
    ("cause", "sent", "why"),
    [
        (Cause.ORIGIN, Sent.MAYBE_SENT, Why.NOT_REPLAYABLE),
        (Cause.ORIGIN, Sent.HEAD_SEEN, Why.NOT_REPLAYABLE),
        (Cause.TCP, Sent.NOT_SENT, Why.ALL_FAILED),
        (Cause.RATE_LIMIT, Sent.HEAD_SEEN, Why.ALL_FAILED),
        (Cause.AUTH, Sent.HEAD_SEEN, Why.ALL_FAILED),
        (Cause.MODEL_NOT_FOUND, Sent.HEAD_SEEN, Why.ALL_FAILED),
        (Cause.QUOTA, Sent.HEAD_SEEN, Why.ALL_FAILED),
    ],
)
def test_why_it_may_not(cause: Cause, sent: Sent, why: Why) -> None:
    assert why_not(failed(bad(cause), sent)) is why


def test_an_answer_has_been_seen_and_blames_the_client() -> None:
    assert is_answer(attempt(), failed(CLIENTS))
    assert not is_answer(attempt(), failed(CLIENTS, Sent.MAYBE_SENT))
    assert not is_answer(attempt(), failed(bad()))


def test_f19_a_later_tier_misleads_after_a_breakdown_of_an_earlier_one() -> None:
    broken, refused = attempt(0, bad()), attempt(0, CLIENTS)
    assert misleads(attempt(1), [broken])
    assert not misleads(attempt(0), [broken]), "an equal would have taken it"
    assert not misleads(attempt(1), [refused])
    assert not misleads(attempt(1), [attempt(0, None)]), "one that is still under way"
