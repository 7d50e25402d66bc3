"""What failover hears and what it answers: two closed unions of values.

Attempts are known by their number, counted from 1 in the order in which they were sent.
"""

from enum import StrEnum

from proxy.model import Instant, Limits, Rung, Seconds, Sent, Target, Verdict, noun

# --- events: what happened ---------------------------------------------------------------------


@noun
class Ready:
    """The gate of an attempt has opened: first content, or a whole unary answer that is good."""

    number: int
    whole: bool = False
    """Whether nothing follows what is there: then this is its good end, too, and none is told."""


@noun
class Failed:
    """An attempt is over with nothing sent to the client, and the verdict is not good.

    A verdict of `pass_through` is a failure too: its answer may still be relayed as it came.
    """

    number: int
    verdict: Verdict
    sent: Sent
    stale: bool = False
    """The connection had served before and broke without one byte back: its peer had closed it."""
    silent: bool = False
    """A limit passed without an answer: never redialled in the same exchange."""
    mismatch: bool = False
    """Asked to go on with a cut stream, it was well and said something else."""


@noun
class Ended:
    """The relayed attempt is over: whole (a good verdict), or cut after the commit."""

    number: int
    verdict: Verdict
    rungs: tuple[Rung, ...] = ()
    """The route's ways to go on that what the client has been shown allows."""


@noun
class Woke:
    """The instant of the last `Wait` has come."""


Event = Ready | Failed | Ended | Woke

# --- decisions: what is done next --------------------------------------------------------------


@noun
class Send:
    """Make an attempt."""

    number: int
    target: Target
    limits: Limits
    """The route's, shortened by what the client's deadline leaves."""
    fresh: bool = False
    """On a connection that has not served before."""
    hedge: bool = False
    probe: bool = False
    degraded: bool = False
    """Whether a later tier serves another model here than was asked for."""
    rung: Rung | None = None
    """How to go on with the cut stream; None: it begins an answer."""


@noun
class Wait:
    """Come back with `Woke` at `until`; other events may come before. A new one replaces it."""

    until: Instant


@noun
class Relay:
    """Commit this attempt's answer: it is ready, or it is the client's own fault."""

    number: int


@noun
class Cancel:
    """End this attempt at once; it is charged to nobody."""

    number: int


class Why(StrEnum):
    """Why there is nothing left to try."""

    ALL_FAILED = "all_backends_failed"
    ALL_OUT = "all_backends_out"
    """Every target is ejected or cooling: nothing was even tried."""
    LOCAL_NETWORK = "local_network_down"
    BUDGET = "retry_budget_spent"
    DEADLINE = "deadline_passed"
    NOT_REPLAYABLE = "not_replayable"
    """The attempt may have been carried out, and repeating it elsewhere is not allowed."""
    NO_TARGET = "no_target"
    """No target of the route is able: unknown backend demanded, context window, all full."""


@noun
class Refuse:
    """Tell the client that nothing is left."""

    why: Why
    retry_in: Seconds | None = None
    """The soonest recovery that is known."""
    told: bool = False
    """Whether a provider told that time."""
    out: tuple[tuple[Target, Verdict], ...] = ()
    """The targets that are out of rotation, tried or not, and what put them there."""


@noun
class Substitute:
    """Answer with the table's own text; where the client's API has no text, refuse."""

    text: str
    instead_of: Refuse


Decision = Send | Wait | Relay | Cancel | Refuse | Substitute
