"""Who is charged for a verdict, and how: blame first.

Knows causes, scopes and actions; never counts, never instants. One table, so that a reader sees at
a glance what ejects whom (design, "Numbers").
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from proxy.model import Action, Cause, CredentialKind, Scope, Seconds, Verdict


class Charge(Enum):
    """What a verdict does to the standing of its scope."""

    NOTHING = "nothing"
    """The client's, our own, or nobody's fault."""
    COOL = "cool"
    """Not a fault, but stay away: as long as told, else by a backoff."""
    FAIL = "fail"
    """One more failure; enough of them eject."""
    EJECT = "eject"
    """So certain that a second one would only cost time."""


_CHARGES: Mapping[Cause, Charge] = MappingProxyType(
    {
        # A client's own key; one of ours is ejected, see `charge`.
        Cause.AUTH: Charge.NOTHING,
        Cause.BAD_REQUEST: Charge.NOTHING,
        Cause.CAPACITY: Charge.FAIL,
        Cause.CDN_EDGE: Charge.FAIL,
        Cause.CDN_EDGE_TO_ORIGIN: Charge.FAIL,
        Cause.CLIENT_CANCEL: Charge.NOTHING,
        Cause.CONTENT_POLICY: Charge.NOTHING,
        Cause.CONTEXT_LENGTH: Charge.NOTHING,
        Cause.DNS: Charge.FAIL,
        Cause.GEO: Charge.FAIL,
        Cause.LOCAL_NETWORK: Charge.NOTHING,
        # Not the provider's doing, but the way there is closed: else every exchange would try it.
        Cause.LOCAL_PROXY: Charge.FAIL,
        Cause.MODEL_NOT_FOUND: Charge.EJECT,
        Cause.NONE: Charge.NOTHING,
        Cause.ORIGIN: Charge.FAIL,
        Cause.PROTOCOL: Charge.FAIL,
        Cause.QUOTA: Charge.EJECT,
        Cause.RATE_LIMIT: Charge.COOL,
        Cause.TCP: Charge.FAIL,
        Cause.TIMEOUT: Charge.FAIL,
        Cause.TLS: Charge.FAIL,
    }
)

LOCAL = frozenset({Cause.LOCAL_NETWORK, Cause.LOCAL_PROXY})
"""Our own side of the network."""

COOLDOWN_LEAST = Seconds(1.0)
COOLDOWN_MOST = Seconds(300.0)
"""Told cooldowns are believed between these (design, "Numbers")."""
QUOTA_MOST = Seconds(3600.0)
"""A quota may be gone for longer than a rate."""


def charge(verdict: Verdict, kind: CredentialKind) -> Charge:
    """Return what `verdict` does to the standing of its scope.

    A spent quota with a told end is a cooldown; without one it is an ejection, so that one probe
    and not a burst finds out that somebody has paid.
    """
    if refused_own_key(verdict, kind):
        return Charge.EJECT
    if verdict.action is Action.PASS_THROUGH or verdict.scope is Scope.REQUEST:
        return Charge.NOTHING
    if verdict.cause is Cause.QUOTA and verdict.cooldown is not None:
        return Charge.COOL
    return _CHARGES[verdict.cause]


def condemned(verdict: Verdict, kind: CredentialKind) -> Scope:
    """Return the scope that a verdict is about."""
    if refused_own_key(verdict, kind) and verdict.scope is Scope.REQUEST:
        return Scope.KEY
    return verdict.scope


def refused_own_key(verdict: Verdict, kind: CredentialKind) -> bool:
    """Say whether a provider refused a key that is ours: the client must never see that."""
    return verdict.cause is Cause.AUTH and kind is not CredentialKind.CLIENT


def is_clients(verdict: Verdict, kind: CredentialKind) -> bool:
    """Say whether a bad answer is the client's own business, to be passed on as it came."""
    if verdict.cause in {Cause.CONTENT_POLICY, Cause.CONTEXT_LENGTH}:
        return True
    if verdict.cause in LOCAL or refused_own_key(verdict, kind):
        return False
    return verdict.action is Action.PASS_THROUGH


def told_cooldown(verdict: Verdict) -> Seconds | None:
    """Return how long the provider told to stay away, within what is believed."""
    if verdict.cooldown is None or verdict.cause in LOCAL:
        return None
    most = QUOTA_MOST if verdict.cause is Cause.QUOTA else COOLDOWN_MOST
    # In this order a NaN becomes the least.
    return min(max(COOLDOWN_LEAST, verdict.cooldown), most)
