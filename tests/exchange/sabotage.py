"""The n-th call that the exchange makes to the outside has a bug: for every n.

A `Sabotage` stands between the exchange and all that a `Stage` hands it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from proxy.exchange.ports import Ports
from tests.exchange.stage import RecordingClient, Stage

CALLS = {
    "upstream": ("start",),
    "call": ("pause", "resume", "cancel", "finish"),
    "clock": ("call_at",),
    "events": ("attempt_ended", "ended"),
    "downstream": ("begin", "write", "end", "abort", "on_room"),
    "judge": ("__call__",),
}
"""What the exchange calls, but for what only looks."""
MAKING = frozenset({"start", "call_at"})
"""What they make would be out of reach for everyone; so they raise before they do. All others do
what they should, and then raise."""


class Bug(Exception):  # noqa: N818 - nobody expects it
    """Raised by the call that is hit."""


class Sabotage:
    """Counts the calls of one exchange and breaks the `at`-th."""

    def __init__(self, stage: Stage, at: int) -> None:
        self.hit = ""
        """Which call it was."""
        self._left = at
        self.client = RecordingClient()
        self.downstream = self._wrap("downstream", self.client)
        self.ports: Ports = replace(
            stage.ports,
            upstream=self._wrap("upstream", stage.upstream),
            clock=self._wrap("clock", stage.clock),
            events=self._wrap("events", stage.told),
            judge=self._wrap("judge", stage.ports.judge),
        )

    def _wrap(self, name: str, end: Any) -> Any:
        return _End(self, name, end)

    def call(self, name: str, call: str, what: Callable[..., Any]) -> Callable[..., Any]:
        """Return `what`, broken if its turn has come."""

        def counted(*args: Any, **more: Any) -> Any:
            self._left -= 1
            if not self._left:
                self.hit = f"{name}.{call}"
                if call not in MAKING:
                    what(*args, **more)
                raise Bug(self.hit)
            made = what(*args, **more)
            return self._wrap("call", made) if call == "start" else made

        return counted


class _End:
    """One end of the exchange, its calls counted."""

    def __init__(self, sabotage: Sabotage, name: str, end: Any) -> None:
        self._sabotage = sabotage
        self._name = name
        self._end = end

    def __getattr__(self, call: str) -> Any:
        what = getattr(self._end, call)
        return self._sabotage.call(self._name, call, what) if call in CALLS[self._name] else what

    def __call__(self, *args: Any) -> Any:
        return self._sabotage.call(self._name, "__call__", self._end)(*args)
