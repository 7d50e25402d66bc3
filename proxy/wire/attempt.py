"""One attempt on the wire: the handle that the exchange holds, and the telling.

It turns what its connection reads into `on_head`, `on_data` and one `on_end`, and is the only one
to speak to the receiver. Any of these calls may come back with `pause`, `cancel` or `finish` before
it returns. Must never open a connection: it is given one.
"""

import asyncio

from proxy.exchange import Order, Receiver
from proxy.model import Ending, Fault, Head, Phase, Seconds, Sent
from proxy.wire.answer import Answer
from proxy.wire.connection import Connection
from proxy.wire.dial import Failure
from proxy.wire.faults import fault_of, loss_of
from proxy.wire.tasks import Tasks
from proxy.wire.upload import upload

GRACE = Seconds(2.0)
"""How long the framing of a whole answer may take to end (design, "Never a false whole")."""

RESOLVE, HEAD, FIRST_CONTENT, END = Phase.RESOLVE, Phase.HEAD, Phase.FIRST_CONTENT, Phase.END
NOT_SENT, MAYBE_SENT, HEAD_SEEN = Sent.NOT_SENT, Sent.MAYBE_SENT, Sent.HEAD_SEEN
"""Names for each attempt to go by."""


class Attempt:
    """A `Call` for the exchange, a `User` for its connection."""

    __slots__ = (
        "_bytes_in",
        "_bytes_out",
        "_connection",
        "_flowing",
        "_grace",
        "_headed",
        "_order",
        "_paused",
        "_phase",
        "_receiver",
        "_reused",
        "_sent",
        "_tasks",
        "task",
    )

    def __init__(self, order: Order, receiver: Receiver, tasks: Tasks) -> None:
        self._order = order
        self._receiver: Receiver | None = receiver
        self._tasks = tasks
        self._connection: Connection | None = None
        self._grace: asyncio.TimerHandle | None = None
        self._phase = RESOLVE
        self._sent = NOT_SENT
        self._reused = self._paused = self._headed = self._flowing = False
        self._bytes_out = self._bytes_in = 0
        self.task: asyncio.Task[None] | None = None
        """What opens its connection or sends its body; ends with the attempt."""

    # What the exchange calls.

    def pause(self) -> None:
        """Stop reading from the backend."""
        self._paused = True
        if self._connection is not None:
            self._connection.transport.pause_reading()

    def resume(self) -> None:
        """Go on reading."""
        self._paused = False
        if self._connection is not None:
            self._connection.transport.resume_reading()

    def cancel(self) -> None:
        """End it at once and tell nothing more."""
        self._receiver = None
        self._let_go()

    def finish(self) -> None:
        """Tell nothing more; wait a little for the end of the framing, for the pool's sake."""
        self._receiver = None
        connection = self._connection
        if connection is None or self.task is not None or not connection.answer.reusable:
            self._let_go()
        elif not connection.answer.complete and self._grace is None:
            self.resume()
            loop = asyncio.get_running_loop()
            self._grace = loop.call_later(GRACE, self._let_go)

    # What the transport calls.

    def reach(self, phase: Phase) -> None:
        """Enter a phase."""
        self._phase = phase
        if self._receiver is not None:
            self._receiver.on_phase(phase)

    def begin(self, connection: Connection, head: bytes) -> None:
        """Send the request on `connection`."""
        if self._receiver is None:  # cancelled when the connection was as good as there
            connection.close()
            return
        order = self._order
        self._connection = connection
        self._reused = connection.served > 0
        self._sent = MAYBE_SENT
        connection.use(self, order.method)
        if self._paused:
            connection.transport.pause_reading()
        data = order.body.data
        if data is not None:
            self._write(head + data)
            self.reach(HEAD)
            return
        self._write(head)
        self.reach(Phase.WRITE)
        if self._receiver is not None:
            self.task = self._tasks.spawn(self._upload(connection), self.break_down)

    def fail(self, fault: Fault, detail: str = "") -> None:
        """End it and tell why."""
        if self._flowing:
            self._phase = Phase.CONTENT
        self._let_go()
        self._tell_end(fault, detail)

    def fail_to_dial(self, failure: Failure) -> None:
        """End it: there is no connection."""
        self._phase = failure.phase
        self.fail(failure.fault, failure.detail)

    def break_down(self, error: BaseException) -> None:
        """End it after an error that nobody expected."""
        self.fail(Fault.LOCAL, type(error).__name__)

    # What the connection calls.

    def on_read(self, size: int) -> None:
        """Tell what one read has brought."""
        self._bytes_in += size
        connection = self._connection
        assert connection is not None
        answer = connection.answer
        if not self._headed and answer.status:
            self._tell_head(answer)
        if answer.parts and self._connection is not None:
            data = b"".join(answer.parts)
            answer.parts.clear()
            self._flowing = True
            if self._receiver is not None:
                self._receiver.on_data(data)
        if self._connection is None:
            return
        if answer.complete:
            self._whole(connection)
        elif answer.problem:
            self.fail(Fault.PROTOCOL, answer.problem)

    def on_lost(self, error: Exception | None, *, clean: bool) -> None:
        """Tell the end of the connection, which may be that of the answer."""
        connection = self._connection
        if clean and connection is not None and connection.answer.until_eof:
            self._let_go()
            self._phase = END
            self._tell_end(None)
        else:
            self.fail(*loss_of(error))

    # Its own.

    def _write(self, data: bytes) -> None:
        assert self._connection is not None
        self._connection.transport.write(data)
        self._bytes_out += len(data)

    def _wrote(self, size: int) -> None:
        self._bytes_out += size
        self.reach(Phase.WRITE)

    async def _upload(self, connection: Connection) -> None:
        try:
            problem = await upload(self._order.body, connection, self._wrote)
        except OSError as error:
            _, problem = fault_of(error)
        self.task = None
        if self._order.body.refusal is not None:
            self.fail(Fault.UPLOAD)
        elif problem:
            self.fail(Fault.LOCAL, problem)
        else:
            self.reach(HEAD)

    def _tell_head(self, answer: Answer) -> None:
        self._headed = True
        self._sent = HEAD_SEEN
        self._phase = FIRST_CONTENT
        if self.task is not None:  # an early answer: the rest of the body is no longer wanted
            self._stop_task()
            answer.reusable = False
        if self._receiver is not None:
            head = Head(status=answer.status, headers=answer.headers, reused=self._reused)
            self._receiver.on_head(head)

    def _whole(self, connection: Connection) -> None:
        """Give the connection back where nothing is in doubt; then tell, so that it can serve."""
        self._connection = None
        self._let_go()
        self._phase = END
        if connection.answer.reusable and not connection.transport.get_write_buffer_size():
            if self._paused:
                connection.transport.resume_reading()
            connection.leave()
        else:
            connection.close()
        self._tell_end(None)

    def _tell_end(self, fault: Fault | None, detail: str = "") -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.on_end(
                Ending(
                    phase=self._phase,
                    fault=fault,
                    detail=detail,
                    sent=self._sent,
                    reused=self._reused,
                    bytes_out=self._bytes_out,
                    bytes_in=self._bytes_in,
                )
            )

    def _let_go(self) -> None:
        """End all that runs for it and close its connection."""
        if self.task is not None:
            self._stop_task()
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _stop_task(self) -> None:
        task, self.task = self.task, None
        assert task is not None
        task.cancel()
