"""Which attempts may be repeated, and which failures are the answer.

Sent or not: what may have been carried out is not always done twice. Blame first: what is the
client's own fault goes to the client as it came. Knows verdicts and how far an attempt came; never
health, budgets, or an order of targets.
"""

from collections.abc import Sequence

from proxy.model import Ask, Cause, Operation, Replay, Route, Sent
from proxy.policy.attempt import Attempt
from proxy.policy.blame import is_clients
from proxy.policy.decision import Failed, Why

_ALWAYS, _STATEFUL = Replay.ALWAYS, Operation.STATEFUL
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and every exchange asks."""

_TURNED_AWAY = frozenset({Cause.AUTH, Cause.MODEL_NOT_FOUND, Cause.QUOTA, Cause.RATE_LIMIT})
"""Answers which say that nothing has been carried out."""


def rule(ask: Ask, route: Route, *, replayable: bool) -> Replay:
    """Return the rule of an exchange: the route's, or a stricter one by nature."""
    if route.replay is _ALWAYS and (ask.operation is _STATEFUL or not replayable):
        return Replay.UNSENT
    return route.replay


def allowed(replay: Replay, sent: Sent) -> bool:
    """Say whether an attempt that came as far as `sent` may be repeated."""
    if replay is Replay.UNSENT:
        return sent is Sent.NOT_SENT
    return replay is Replay.ALWAYS


def why_not(event: Failed) -> Why:
    """Return why a failure that must not be repeated leaves nothing to try."""
    if event.sent is Sent.NOT_SENT or event.verdict.cause in _TURNED_AWAY:
        return Why.ALL_FAILED
    return Why.NOT_REPLAYABLE


def is_answer(attempt: Attempt, event: Failed) -> bool:
    """Say whether there is an answer to pass on, and it blames the client."""
    return event.sent >= Sent.HEAD_SEEN and is_clients(event.verdict, attempt.kind)


def misleads(attempt: Attempt, sent: Sequence[Attempt]) -> bool:
    """Say whether a later tier finds fault with what an earlier one would have taken.

    The first choice broke down; that its spare cannot do the same is not the client's fault.
    """
    return any(
        before.tier < attempt.tier
        and before.verdict is not None
        and not is_clients(before.verdict, before.kind)
        for before in sent
    )
