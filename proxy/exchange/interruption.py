"""Why an exchange ends before its end, and what is said of that to the client and in the record.

Three may end one: the client, who leaves; Faultline, which shuts down; a bug. The backends are no
part of it.
"""

from proxy.dialects.refusal import BUG, DRAINING
from proxy.exchange import Downstream
from proxy.model import Cause, Refusal, Verdict, noun


@noun
class Interruption:
    """One of the three."""

    verdict: Verdict
    """On the attempts that were under way: no backend is to blame."""
    refusal: Refusal | None
    """What the client is told; None where nobody hears it."""


def ended_for(evidence: str, signature: str) -> Verdict:
    """Return the verdict on an attempt that was ended, and was nobody's fault."""
    return Verdict(cause=Cause.CLIENT_CANCEL, evidence=evidence, signature=signature)


LOSER = ended_for("another attempt was first", "hedge")
LEFT = Interruption(verdict=ended_for("the client went away", "client-gone"), refusal=None)
SHUT_DOWN = Interruption(
    verdict=ended_for("Faultline was shutting down", "shutdown"), refusal=DRAINING
)
BROKEN = Interruption(verdict=ended_for("Faultline had a bug", "bug"), refusal=BUG)


def interruption(bug: Exception | None, downstream: Downstream) -> Interruption:
    """Say why an exchange is over that had not come to its end."""
    if bug is not None:
        return BROKEN
    return LEFT if downstream.gone else SHUT_DOWN
