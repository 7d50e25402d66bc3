"""Which target a conversation was with: its provider's prompt cache is warm there.

Knows opaque keys and names of targets; never a prompt. The table is bounded: what has been silent
longest is forgotten first.
"""

from proxy.model import Instant, Seconds, Target

LIFE = Seconds(600.0)
"""How long a conversation stays with its target (design, "Numbers"); a cache lives 5 to 10 min."""

MOST = 10_000
"""Conversations remembered; some 2 MB at most."""

Key = tuple[str, int, str]
"""Route, tier, and what ties the calls of a conversation together."""


class Stickiness:
    """The bounded memory of conversations."""

    __slots__ = ("_known", "_most")

    def __init__(self, most: int = MOST) -> None:
        self._known: dict[Key, tuple[str, Instant]] = {}
        self._most = most

    def find(self, key: Key, targets: list[Target], now: Instant) -> Target | None:
        """Return the one of `targets` that the conversation is with."""
        known = self._known.get(key)
        if known is None or now >= known[1]:
            return None
        return next((target for target in targets if str(target) == known[0]), None)

    def keep(self, key: Key, target: Target, now: Instant) -> None:
        """Remember, or remember for longer."""
        self._known.pop(key, None)
        self._known[key] = (str(target), Instant(now + LIFE))
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
