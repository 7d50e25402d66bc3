"""When an answer is less than what was asked for: another model, or no model at all.

Knows the route and the ask; never what an answer looks like.
"""

from proxy.model import Ask, Operation, Route, Target


def is_degraded(route: Route, target: Target, asked: str | None) -> bool:
    """Say whether `target`, of a later tier, serves another model than asked or first choice.

    A vendor in front of the name (`openai/gpt-5`) is a place and not another model; neither is a
    backend's own name for a model (`models`).
    """
    if target.model is None:
        return False
    wanted = {_bare(asked)} | {_bare(first.model) for first in route.tiers[0]}
    return _bare(target.model) not in wanted


def takes_static(ask: Ask) -> bool:
    """Say whether the table's own text may answer: not where one backend is demanded."""
    return ask.operation is Operation.GENERATE and ask.backend is None and not ask.no_failover


def _bare(model: str | None) -> str:
    return "" if model is None else model.rpartition("/")[2]
