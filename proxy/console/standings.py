"""How things stand, looked up by name: backends with their keys, targets with their models.

Pure: from the view's rows to states.
"""

from collections.abc import Sequence

from proxy.model import Route, Scope, Target
from proxy.policy.standing import Row, Word

SERVING = frozenset({Word.CLOSED, Word.SLOW_START})
WORSE = (Word.CLOSED, Word.SLOW_START, Word.PROBING, Word.COOLING, Word.EJECTED)
"""From good to bad."""


class Standings:
    """Looks up how things stand in the rows of one view."""

    def __init__(self, view: Sequence[Row]) -> None:
        self._backends: dict[str, Word] = {}
        self._models: dict[tuple[str, str], Word] = {}
        for row in view:
            if row.scope is Scope.MODEL:
                self._models[row.backend, row.model or ""] = row.state
            else:
                # Without its key a backend is of no use either.
                self._backends[row.backend] = _worse(self.word(row.backend), row.state)

    def word(self, backend: str) -> Word:
        """Return the state of a backend, its key included."""
        return self._backends.get(backend, Word.CLOSED)

    def target(self, target: Target) -> Word:
        """Return the state of a target: of its backend, and of its model where that is known."""
        name = target.backend.name
        model = self._models.get((name, target.served_model(None) or ""), Word.CLOSED)
        return _worse(self.word(name), model)

    def serves(self, route: Route) -> bool:
        """Say whether any target of a route is in rotation."""
        return any(self.target(target) in SERVING for tier in route.tiers for target in tier)


def _worse(one: Word, other: Word) -> Word:
    return max(one, other, key=WORSE.index)
