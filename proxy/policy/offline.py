"""Whether it is our own machine that is cut off, and not the providers that are down.

When the network of this machine goes, every backend fails alike within seconds. To eject them all
would be wrong twice: nobody is to blame, and the return would have to wait for probes. Knows hosts
and instants; never breakers.
"""

from dataclasses import dataclass

from proxy.model import Backend, Cause, Instant, Seconds, Sent

ALIKE_WITHIN = Seconds(5.0)
"""Unrelated providers do not begin to fail in the same way within this time by chance."""

_LOOPBACK = ("127.", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """An attempt that never reached its backend, and how."""

    backend: Backend
    cause: Cause
    silent: bool
    at: Instant

    def alike(self, other: "Unreached") -> bool:
        """Say whether `other` failed in the same way at an unrelated backend, just before."""
        ours, theirs = self.backend, other.backend
        return (
            self.cause is other.cause
            and self.at - other.at <= ALIKE_WITHIN
            and ours.url.host != theirs.url.host
            and ours.account != theirs.account
            # One CDN's outage looks like this, too; but a CDN does not break our resolver.
            and (self.cause is Cause.DNS or ours.cdn is None or ours.cdn != theirs.cdn)
        )


class Offline:
    """The last failures to reach anything, until something answers."""

    __slots__ = ("_until", "recent")

    def __init__(self) -> None:
        self.recent: list[Unreached] = []
        self._until = Instant(float("-inf"))

    def now(self, now: Instant) -> bool:
        """Say whether the machine is held to be offline."""
        return now <= self._until

    def unreached(self, failure: Unreached) -> bool:
        """Take note of a failure; return whether the machine itself is to blame."""
        fresh = [u for u in self.recent if failure.at - u.at <= ALIKE_WITHIN]
        same = [u for u in fresh if u.backend.name != failure.backend.name]
        self.recent = [*same, failure]
        if any(failure.alike(other) for other in same):
            self._until = Instant(failure.at + ALIKE_WITHIN)
        return self.now(failure.at)

    def answered(self) -> None:
        """Hear that some backend was reached: the network is there."""
        self.recent = []
        self._until = Instant(float("-inf"))


def unreached(
    backend: Backend, cause: Cause, sent: Sent, now: Instant, *, silent: bool
) -> Unreached | None:
    """Return the failure if it could come from a machine that is offline, else None.

    A refused connection is an answer: somebody was there to refuse it. And what happens on the
    loopback says nothing about a network.
    """
    if sent is not Sent.NOT_SENT or not (cause is Cause.DNS or silent):
        return None
    if backend.url.host.startswith(_LOOPBACK):
        return None
    return Unreached(backend=backend, cause=cause, silent=silent, at=now)
