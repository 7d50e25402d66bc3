"""One attempt until it is ready or has failed, behind a gate.

A `Runner` is what the wire tells its news to. Until the commit it feeds the attempt's bytes to its
gate, which holds them and says *hold*, *ready* or *failed*; a failure becomes an `Outcome`, the
judge makes a `Verdict` of it, and the exchange hears one `Ready` or `Failed`. After the commit the
runner only passes bytes and the ending to the relay. It never decides what is done next.
"""

from typing import Protocol

from proxy.dialects.gate import Gate, State, gate_for, is_good
from proxy.dialects.headers import request_headers
from proxy.dialects.render import render
from proxy.dialects.resumed import SeamGate
from proxy.dialects.watch import Watch
from proxy.dialects.whole import usage_of
from proxy.exchange import Call, Order
from proxy.exchange.alarm import Alarm
from proxy.exchange.ports import Bench
from proxy.exchange.resume import MISMATCH, Continuation
from proxy.model import (
    GOOD,
    AttemptRecord,
    CredentialKind,
    Ending,
    Fault,
    Head,
    Instant,
    Outcome,
    Phase,
    Seconds,
    Sent,
    Usage,
    Verdict,
    changed,
)
from proxy.policy.decision import Failed, Ready, Send

ERROR_BODY = 64 * 1024
"""Bytes of an error's body that the diagnosis gets to see."""
LINGER = Seconds(2.0)
"""What the bytes after the terminal signal may take (usage, `[DONE]`, the end of the framing)."""
RESOLVE, WRITE, HEAD = Phase.RESOLVE, Phase.WRITE, Phase.HEAD
FIRST_CONTENT, CONTENT, END = Phase.FIRST_CONTENT, Phase.CONTENT, Phase.END
NOT_SENT, MAYBE_SENT = Sent.NOT_SENT, Sent.MAYBE_SENT
HEAD_SEEN, CONTENT_SEEN = Sent.HEAD_SEEN, Sent.CONTENT_SEEN
READY, FAILED, MOVING = State.READY, State.FAILED, State.MOVING
"""Names for each attempt to go by: in Python 3.11 a member of an enum is looked up each time."""
SILENT = frozenset({Fault.SILENCE, Fault.CONNECT_TIMEOUT, Fault.TLS_TIMEOUT})
"""Faults of a target that let a limit pass: it is never redialled in the same exchange."""


class Sink(Protocol):
    """Where a runner's bytes and its ending go after the commit."""

    bytes_in: int
    """How many have come."""

    def on_data(self, data: bytes) -> None:
        """Take the next bytes."""

    def on_end(self, ending: Ending) -> None:
        """Take the end."""


class Runner:
    """One attempt. A `Receiver` of the wire; `cancel` ends it in any phase.

    A `continuation` makes it go on with a cut stream instead of beginning one.
    """

    def __init__(self, bench: Bench, send: Send, continuation: Continuation | None = None) -> None:
        self.send = send
        self.backend = send.target.backend
        self.model = send.target.served_model(bench.ask.model)
        self.head: Head | None = None
        self.gate: Gate | SeamGate | None = None
        self.verdict: Verdict | None = None
        self.phase = RESOLVE
        self.sink: Sink | None = None
        self._bench = bench
        self._continuation = continuation
        self.drill = bench.drilled(self.backend.name)
        self._call: Call | None = None
        self._bytes_in = self._bytes_out = 0
        self._sent = NOT_SENT
        self._reused = self._uploads = self._lingering = False
        self._times: list[tuple[Phase, Seconds]] = []
        self._started = bench.clock.now()
        self._ended: Instant | None = None
        self._total_due = Instant(self._started + send.limits.total)
        self._alarm = Alarm(bench.clock, self._on_alarm, bench.guard)

    @property
    def whole(self) -> bool:
        """Whether nothing follows what the gate holds."""
        return self.phase is END or self._ended is not None

    def start(self) -> None:
        """Send the request."""
        ask, backend = self._bench.ask, self.backend
        body, target = self._bench.body, self.send.target
        going_on = self._continuation
        rendered = render(ask, body, target) if going_on is None else going_on.render(body, target)
        order = Order(
            backend=backend,
            method=ask.method.encode(),
            target=rendered.target,
            headers=request_headers(ask, backend),
            body=rendered.body,
            connect=self.send.limits.connect,
            tls=self.send.limits.tls,
            fresh=self.send.fresh,
            drill=self.drill,
        )
        self._uploads = rendered.body.data is None
        self._call = self._bench.upstream.start(order, self)

    def cancel(self, verdict: Verdict) -> None:
        """End the attempt at once, for the reason of `verdict`."""
        self.close(verdict)
        if self._call is not None:
            self._call.cancel()

    def finish(self) -> None:
        """Let the connection go back to its pool: the answer is whole."""
        self.close(GOOD)
        if self._call is not None:
            self._call.finish()

    def pass_to(self, sink: Sink) -> None:
        """Have `sink` told what comes from now on: its bytes pass without a frame of ours."""
        self.sink = sink
        self.on_data = sink.on_data  # type: ignore[method-assign]  # of this one, from now on

    def let_go(self) -> None:
        """Tell the sink nothing more: it leads back here, which the collector would have to see."""
        self.sink = None
        self.__dict__.pop("on_data", None)

    def pause(self) -> None:
        """Stop reading from the backend."""
        if self._call is not None:
            self._call.pause()

    def resume(self) -> None:
        """Go on reading."""
        if self._call is not None:
            self._call.resume()

    # What the wire tells.

    def on_phase(self, phase: Phase) -> None:
        """Give the new phase its limit; of a body that goes up in pieces, each has its own."""
        again = phase is WRITE and self.phase is WRITE
        now = self._bench.clock.now() if again else self._reach(phase)
        limits = self.send.limits
        if phase is HEAD:
            self._sent = MAYBE_SENT
            self._expect(limits.head, now)
        elif phase is WRITE:
            self._sent = MAYBE_SENT
            if self._uploads:
                self._expect(max(limits.head, limits.stall), now)

    def on_head(self, head: Head) -> None:
        """Choose the gate."""
        self.head = head
        going_on = self._continuation
        self.gate = gate_for(self._bench.ask, head) if going_on is None else going_on.gate(head)
        self._reused = head.reused
        self._sent = HEAD_SEEN
        now = self._reach(FIRST_CONTENT)
        self._expect(self.send.limits.first_content, now)

    def on_data(self, data: bytes) -> None:
        """Pass bytes to the gate."""
        self._bytes_in += len(data)
        gate = self.gate
        assert gate is not None
        state = gate.feed(data)
        if state is READY:
            self._open()
        elif state is FAILED:
            self._fail_in_stream()
        elif state is MOVING:
            self._expect(self.send.limits.stall, self._bench.clock.now())
        elif gate.watch is not None and gate.watch.terminal:
            self._linger(gate.watch)

    def on_end(self, ending: Ending) -> None:
        """Judge what is here; after the commit tell the relay."""
        self._bench.guard(self._on_end, ending)

    def _on_end(self, ending: Ending) -> None:
        self._sent = max(self._sent, ending.sent)
        self._bytes_out = ending.bytes_out
        self._reused = ending.reused
        if self.sink is not None:
            self.sink.on_end(ending)
            return
        if self.head is None:
            self.phase = ending.phase
        self._conclude(ending.fault, ending.detail)

    def _conclude(self, fault: Fault | None, detail: str = "") -> None:
        """Judge an answer of which no more comes."""
        gate, event = self.gate, None
        if gate is not None and gate.watch is not None:
            gate.held.append(gate.watch.end())
            if isinstance(gate, SeamGate) and gate.mismatched:
                self._miss()
                return
            fault, event = _said_in_the_end(gate.watch, fault)
        self._judge(self.outcome(fault, phase=self.phase, detail=detail, event=event))

    def _linger(self, watched: Watch) -> None:
        """Wait a little for the end of a stream that is over and has said nothing."""
        if watched.done:
            self._stop_listening()
        elif not self._lingering:
            self._lingering = True
            self._expect(LINGER, self._bench.clock.now())

    def _stop_listening(self) -> None:
        if self._call is not None:
            self._call.finish()
        self._conclude(None)

    # How it ends.

    def outcome(
        self, fault: Fault | None, *, phase: Phase, detail: str = "", event: bytes | None = None
    ) -> Outcome:
        """Say what physically happened so far."""
        bench, head = self._bench, self.head
        body = b"" if self.gate is None else b"".join(self.gate.held)
        if head is not None and not is_good(head.status):
            body = body[:ERROR_BODY]
        outcome = Outcome(
            dialect=bench.ask.dialect,
            api=bench.ask.api,
            operation=bench.ask.operation,
            stream=bench.ask.stream,
            provider=self.backend.provider,
            phase=END if fault is None else phase,
            fault=fault,
            detail=detail,
            status=None if head is None else head.status,
            headers=() if head is None else head.headers,
            body=body,
            sent=self._sent,
            reused=self._reused,
            own_key=self.backend.credential.kind is not CredentialKind.CLIENT,
            elapsed=Seconds(bench.clock.now() - self._started),
        )
        return changed(outcome, event=event, drill=self.drill)

    def usage(self) -> Usage | None:
        """Return the tokens that its answer has told; None where it told none."""
        gate, head = self.gate, self.head
        if gate is None or head is None or not is_good(head.status):
            return None
        if gate.watch is not None:
            return gate.watch.usage
        return usage_of(self._bench.ask.api, head.headers, b"".join(gate.held))

    def record(self) -> AttemptRecord:
        """Tell the attempt's story; once it is over it does not change."""
        watched = self.gate.watch if self.gate is not None else None
        record = AttemptRecord(
            number=self.send.number,
            backend=self.backend.name,
            provider=self.backend.provider,
            model=self.model,
            started=self._started,
            ended=self._bench.clock.now() if self._ended is None else self._ended,
            verdict=GOOD if self.verdict is None else self.verdict,
            phase=self.phase,
            sent=self._sent,
            status=None if self.head is None else self.head.status,
            reused=self._reused,
            bytes_out=self._bytes_out,
            bytes_in=self._bytes_in + (0 if self.sink is None else self.sink.bytes_in),
            times=tuple(self._times),
            garbled=0 if watched is None else watched.garbled,
        )
        return changed(
            record,
            probe=self.send.probe,
            hedge=self.send.hedge,
            drill=self.drill,
            resumption=None
            if self._continuation is None
            else self._continuation.record(joined=self.sink is not None),
        )

    def close(self, verdict: Verdict) -> None:
        """Note the last word on this attempt; only the first one counts."""
        if self._ended is None:
            self._ended = self._bench.clock.now()
            self.verdict = verdict
            self._alarm.stop()

    def _open(self) -> None:
        """Be ready; but an error that is too long to be held is judged by what has come of it."""
        assert self.head is not None
        if is_good(self.head.status):
            self._sent = CONTENT_SEEN
            self._reach(CONTENT)
            self._tell(GOOD)
            return
        if self._call is not None:
            self._call.cancel()
        self._judge(self.outcome(None, phase=END))

    def _miss(self) -> None:
        """Fail as one that was to go on, and was well, and said something else."""
        self.cancel(MISMATCH)
        self._bench.inform(
            Failed(number=self.send.number, verdict=MISMATCH, sent=self._sent, mismatch=True)
        )

    def _fail_in_stream(self) -> None:
        gate = self.gate
        assert gate is not None
        watched = gate.watch
        assert watched is not None
        if isinstance(gate, SeamGate) and gate.mismatched:
            self._miss()
            return
        fault = Fault.GARBLED
        if watched.failed is not None:
            fault = Fault.FAILED_EVENT
        elif watched.overflow:
            fault = Fault.TOO_LARGE
        outcome = self.outcome(fault, phase=FIRST_CONTENT, event=watched.failed)
        if self._call is not None:
            self._call.cancel()
        self._judge(outcome)

    def _on_alarm(self) -> None:
        if self._lingering:
            self._stop_listening()
            return
        gate = self.gate
        begun = gate is not None and (gate.watch is None or gate.watch.content)
        fault = Fault.STALL if begun else Fault.SILENCE
        if self._call is not None:
            self._call.cancel()
        self._judge(self.outcome(fault, phase=self.phase))

    def _judge(self, outcome: Outcome) -> None:
        verdict = self._bench.judge(outcome, self.backend, self._bench.clock.now())
        if verdict.good:
            self._reach(END)
            self._tell(verdict)
            return
        self.close(verdict)
        fault = outcome.fault
        broken = fault is Fault.RESET or fault is Fault.EOF
        stale = outcome.reused and broken and self._bytes_in == 0 and self.head is None
        self._bench.inform(
            Failed(
                number=self.send.number,
                verdict=verdict,
                sent=self._sent,
                stale=stale,
                silent=fault in SILENT,
            )
        )

    def _tell(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self._alarm.stop()
        self._bench.inform(Ready(number=self.send.number, whole=self.whole))

    def _reach(self, phase: Phase) -> Instant:
        now = self._bench.clock.now()
        self.phase = phase
        self._times.append((phase, Seconds(now - self._started)))
        return now

    def _expect(self, limit: Seconds, now: Instant) -> None:
        """Have the alarm ring after `limit`, at the latest when the exchange's time is over."""
        self._alarm.set(min(Instant(now + limit), self._total_due))


def _said_in_the_end(watched: Watch, fault: Fault | None) -> tuple[Fault | None, bytes | None]:
    """Return what is wrong with a stream that has ended, and the event that says so.

    What the stream has said of itself counts for more than how its connection ended.
    """
    if watched.failed is not None:
        return Fault.FAILED_EVENT, watched.failed
    if watched.terminal:
        return (Fault.EMPTY if watched.empty else None), None
    if fault is None and watched.proves:
        return Fault.UNTERMINATED, None
    return fault, None
