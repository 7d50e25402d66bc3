"""Who else fails alike, and what that means.

Pure: it is fed with verdicts and instants. Backends are *unrelated* when neither their provider nor
their CDN is the same. If unrelated ones fail alike on the way there, within seconds, the fault is
between this machine and all of them: nobody is to be ejected. If all that fail belong to one
provider or sit behind one CDN, that is one cause and not several. Any answer from the network, be
it an error, proves that the way there is open; a loopback backend proves nothing about it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from proxy.model import Address, Backend, Cause, Fault, Instant, Scope, Seconds, Verdict

WINDOW = Seconds(5.0)
"""How close failures must be to be alike: a dead network shows at once, a slow resolver in 5 s."""
EXPIRED = "tls-expired"
"""The signature of a certificate that is not valid at this time."""
ON_THE_WAY = frozenset(
    {
        Fault.DNS,
        Fault.DNS_TEMPORARY,
        Fault.UNREACHABLE,
        Fault.CONNECT_TIMEOUT,
        Fault.PROXY_REFUSED,
        Fault.TLS_VERIFY,
    }
)
"""Faults between this machine and a provider. A refused connection has been there and back."""
TOGETHER = {Cause.LOCAL_NETWORK: Cause.DNS}
"""A machine without a network fails to resolve names, and to reach addresses that it knew."""


class Kind(StrEnum):
    """What failures have in common."""

    NETWORK = "network"
    CLOCK = "clock"
    PROVIDER = "provider"
    CDN = "cdn"


SENTENCES = {
    Kind.NETWORK: "unrelated backends fail alike, so it is this machine's network or proxy",
    Kind.CLOCK: "every certificate is out of date, so it is this machine's clock",
    Kind.PROVIDER: "the backends of provider {name} fail alike",
    Kind.CDN: "the backends behind {name} fail alike",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A cause that several backends share."""

    kind: Kind
    name: str
    backends: tuple[str, ...]

    @property
    def ours(self) -> bool:
        """Whether it is this machine's own fault, or its network's."""
        return self.kind in {Kind.NETWORK, Kind.CLOCK}

    def __str__(self) -> str:
        return f"{SENTENCES[self.kind].format(name=self.name)}: {', '.join(self.backends)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The last failure of one backend."""

    provider: str
    cdn: str | None
    cause: Cause
    way: bool
    """Whether nothing came back: it failed between this machine and the provider."""
    expired: bool
    at: Instant

    def unrelated(self, other: "Failure") -> bool:
        """Tell whether nothing but this machine is common to both."""
        same_cdn = self.cdn is not None and self.cdn == other.cdn
        return self.provider != other.provider and not same_cdn

    def alike(self, other: "Failure") -> bool:
        """Tell whether both failed in the same way."""
        same = TOGETHER.get(self.cause, self.cause) is TOGETHER.get(other.cause, other.cause)
        return same and self.way == other.way and self.expired == other.expired


class Correlation:
    """Remembers the last failure of each backend for as long as it may matter."""

    __slots__ = ("_failures", "_lost", "_named")

    def __init__(self) -> None:
        self._failures: dict[str, Failure] = {}
        self._lost: set[str] = set()
        """The backends whose last failure was on the way; nearly always none."""
        self._named: dict[tuple[Kind, str], Instant] = {}

    def answered(self, backend: Backend) -> None:
        """Take note that an answer came, whatever it says: the way to the network is open."""
        if self._lost and not is_loopback(backend):
            for name in self._lost:
                del self._failures[name]
            self._lost.clear()

    def failed(
        self, verdict: Verdict, fault: Fault | None, backend: Backend, now: Instant
    ) -> Shared | None:
        """Take note of a failure; return what it has in common with others, if anything."""
        if verdict.scope is Scope.REQUEST:
            return None
        failure = Failure(
            provider=backend.vendor,
            cdn=backend.cdn,
            cause=verdict.cause,
            way=fault in ON_THE_WAY and not is_loopback(backend),
            expired=verdict.signature == EXPIRED,
            at=now,
        )
        self._failures[backend.name] = failure
        (self._lost.add if failure.way else self._lost.discard)(backend.name)
        alike = {
            name: other
            for name, other in self._failures.items()
            if now - other.at <= WINDOW and failure.alike(other)
        }
        return _shared(failure, alike)

    def is_news(self, shared: Shared, now: Instant) -> bool:
        """Tell whether this is the first word of it: an episode is named once."""
        last = self._named.get((shared.kind, shared.name))
        self._named[shared.kind, shared.name] = now
        return last is None or now - last > WINDOW


def is_loopback(backend: Backend) -> bool:
    """Tell whether a backend is on this machine."""
    return Address(host=backend.url.host).loopback


def _shared(failure: Failure, alike: dict[str, Failure]) -> Shared | None:
    if failure.way and any(failure.unrelated(other) for other in alike.values()):
        kind = Kind.CLOCK if failure.expired else Kind.NETWORK
        return Shared(kind=kind, name="", backends=tuple(sorted(alike)))
    return _group(Kind.PROVIDER, failure.provider, alike, lambda other: other.provider) or _group(
        Kind.CDN, failure.cdn, alike, lambda other: other.cdn
    )


def _group(
    kind: Kind, name: str | None, alike: dict[str, Failure], of: Callable[[Failure], str | None]
) -> Shared | None:
    """Return the provider or CDN of that name if several failing backends have it in common."""
    backends = tuple(sorted(key for key, other in alike.items() if of(other) == name))
    if not name or len(backends) < 2:  # noqa: PLR2004 - one is no correlation
        return None
    return Shared(kind=kind, name=name, backends=backends)
