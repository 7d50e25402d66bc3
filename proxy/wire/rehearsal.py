"""Plays a drill: an `Upstream` before the real one, which an order without a drill passes as it is.

What can be played without the backend never reaches it: a gateway's page, a reset, silence,
garbage. What spoils an answer needs one: `slow` holds its first bytes back, `cut` breaks it in the
middle. The exchange sees what it would see of a real failure. Which drill runs is not known here.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from proxy.exchange import Call, Clock, Order, Receiver, Timer, Upstream
from proxy.model import (
    Drill,
    Ending,
    Fault,
    Head,
    Headers,
    Instant,
    Phase,
    Seconds,
    Sent,
)

LATE = Seconds(20.0)
"""How late `slow` is: later than a person waits, earlier than the usual limits."""
EVENTS = 6
"""After how many events of a stream `cut` breaks it: past what comes before the first words. A
shorter stream comes whole; an answer in one piece breaks at its end."""
DETAIL = "played by a drill"
GARBAGE = 7
"""Bytes that are no HTTP: as long as a TLS alert, which is what a TLS port says to plain HTTP."""

_BLANK = re.compile(rb"\n\r?\n")
Page = tuple[int, Headers, bytes]
"""Status, fields and body of a gateway's own answer."""


class Rehearsal:
    """An `Upstream` that plays the drill of an order."""

    def __init__(self, upstream: Upstream, clock: Clock, page: Page) -> None:
        self._upstream = upstream
        self._clock = clock
        self._page = page

    def start(self, order: Order, receiver: Receiver) -> Call:
        """Begin an attempt, or play one; never raises."""
        match order.drill:
            case None:
                return self._upstream.start(order, receiver)
            case Drill.SLOW:
                return self._over(Slow(receiver, self._clock), order)
            case Drill.CUT:
                return self._over(Cut(receiver), order)
            case Drill.CDN_502:
                return Played(receiver, self._clock, self._answer)
            case Drill.RESET:
                return Played(receiver, self._clock, _break(Fault.RESET))
            case Drill.GARBAGE:
                return Played(receiver, self._clock, _break(Fault.PROTOCOL, GARBAGE))
            case Drill.SILENCE:
                return Played(receiver, self._clock, lambda _: None)
        assert_never(order.drill)

    def _over(self, spoiler: "Slow | Cut", order: Order) -> Call:
        spoiler.call = self._upstream.start(order, spoiler)
        return spoiler

    def _answer(self, played: "Played") -> None:
        status, headers, body = self._page
        played.head(Head(status=status, headers=headers))
        played.data(body)
        played.end(Ending(phase=Phase.END, sent=Sent.HEAD_SEEN, bytes_in=len(body)))


def _break(fault: Fault, bytes_in: int = 0) -> Callable[["Played"], None]:
    ending = Ending(
        phase=Phase.HEAD, fault=fault, detail=DETAIL, sent=Sent.MAYBE_SENT, bytes_in=bytes_in
    )
    return lambda played: played.end(ending)


class Played:
    """A `Call` that no backend hears of."""

    def __init__(self, receiver: Receiver, clock: Clock, play: Callable[["Played"], None]) -> None:
        self._receiver: Receiver | None = receiver
        self._play = play
        # A failure is never told from inside the call that starts an attempt.
        self._timer = clock.call_at(clock.now(), self._begin)

    def _begin(self) -> None:
        for phase in (Phase.WRITE, Phase.HEAD):
            if self._receiver is not None:
                self._receiver.on_phase(phase)
        self._play(self)

    def head(self, head: Head) -> None:
        """Tell the head, if anyone listens still."""
        if self._receiver is not None:
            self._receiver.on_head(head)

    def data(self, data: bytes) -> None:
        """Tell bytes."""
        if self._receiver is not None:
            self._receiver.on_data(data)

    def end(self, ending: Ending) -> None:
        """Tell the end."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.on_end(ending)

    def pause(self) -> None:
        """Do nothing: all is told in one go."""

    def resume(self) -> None:
        """Do nothing."""

    def cancel(self) -> None:
        """Tell nothing more."""
        self._receiver = None
        self._timer.cancel()

    def finish(self) -> None:
        """Tell nothing more: there is no connection to give back."""
        self.cancel()


class Spoiler:
    """Stands between a real attempt and its receiver, and is the `Call` that the latter has."""

    call: Call

    def __init__(self, receiver: Receiver) -> None:
        self.receiver: Receiver | None = receiver

    def on_phase(self, phase: Phase) -> None:
        """Pass it on."""
        if self.receiver is not None:
            self.receiver.on_phase(phase)

    def on_head(self, head: Head) -> None:
        """Pass it on."""
        if self.receiver is not None:
            self.receiver.on_head(head)

    def on_data(self, data: bytes) -> None:
        """Pass it on."""
        if self.receiver is not None:
            self.receiver.on_data(data)

    def on_end(self, ending: Ending) -> None:
        """Pass it on."""
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.on_end(ending)

    def pause(self) -> None:
        """Stop reading."""
        self.call.pause()

    def resume(self) -> None:
        """Go on reading."""
        self.call.resume()

    def cancel(self) -> None:
        """End the attempt."""
        self.receiver = None
        self.call.cancel()

    def finish(self) -> None:
        """Stop listening."""
        self.receiver = None
        self.call.finish()


class Slow(Spoiler):
    """Holds the first bytes of an answer back, and stops the backend meanwhile."""

    def __init__(self, receiver: Receiver, clock: Clock) -> None:
        super().__init__(receiver)
        self._clock = clock
        self._held: list[bytes] = []
        self._ending: Ending | None = None
        self._timer: Timer | None = None
        self._late = False
        self._paused = False

    def on_data(self, data: bytes) -> None:
        """Hold until it is late enough."""
        if self._late:
            super().on_data(data)
            return
        self._held.append(data)
        if self._timer is None:
            self._timer = self._clock.call_at(Instant(self._clock.now() + LATE), self._release)
            self.call.pause()

    def on_end(self, ending: Ending) -> None:
        """Tell the end behind what is held."""
        if self._late or not self._held:
            super().on_end(ending)
        else:
            self._ending = ending

    def pause(self) -> None:
        """Stop reading; what is held is not more than one read or two."""
        self._paused = True
        self.call.pause()

    def resume(self) -> None:
        """Go on reading, unless it is too early for that."""
        self._paused = False
        if self._late:
            self.call.resume()

    def cancel(self) -> None:
        """End the attempt."""
        self._stop()
        super().cancel()

    def finish(self) -> None:
        """Stop listening."""
        self._stop()
        super().finish()

    def _release(self) -> None:
        self._late = True
        super().on_data(b"".join(self._held))
        self._held.clear()
        if self._ending is not None:
            super().on_end(self._ending)
        elif self.receiver is not None and not self._paused:
            self.call.resume()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class Cut(Spoiler):
    """Breaks a good answer in the middle."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self._good = False
        self._events = 0
        self._bytes = 0
        self._rest = b""
        """The last bytes, where they may be the beginning of an empty line."""

    def on_head(self, head: Head) -> None:
        """Leave errors as they are."""
        self._good = head.status == 200  # noqa: PLR2004 - OK
        super().on_head(head)

    def on_data(self, data: bytes) -> None:
        """Count events; with the last one the connection breaks."""
        end = self._end_in(data) if self._good else None
        piece = data if end is None else data[:end]
        self._bytes += len(piece)
        super().on_data(piece)
        if end is not None and self.receiver is not None:
            self.call.cancel()
            super().on_end(self._broken(Ending(phase=Phase.CONTENT)))

    def on_end(self, ending: Ending) -> None:
        """Break what has come whole: only an answer in one piece, or a short stream, does."""
        broken = self._good and ending.fault is None
        super().on_end(self._broken(ending) if broken else ending)

    def _broken(self, ending: Ending) -> Ending:
        return replace(
            ending,
            phase=Phase.CONTENT,
            fault=Fault.RESET,
            detail=DETAIL,
            sent=Sent.CONTENT_SEEN,
            bytes_in=self._bytes,
        )

    def _end_in(self, data: bytes) -> int | None:
        """Return where in `data` the last event ends."""
        text = self._rest + data
        begin = 0
        for blank in _BLANK.finditer(text):
            begin = blank.end()
            self._events += 1
            if self._events == EVENTS:
                return begin - len(self._rest)
        tail = text[max(begin, len(text) - 2) :]
        self._rest = tail if tail == b"\n\r" else tail[-1:] if tail[-1:] == b"\n" else b""
        return None
