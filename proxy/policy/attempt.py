"""One attempt's hold on the standing: what it entered, and has to leave."""

import msgspec

from proxy.model import Action, CredentialKind, Instant, Limits, Rung, Target, Verdict
from proxy.policy.breaker import Breaker
from proxy.policy.member import Member


class Attempt(msgspec.Struct, kw_only=True, eq=False):
    """An attempt in flight, as the policy sees it."""

    number: int
    target: Target
    tier: int
    member: Member
    started: Instant
    stream: bool
    asked: str | None
    """The model that the client asked for."""
    limits: Limits
    """What it was given: the route's, or what the client's deadline has left of them."""
    hedge: bool = False
    rung: Rung | None = None
    """How it is to go on with a cut answer; None for one that begins anew."""
    probe: bool = False
    held: list[tuple[Breaker, int]] = []
    """Breakers that were entered, each with the generation of that moment."""
    open: bool = True
    """Whether it is still counted as in flight."""
    verdict: Verdict | None = None
    """Why it failed; None while it has not."""
    silent: bool = False
    ours: bool = False
    """Whether our own machine was to blame."""

    @property
    def kind(self) -> CredentialKind:
        """Whose key it was made with."""
        return self.target.backend.credential.kind

    @property
    def wants_same(self) -> bool:
        """Whether its verdict asks for the same target again, before any other."""
        return self.verdict is not None and self.verdict.action is Action.RETRY_SAME

    @property
    def is_worth_repeating(self) -> bool:
        """Whether it failed in a way that one quick second try may mend; silence never does."""
        if self.verdict is None or self.silent:
            return False
        return self.verdict.transient or self.wants_same
