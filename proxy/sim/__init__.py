"""Simulated providers that can fail in every known way: the demo, drills and tests use them.

    async with sim.Provider("alpha") as alpha:
        alpha.plan(sim.cdn_502())                    # from now on
        alpha.plan_next(sim.cut_after(3), sim.ok())  # the next two requests
        ...                                          # talk to alpha.url
        assert alpha.attempts[0].method == "POST"

It is its own small server, because it must misbehave down to the bytes: it knows nothing of
`edge` and `wire`, so that it can prove them wrong.
"""

from proxy.sim.bad_answers import (
    Form,
    cdn_502,
    early_answer,
    empty_200,
    gzip_bomb,
    html_200,
    huge_head,
    overload,
    page,
    raw,
    redirect,
    status,
    switching_protocols,
    unary_for_stream,
    wrong_content_type,
)
from proxy.sim.bad_streams import (
    Cut,
    cut_after,
    drip,
    error_event_after,
    error_first_event,
    flood,
    garbled_event,
    head_then_silence,
    no_done,
    no_terminal,
    pings_only,
    slow_first_token,
    slow_head,
    stall_after,
    terminal_then,
    terminal_then_silence,
)
from proxy.sim.bad_wires import (
    body_on_204,
    close_before_head,
    close_mid_head,
    garbage,
    interim,
    length_and_chunked,
    refuse,
    reset_before_head,
    reset_mid_head,
    reset_on_connect,
    silent,
    surplus,
    two_lengths,
)
from proxy.sim.behaviour import Behaviour, Close, Moment, Reset, Silence, Step, Wait, ok
from proxy.sim.continuing import continuing
from proxy.sim.faults import FAULTS
from proxy.sim.provider import Provider
from proxy.sim.seen import Seen

__all__ = [
    "FAULTS",
    "Behaviour",
    "Close",
    "Cut",
    "Form",
    "Moment",
    "Provider",
    "Reset",
    "Seen",
    "Silence",
    "Step",
    "Wait",
    "body_on_204",
    "cdn_502",
    "close_before_head",
    "close_mid_head",
    "continuing",
    "cut_after",
    "drip",
    "early_answer",
    "empty_200",
    "error_event_after",
    "error_first_event",
    "flood",
    "garbage",
    "garbled_event",
    "gzip_bomb",
    "head_then_silence",
    "html_200",
    "huge_head",
    "interim",
    "length_and_chunked",
    "no_done",
    "no_terminal",
    "ok",
    "overload",
    "page",
    "pings_only",
    "raw",
    "redirect",
    "refuse",
    "reset_before_head",
    "reset_mid_head",
    "reset_on_connect",
    "silent",
    "slow_first_token",
    "slow_head",
    "stall_after",
    "status",
    "surplus",
    "switching_protocols",
    "terminal_then",
    "terminal_then_silence",
    "two_lengths",
    "unary_for_stream",
    "wrong_content_type",
]
