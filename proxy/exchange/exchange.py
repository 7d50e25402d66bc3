"""The life of one request: events in, decisions out.

`Exchange` is the driver between the deciding core and the doing ends. What happens (an attempt is
ready, has failed, the wait is over, the relay has ended) is told to `Failover`, whose decisions are
carried out at once, in the same call: nothing here waits. So an exchange is never half-way between
two states when something else happens, and the outermost of its frames leaves nothing behind.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import assert_never

from proxy.dialects.ask import sticky_key
from proxy.dialects.headers import answer_headers, degraded_headers, drill_headers, refusal_headers
from proxy.dialects.refusal import no_route, nothing_left, out_of_rotation, render_refusal
from proxy.dialects.static import static_answer
from proxy.exchange import Request
from proxy.exchange.alarm import Nap
from proxy.exchange.interruption import LEFT, LOSER, interruption
from proxy.exchange.ports import Bench, Ports
from proxy.exchange.relay import Relay
from proxy.exchange.resume import Resume, resume_for
from proxy.exchange.runner import Runner
from proxy.model import (
    GOOD,
    AttemptRecord,
    Cause,
    Degraded,
    ExchangeRecord,
    Headers,
    Instant,
    Refusal,
    Result,
    Route,
    Seconds,
    Verdict,
    changed,
)
from proxy.policy.decision import (
    Cancel,
    Decision,
    Ended,
    Event,
    Failed,
    Refuse,
    Send,
    Substitute,
    Wait,
    Woke,
)
from proxy.policy.decision import Relay as Commit
from proxy.policy.failover import Failover
from proxy.policy.routing import find_route


class Exchange:
    """One exchange: its runners, its relay, and what has become of it."""

    def __init__(
        self, ports: Ports, request: Request, done: Callable[[Exception | None], None]
    ) -> None:
        """`done` is called once nothing of it is left, with a bug if one ended it."""
        self._ports = ports
        self._request = request
        self._ask = ask = request.ask
        self._body = body = request.body
        self._downstream = request.downstream
        self._bench = Bench(
            ask=ask,
            body=body,
            upstream=ports.upstream,
            clock=ports.clock,
            judge=ports.judge,
            inform=self._hear,
            guard=self._guard,
            drilled=ports.drilled,
        )
        self._started = ports.clock.now()
        self._route: Route | None = None
        self._failover: Failover | None = None
        self._running: dict[int, Runner] = {}
        self._failed: Runner | None = None
        self._attempts: list[AttemptRecord] = []
        self._relay: Relay | None = None
        self._resume: Resume | None = None
        self._cut: Verdict | None = None
        """Why the committed answer broke off, while it may still go on."""
        self._answering: Runner | None = None
        self._nap: Nap | None = None
        self._committed: Instant | None = None
        self._status = self._bytes_down = 0
        self._result: Result | None = None
        self._verdict = LEFT.verdict
        """On the attempts that are under way at the end."""
        self._degraded: Degraded | None = None
        self._done = done
        self._over = self._closed = self._busy = False
        self._bug: Exception | None = None

    def begin(self) -> None:
        """Decide what is tried first, and try it: nothing waits, and it may be over at once."""
        self._guard(self._begin)

    def interrupt(self) -> None:
        """End what has no end yet, as what it is; idempotent."""
        if not self._closed:
            self._finish()

    def _begin(self) -> None:
        route = find_route(self._request.fleet, self._ask)
        if route is None:
            self._answer(no_route(self._ask))
            return
        self._route = route
        if route.resume:
            self._resume = resume_for(self._ask, route, self._body, self._downstream)
            if self._resume is not None:
                self._downstream = self._resume.downstream
        now = self._ports.clock.now()
        self._failover = self._ports.standing.begin(
            self._ask, route, now, sticky=self._sticky, replayable=self._body.replayable
        )
        self._carry_out(self._failover.begin(now))

    def _close(self) -> None:
        """Leave nothing behind, however it ended and whatever fails here, and tell the story."""
        self._closed = True
        if self._nap is not None:
            self._nap.stop()
        try:
            if self._relay is not None:
                self._relay.close()
            if self._result is None:
                self._interrupt()
        finally:
            self._let_go()
        # All of these lead back here: the collector would have to find out that they are over.
        self._failover = self._relay = self._answering = self._failed = self._nap = None
        del self._bench

    def _interrupt(self) -> None:
        """End what has no end as what it is."""
        why = interruption(self._bug, self._downstream)
        self._verdict = why.verdict
        self._result = Result.CANCELLED if why.refusal is None else Result.CUT
        if why.refusal is not None and self._committed is None:
            self._answer(why.refusal)
        elif why.refusal is not None and self._relay is not None:
            self._relay.abort(why.refusal.message)

    def _let_go(self) -> None:
        try:
            while self._running:
                self._end_attempt(next(iter(self._running)), self._verdict)
        finally:
            try:
                if self._failover is not None:
                    self._failover.close(self._ports.clock.now())
            finally:
                self._ports.events.ended(self._record())

    # Events in.

    def _guard(self, work: Callable[..., None], *args: object) -> None:
        """Do what a callback of the wire, the clock or the client's connection is for.

        The outermost of these frames closes what is over, and tells whoever began it: nobody else
        would hear of a bug.
        """
        if self._busy or self._closed:
            work(*args)
            return
        self._busy = True
        self._try(work, *args)
        self._busy = False
        if self._over:
            self._finish()

    def _finish(self) -> None:
        self._over = True
        self._try(self._close)
        self._done(self._bug)

    def _try(self, work: Callable[..., None], *args: object) -> None:
        try:
            work(*args)
        except Exception as bug:  # noqa: BLE001 - one of the few places: see above
            self._bug = self._bug or bug
            self._over = True

    def _hear(self, event: Event) -> None:
        """Take an event from a runner, the relay or the clock, and carry out what it brings."""
        if not self._over:
            self._guard(self._react, event)

    def _react(self, event: Event) -> None:
        if isinstance(event, Failed):
            self._failed = self._running.pop(event.number)
            self._note(self._failed)
            if self._body.refusal is not None:
                self._answer(self._body.refusal, Result.CLIENT_ERROR)
                return
        assert self._failover is not None
        self._carry_out(self._failover.on(event, self._ports.clock.now()))
        if self._cut is not None and not self._running:
            self._break_off(self._cut)

    # Decisions out.

    def _carry_out(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            match decision:
                case Send():
                    self._send(decision)
                case Commit(number=number):
                    self._commit(number)
                case Wait(until=until):
                    self._wait(until)
                case Cancel(number=number):
                    self._end_attempt(number, LOSER)
                case Refuse():
                    self._refuse(decision)
                case Substitute():
                    self._substitute(decision)
                case _:
                    assert_never(decision)

    def _send(self, send: Send) -> None:
        continuation = None
        if send.rung is not None and self._resume is not None:
            continuation = self._resume.begin(send.rung, send.target)
        runner = Runner(self._bench, send, continuation)
        self._running[send.number] = runner
        runner.start()

    def _wait(self, until: Instant) -> None:
        if self._nap is None:
            self._nap = Nap(self._ports.clock, lambda: self._hear(Woke()))
        self._nap.sleep(until, counts=not self._running)

    def _end_attempt(self, number: int, verdict: Verdict) -> None:
        runner = self._running.pop(number)
        runner.cancel(verdict)
        self._note(runner)

    def _note(self, runner: Runner) -> None:
        """Keep and tell the record of an attempt that is over."""
        record = runner.record()
        runner.let_go()
        self._attempts.append(record)
        self._ports.events.attempt_ended(self._request.id, self._route_name, record)

    def _commit(self, number: int) -> None:
        """Give the client this attempt's answer: at once if it is all here, else as it comes."""
        runner = self._running.get(number, self._failed)
        assert runner is not None
        assert runner.head is not None
        assert runner.gate is not None
        self._answering = runner
        if runner.send.degraded:
            self._degraded = Degraded.MODEL
        if self._cut is not None:
            self._cut = None
            self._relay = Relay(runner, self._downstream, self._bench, over=self._relayed)
            self._relay.go_on(last=runner.whole)
            return
        status = runner.head.status
        headers = answer_headers(
            runner.head.headers,
            backend=runner.backend.name,
            model=runner.model,
            request_id=self._request.id,
            sent=number,
            failed=self._attempts,
        )
        headers += degraded_headers(self._degraded)
        headers += drill_headers(runner.backend.name, runner.drill)
        self._committed = self._ports.clock.now()
        self._status = status
        if runner.whole:
            data = b"".join(runner.gate.held)
            self._bytes_down = len(data)
            self._downstream.begin(status, headers, data, last=True)
            runner.finish()
            self._relayed(GOOD)
            return
        self._relay = Relay(runner, self._downstream, self._bench, over=self._relayed)
        self._relay.begin(status, headers)

    def _relayed(self, verdict: Verdict) -> None:
        """Hear that the committed answer is over, whole or not."""
        runner = self._answering
        assert runner is not None
        if self._relay is not None:
            self._bytes_down += self._relay.bytes_down
        if runner is self._failed:
            self._result = Result.CLIENT_ERROR
            self._end()
            return
        del self._running[runner.send.number]
        self._note(runner)
        self._cut = None if verdict.good else verdict
        rungs = () if self._resume is None or verdict.good else self._resume.rungs()
        if self._relay is not None:  # else it was whole when it was ready, and that told its end
            self._hear(Ended(number=runner.send.number, verdict=verdict, rungs=rungs))
        if verdict.good:
            self._result = Result.WHOLE
            self._end()

    def _break_off(self, verdict: Verdict) -> None:
        """Leave the committed answer cut, and show it."""
        assert self._relay is not None
        gone = verdict.cause is Cause.CLIENT_CANCEL
        self._result = Result.CANCELLED if gone else Result.CUT
        self._bytes_down += len(self._relay.last_words)
        self._downstream.abort(self._relay.last_words)
        self._end()

    def _refuse(self, decision: Refuse) -> None:
        assert self._route is not None
        refusal = nothing_left(
            self._ask,
            tuple(self._attempts),
            code=decision.why.value,
            retry_in=decision.retry_in,
            told=decision.told,
            notes=(out_of_rotation(decision.out, self._attempts), self._ports.note(self._route)),
        )
        self._answer(refusal)

    def _answer(self, refusal: Refusal, result: Result = Result.REFUSED) -> None:
        """Give Faultline's own answer, in the client's dialect."""
        self._result = result
        self._say(*render_refusal(self._ask.dialect, self._ask.api, refusal))
        self._end()

    def _substitute(self, decision: Substitute) -> None:
        """Give the table's own text as the answer, marked as what it is."""
        said = static_answer(self._ask, decision.text)
        if said is None:
            self._refuse(decision.instead_of)
            return
        headers, data = said
        self._result, self._degraded = Result.STATIC, Degraded.STATIC
        self._bytes_down = len(data)
        self._say(HTTPStatus.OK, headers + degraded_headers(self._degraded), data)
        self._end()

    def _say(self, status: int, headers: Headers, data: bytes) -> None:
        """Write an answer that no backend gave."""
        self._status = status
        self._committed = self._ports.clock.now()
        headers += refusal_headers(request_id=self._request.id, failed=tuple(self._attempts))
        self._downstream.begin(status, headers, data, last=True)

    def _end(self) -> None:
        self._over = True

    # The story.

    @property
    def _route_name(self) -> str:
        return "" if self._route is None else self._route.name

    def _sticky(self) -> str | None:
        return sticky_key(self._ask, self._body.data)

    def _record(self) -> ExchangeRecord:
        ask, runner = self._ask, self._answering
        record = ExchangeRecord(
            id=self._request.id,
            client=ask.client,
            dialect=ask.dialect,
            api=ask.api,
            operation=ask.operation,
            method=ask.method,
            path=ask.path,
            model=ask.model,
            stream=ask.stream,
            route=self._route_name,
            result=self._result or Result.CUT,  # a bug may have come before it was known
            status=self._status,
            started=self._started,
            ended=self._ports.clock.now(),
            attempts=tuple(self._attempts),
        )
        return changed(
            record,
            committed=self._committed,
            backend="" if runner is None else runner.backend.name,
            served_model=None if runner is None else runner.model,
            bytes_up=ask.size,
            bytes_down=self._bytes_down,
            usage=None if runner is None else runner.usage(),
            waited=Seconds(0.0 if self._nap is None else self._nap.waited),
            resend=ask.resend,
            degraded=self._degraded,
        )
