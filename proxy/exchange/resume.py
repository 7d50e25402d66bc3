"""A cut stream goes on with another runner.

For routes that name rungs only. `Resume` remembers at the client's door what the client has been
shown; when a stream is cut it says which rungs that allows, and gives the next runner what differs
for it: another request, and a gate that stays shut until the seam is verified. Who is asked, and
whether it may cost something, is decided elsewhere.
"""

from collections.abc import Callable, Mapping

from proxy.dialects.continuation import may_go_on, render_rung, rungs_for
from proxy.dialects.gate import MOST_HELD, Gate, WholeGate, is_good
from proxy.dialects.render import Rendered
from proxy.dialects.resumed import ResumedWatch, SeamGate, tokens_of
from proxy.dialects.seam import Align, Anchor, Prefill, Seam, State
from proxy.dialects.shown import Shown
from proxy.exchange import Downstream
from proxy.model import (
    Ask,
    Body,
    Cause,
    Head,
    Headers,
    Resumed,
    Resumption,
    Route,
    Rung,
    Target,
    Verdict,
    header,
)

MISMATCH = Verdict(
    cause=Cause.CLIENT_CANCEL,
    evidence="its answer was another than the one that the client has",
    signature="seam",
    billed=True,
)
"""Nobody is to blame: it was well, and of no use."""
_SEAMS: Mapping[Rung, Callable[[str], Seam]] = {
    Rung.ALIGN: Align,
    Rung.PREFILL: Prefill,
    Rung.ANCHOR: Anchor,
}


class Recorder:
    """The client's side, with a memory of what it was sent. A `Downstream`."""

    def __init__(self, downstream: Downstream, shown: Shown) -> None:
        self._shown = shown
        self._downstream = downstream
        self.end = downstream.end
        self.abort = downstream.abort
        self.on_room = downstream.on_room

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self._downstream.gone

    def begin(self, status: int, headers: Headers, data: bytes, *, last: bool) -> None:
        """Commit; an answer whose length or coding is fixed cannot go on with another's bytes."""
        if header(headers, b"content-length") or header(headers, b"content-encoding"):
            self._shown.spoil()
        self._shown.feed(data)
        self._downstream.begin(status, headers, data, last=last)

    def write(self, data: bytes) -> bool:
        """Pass bytes on."""
        self._shown.feed(data)
        return self._downstream.write(data)


class Continuation:
    """What one runner does differently when it goes on with a cut stream."""

    def __init__(self, ask: Ask, shown: Shown, rung: Rung, backend: str) -> None:
        self._ask = ask
        self._rung = rung
        self._text = shown.text
        note = f": faultline resumed on {backend} by {rung} after {len(self._text)} characters\n\n"
        self._seam = _SEAMS[rung](self._text)
        self._watch = ResumedWatch(ask.api, shown, self._seam, note.encode())

    def render(self, body: Body, target: Target) -> Rendered:
        """Return what is sent."""
        return render_rung(self._ask, body, target, self._rung, self._text)

    def gate(self, head: Head) -> Gate | SeamGate:
        """Return the gate that stays shut until the seam is verified."""
        return SeamGate(self._watch) if is_good(head.status) else WholeGate(MOST_HELD)

    def record(self, *, joined: bool) -> Resumption:
        """Tell how it went; `joined` says whether its answer went down."""
        mismatch = self._seam.state is State.FAILED
        missed = Resumed.MISMATCH if mismatch else Resumed.FAILED
        return Resumption(
            rung=self._rung,
            result=Resumed.JOINED if joined else missed,
            characters=len(self._text),
            tokens=tokens_of(self._text),
        )


class Resume:
    """What one exchange remembers so that its stream can go on after a cut."""

    def __init__(self, ask: Ask, route: Route, body: Body, downstream: Downstream) -> None:
        self._ask = ask
        self._ladder = route.resume
        self._body = body
        self._shown = Shown(ask.api)
        self.downstream = Recorder(downstream, self._shown)

    def rungs(self) -> tuple[Rung, ...]:
        """Return the route's rungs that what the client has been shown allows."""
        allowed = rungs_for(self._ask.api, self._body, self._shown.text)
        return tuple(rung for rung in self._ladder if rung in allowed)

    def begin(self, rung: Rung, target: Target) -> Continuation:
        """Return what a runner needs to go on by `rung`."""
        return Continuation(self._ask, self._shown, rung, target.backend.name)


def resume_for(ask: Ask, route: Route, body: Body, downstream: Downstream) -> Resume | None:
    """Return the memory of an exchange; None where it would be of no use."""
    if route.resume and may_go_on(ask):
        return Resume(ask, route, body, downstream)
    return None
