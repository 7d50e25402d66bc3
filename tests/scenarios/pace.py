"""Two ways in which time passes for a scenario: as it does, or without the waiting.

Every scenario is written in full times: 30 s are 30 s. At the *real* pace it takes them. At the
*skipping* pace the loop's clock leaps over the spans in which nothing happens: whatever waits,
waits as long as it says, on the same one clock for clients, Faultline and providers, and a minute
of outage costs the second that its requests cost. Work takes as long as the processor works on it,
so another process on this machine is no lag of the loop.

Only what waits for this clock may wait. The kernel's own timers stand still beside it: a SYN that
is sent again after a second, an acknowledgement that Nagle waits for.
"""

import asyncio
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import uvloop

SILENCE = 0.0003
"""Seconds without any event after which the kernel and the threads are held to have nothing more
to bring: on the loopback everything has arrived when it has been sent."""

LEAP = 0.1
"""The most that one leap skips, in seconds: where `SILENCE` was a mistake, it costs this."""


class Skipping(asyncio.SelectorEventLoop):
    """A loop whose clock leaps over the waiting."""

    def __init__(self) -> None:
        self._waited = 0.0
        self._away = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Return the time that was waited for or leapt over, and what work has taken."""
        return time.thread_time() + self._waited

    def wait(self, seconds: float) -> None:
        """Let the clock go on without work."""
        self._waited += seconds

    @property
    def may_leap(self) -> bool:
        """Whether nothing is being done elsewhere: a thread's work takes its time."""
        return not self._away

    def run_in_executor(  # type: ignore[override]  # the stubs differ between versions
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run a job in a thread; until it is done, time is real."""
        job = super().run_in_executor(executor, func, *args)
        self._away += 1
        job.add_done_callback(self._back)
        return job

    def _back(self, _: asyncio.Future[Any]) -> None:
        self._away -= 1


class _Selector(selectors.DefaultSelector):
    """Waits for events for a moment, and says then that all the time has passed."""

    def __init__(self, loop: Skipping) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; at most `timeout` passes on the loop's clock."""
        if timeout is None or not self._loop.may_leap:
            return self._really(timeout)
        ready = super().select(0)
        if ready or timeout <= 0:
            return ready
        time.sleep(SILENCE)
        ready = super().select(0)
        if not ready and self._loop.may_leap:
            self._loop.wait(min(timeout, LEAP))
        return ready

    def _really(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        ready = super().select(timeout)
        waited = time.monotonic() - began
        self._loop.wait(waited if timeout is None else min(waited, max(timeout, 0.0)))
        return ready


@dataclass(frozen=True)
class Pace:
    """How a scenario is run."""

    name: str
    loop: Callable[[], asyncio.AbstractEventLoop]

    def __str__(self) -> str:
        return self.name


SKIPPING = Pace("skipping", Skipping)
REAL = Pace("real", uvloop.new_event_loop)
"""Full times, on the loop that Faultline runs on."""
