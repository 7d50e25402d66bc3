"""Hands what the path tells to all who listen: the journal, the metrics, whoever has joined.

Knows nobody but its listeners. Each of them returns at once and never raises, so this does too.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from proxy.exchange import Events
from proxy.model import AttemptRecord, ExchangeRecord, HealthChange


class Report(Events):
    """Tells every listener everything, in their order."""

    def __init__(self, *listeners: Events) -> None:
        self._listeners = listeners

    @contextmanager
    def joined(self, listener: Events) -> Iterator[None]:
        """Tell one more for a while."""
        self._listeners = (*self._listeners, listener)
        try:
            yield
        finally:
            self._listeners = tuple(each for each in self._listeners if each is not listener)

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:
        """Pass on that an attempt is over."""
        for listener in self._listeners:
            listener.attempt_ended(exchange_id, route, record)

    def health_changed(self, change: HealthChange) -> None:
        """Pass on a change of standing."""
        for listener in self._listeners:
            listener.health_changed(change)

    def budget_refused(self, backend: str) -> None:
        """Pass on that a retry budget could not pay."""
        for listener in self._listeners:
            listener.budget_refused(backend)

    def turned_away(self, code: str) -> None:
        """Pass on that a request was refused at the door."""
        for listener in self._listeners:
            listener.turned_away(code)

    def ended(self, record: ExchangeRecord) -> None:
        """Pass on the story of an exchange."""
        for listener in self._listeners:
            listener.ended(record)
