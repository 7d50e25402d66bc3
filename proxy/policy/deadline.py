"""How long one exchange may take, and each of its attempts.

Nothing starts at or after the deadline, and no attempt is given more than what is left: an answer
that comes after the client has gone helps nobody. Knows limits and instants only.
"""

from dataclasses import replace
from typing import assert_never

from proxy.model import Ask, Instant, Limits, Seconds, Sent


class Deadline:
    """The route's limits, within what the client says that it will bear."""

    __slots__ = ("_began", "_limits", "_table", "at")

    def __init__(self, table: Limits, ask: Ask, now: Instant) -> None:
        self._table = table
        self._limits = table
        if ask.timeout is not None and ask.timeout < table.total:
            self._limits = _within(self._limits, ask.timeout)
        if ask.read_timeout is not None:
            self._limits = _quiet_for(self._limits, ask.read_timeout)
        self._began = now
        self.at = Instant(now + self._limits.total)
        """When an answer must have been committed."""

    def limits(self, now: Instant) -> Limits:
        """Return the limits of an attempt that begins now."""
        if now == self._began:
            return self._limits
        return _within(self._limits, Seconds(self.at - now))

    def hurried(self, given: Limits, sent: Sent) -> bool:
        """Say whether a silence was cut short by the client's haste, not by the table's limit.

        One client that waits a second only must not eject a backend for all the others.
        """
        table = self._table
        match sent:
            case Sent.NOT_SENT:
                return given.connect < table.connect or given.tls < table.tls
            case Sent.MAYBE_SENT:
                return given.head < table.head
            case Sent.HEAD_SEEN:
                return given.first_content < table.first_content
            case Sent.CONTENT_SEEN:
                return given.stall < table.stall
        assert_never(sent)


def _within(limits: Limits, left: Seconds) -> Limits:
    """Return limits that end before `left` has passed, up to the commit."""
    return replace(
        limits,
        connect=min(limits.connect, left),
        tls=min(limits.tls, left),
        head=min(limits.head, left),
        first_content=min(limits.first_content, left),
        total=left,
    )


def _quiet_for(limits: Limits, most: Seconds) -> Limits:
    """Return limits under which no silence is longer than the client bears."""
    return replace(
        limits,
        head=min(limits.head, most),
        first_content=min(limits.first_content, most),
        stall=min(limits.stall, most),
    )
