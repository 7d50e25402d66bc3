"""After the commit: read, watch, write.

A relay takes a runner's bytes from the wire, lets the watch see them, and writes them to the client
in the same call. It pauses the backend while the client is slow, and it knows the one rule that
must never break: only an answer with its terminal signal ends as a whole one.
"""

from collections.abc import Callable

from proxy.dialects.errors import error_event
from proxy.dialects.shown import split_failure
from proxy.exchange import Downstream
from proxy.exchange.alarm import Alarm
from proxy.exchange.ports import Bench
from proxy.exchange.runner import LINGER, Runner
from proxy.model import (
    GOOD,
    Cause,
    Ending,
    Fault,
    Headers,
    Instant,
    Limits,
    Phase,
    Seconds,
    Verdict,
)

STALLED_CLIENT = Verdict(
    cause=Cause.CLIENT_CANCEL, evidence="the client stopped reading", signature="client-stall"
)


class Relay:
    """The committed answer of one runner on its way to the client.

    `over` is called once, with a good verdict when the client got the whole answer. After a cut
    the client has heard nothing of it yet: `last_words` are told, or another relay goes on.
    """

    __slots__ = (
        "_alarm",
        "_api",
        "_clock",
        "_downstream",
        "_gate",
        "_guard",
        "_judge",
        "_limits",
        "_lingering",
        "_over",
        "_paused",
        "_progress",
        "_runner",
        "_watch",
        "bytes_down",
        "bytes_in",
        "last_words",
    )

    def __init__(
        self,
        runner: Runner,
        downstream: Downstream,
        bench: Bench,
        *,
        over: Callable[[Verdict], None],
    ) -> None:
        assert runner.gate is not None
        self.bytes_in = self.bytes_down = 0
        self.last_words = b""
        """How the client is shown that its answer is cut, unless it can go on: an error event."""
        self._runner = runner
        self._downstream = downstream
        self._gate = runner.gate
        self._watch = runner.gate.watch
        self._api = bench.ask.api
        self._clock = bench.clock
        self._judge = bench.judge
        self._over: Callable[[Verdict], None] | None = over
        self._limits: Limits = runner.send.limits
        self._progress = 0
        self._paused = False
        self._lingering = False
        self._guard = bench.guard
        self._alarm = Alarm(bench.clock, self._on_alarm, bench.guard)

    def begin(self, status: int, headers: Headers) -> None:
        """Commit: the head and all that was held go down; the rest follows as it comes."""
        held = self._take_over()
        self._downstream.begin(status, headers, held, last=False)
        self._downstream.on_room(self._on_room)
        self._follow()

    def go_on(self, *, last: bool) -> None:
        """Go on with an answer that was cut: what was held follows what the client has.

        `last` says that nothing follows.
        """
        held = self._take_over()
        self._downstream.on_room(self._on_room)
        if not self._downstream.write(held):
            self._paused = True
            self._runner.pause()
        if last:
            self._whole()
        else:
            self._follow()

    def _take_over(self) -> bytes:
        """Hear the runner from now on; return what its gate has held."""
        held = b"".join(self._gate.held)
        self._gate.held.clear()
        self.bytes_down = len(held)
        self._runner.pass_to(self)
        return held

    def close(self) -> None:
        """Let go of clock and client; the runner is the exchange's to end."""
        self._over = None
        self._alarm.stop()
        self._downstream.on_room(None)

    def abort(self, message: str) -> None:
        """Show the client that the answer is cut: its dialect's error event, and no end."""
        self._downstream.abort(self._error(message))

    def on_data(self, data: bytes) -> None:
        """Watch and write."""
        self.bytes_in += len(data)
        watched = self._watch
        if watched is not None:
            data = watched.feed(data)
            if watched.failed is not None or watched.overflow:
                self._fail(data)
                return
        if data:
            self.bytes_down += len(data)
            if not self._downstream.write(data) and not self._paused:
                self._paused = True
                self._runner.pause()
        if self._paused or watched is None or watched.terminal:
            self._follow()
        elif watched.progress != self._progress:
            # What `_follow` does in the plain case, without its frames: nearly each read is one.
            self._progress = watched.progress
            self._alarm.due = Instant(self._clock.now() + self._limits.stall)

    def on_end(self, ending: Ending) -> None:
        """End the answer as what it is: whole or cut."""
        watched = self._watch
        if watched is not None and watched.proves:
            tail = watched.end()
            if watched.failed is not None:
                self._fail(tail)
                return
            if tail:
                self.bytes_down += len(tail)
                self._downstream.write(tail)
            if watched.terminal:
                self._whole()
                return
        if ending.fault is None and (watched is None or not watched.proves):
            self._whole()
        else:
            self._cut(ending.fault or Fault.UNTERMINATED, ending.detail)

    def _follow(self) -> None:
        """Draw the conclusions of what has just been read."""
        watched = self._watch
        if watched is not None and watched.done:
            self._whole()
        elif self._paused:
            self._expect(self._limits.client_stall)
        elif watched is None:
            self._expect(self._limits.stall)
        elif watched.terminal:
            if not self._lingering:
                self._lingering = True
                self._expect(LINGER)
        elif watched.progress != self._progress:
            self._progress = watched.progress
            self._expect(self._limits.stall)

    def _on_room(self) -> None:
        if self._paused:
            self._paused = self._lingering = False
            self._progress = -1  # the backend's silence counts from now
            self._guard(self._follow)
            self._runner.resume()

    def _on_alarm(self) -> None:
        if self._paused:
            self._runner.cancel(STALLED_CLIENT)
            self._finish(STALLED_CLIENT)
        elif self._lingering:
            self._whole()
        else:
            self._cut(Fault.STALL, "")

    def _whole(self) -> None:
        self._downstream.end()
        self._runner.finish()
        self._finish(GOOD)

    def _fail(self, data: bytes) -> None:
        """End a stream that said itself that it failed: its error event is the last word."""
        assert self._watch is not None
        failed = self._watch.failed
        fault = Fault.TOO_LARGE if failed is None else Fault.FAILED_EVENT
        if failed is not None:
            data, self.last_words = split_failure(data, failed)
        if data:
            self.bytes_down += len(data)
            self._downstream.write(data)
        self._cut(fault, "", event=failed)

    def _cut(self, fault: Fault, detail: str, *, event: bytes | None = None) -> None:
        runner = self._runner
        outcome = runner.outcome(fault, phase=Phase.CONTENT, detail=detail, event=event)
        verdict = self._judge(outcome, runner.backend, self._clock.now())
        runner.cancel(verdict)
        if not self.last_words:
            what = f"the stream of {runner.backend.name} was cut: {verdict.evidence}"
            self.last_words = self._error(f"Faultline: {what}")
        self._finish(verdict)

    def _error(self, message: str) -> bytes:
        return b"" if self._watch is None else error_event(self._api, message)

    def _finish(self, verdict: Verdict) -> None:
        over = self._over
        try:
            self.close()
        finally:
            if over is not None:
                self._guard(over, verdict)

    def _expect(self, limit: Seconds) -> None:
        self._alarm.set(Instant(self._clock.now() + limit))
