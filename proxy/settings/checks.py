"""Whether the routes of a table make sense together: what each can reach, and what is left over.

Pure: built routes in, problems out.
"""

from collections.abc import Sequence

from proxy.model import Match
from proxy.settings.findings import Findings
from proxy.settings.globs import covers
from proxy.settings.problem import Code, quote
from proxy.settings.routes import Placed


def check_routes(routes: Sequence[Placed], findings: Findings) -> None:
    """Tell what is wrong with the routes of a table."""
    for index, placed in enumerate(routes):
        _check_name(placed, routes[:index], findings)
        _check_reachable(placed, routes[:index], findings)
        _check_fallback(placed, findings)


def _check_name(placed: Placed, earlier: Sequence[Placed], findings: Findings) -> None:
    if any(placed.route.name == other.route.name for other in earlier):
        reason = f"another route is called {quote(placed.route.name)} already"
        mend = "a name stands for one route in logs and metrics"
        findings.error((*placed.path, "name"), Code.DUPLICATE_NAME, reason, mend)


def _check_reachable(placed: Placed, earlier: Sequence[Placed], findings: Findings) -> None:
    for other in earlier:
        if _takes_all(other.route.match, placed.route.match):
            line = findings.line(other.path)
            reason = (
                f"route {quote(placed.route.name)} is never reached: "
                f"{quote(other.route.name)} on line {line} takes all that it matches"
            )
            mend = "put the narrower route first"
            findings.error(placed.path, Code.UNREACHABLE, reason, mend)
            return


def _takes_all(wide: Match, narrow: Match) -> bool:
    return (
        wide.dialect in {None, narrow.dialect}
        and wide.operation in {None, narrow.operation}
        and _glob_takes_all(wide.model, narrow.model)
        and _glob_takes_all(wide.path, narrow.path)
        and set(wide.headers) <= set(narrow.headers)
    )


def _glob_takes_all(wide: str | None, narrow: str | None) -> bool:
    if wide is None:
        return True
    return narrow is not None and covers(wide, narrow)


def _check_fallback(placed: Placed, findings: Findings) -> None:
    """Tell of targets that cannot help where an earlier one has failed."""
    seen_targets: set[str] = set()
    accounts: dict[str, str] = {}
    for path, target in placed.targets:
        name, account = target.backend.name, target.backend.account
        if str(target) in seen_targets:
            reason = f"{quote(str(target))} stands in this route twice"
            findings.warning(path, Code.SAME_TARGET, reason, "delete one of the two")
        elif accounts.setdefault(account, name) != name:
            reason = f"{quote(name)} shares its account with {quote(accounts[account])}"
            mend = "where the one is rate-limited, the other is too: add one of another account"
            findings.warning(path, Code.SAME_ACCOUNT, reason, mend)
        seen_targets.add(str(target))
    names = {target.backend.name for _, target in placed.targets}
    if placed.whole and len(names) == 1 and placed.route.static is None:
        who = f"route {quote(placed.route.name)} has no fallback"
        reason = f"{who}: all is up to {quote(names.pop())}"
        mend = "add a target of another backend to its tiers"
        findings.warning((*placed.path, "tiers"), Code.NO_FALLBACK, reason, mend)
