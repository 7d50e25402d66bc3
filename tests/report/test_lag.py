"""The lag meter, on a clock that we hold in our hands and on a real loop."""

import asyncio
import time
from collections.abc import Callable

import pytest

from proxy.model import Instant
from proxy.report.lag import LagMeter


class HandClock:
    """Time stands still until it is moved; a due call is made when someone runs it."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.due: tuple[float, Callable[[], None]] | None = None

    def now(self) -> Instant:
        return Instant(self.time)

    def call_at(self, when: Instant, callback: Callable[[], None]) -> "HandClock":
        self.due = (when, callback)
        return self

    def cancel(self) -> None:
        self.due = None

    def run_late(self, lag: float) -> None:
        assert self.due is not None
        when, callback = self.due
        self.time = when + lag
        callback()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def meter(clock: HandClock) -> LagMeter:
    meter = LagMeter(clock)
    meter.start()
    return meter


def test_a_loop_in_time_does_not_lag(clock: HandClock, meter: LagMeter) -> None:
    for _ in range(20):
        clock.run_late(0.25)
    assert not meter.lagging
    assert meter.current == 0.0
    assert meter.worst == pytest.approx(0.25)


def test_it_lags_until_a_tick_is_in_time(clock: HandClock, meter: LagMeter) -> None:
    seen = []
    for lag in (0.0, 0.3, 2.0, 0.2, 0.0):
        clock.run_late(lag)
        seen.append(meter.lagging)
    assert seen == [False, True, True, False, False]


def test_an_overdue_tick_counts_before_it_is_run(clock: HandClock, meter: LagMeter) -> None:
    clock.time += 0.1 + 0.3
    assert meter.current == pytest.approx(0.3)
    assert meter.lagging


def test_the_worst_is_remembered_for_half_a_minute_and_not_for_ever(
    clock: HandClock, meter: LagMeter
) -> None:
    clock.run_late(1.5)
    for _ in range(250):
        clock.run_late(0.0)
    assert meter.worst == pytest.approx(1.5)
    for _ in range(400):
        clock.run_late(0.0)
    assert meter.worst < 0.01


def test_closed_it_ticks_no_more(clock: HandClock, meter: LagMeter) -> None:
    meter.close()
    assert clock.due is None
    meter.close()


async def test_a_blocked_loop_is_seen() -> None:
    loop = asyncio.get_running_loop()

    class LoopClock:
        def now(self) -> Instant:
            return Instant(loop.time())

        def call_at(self, when: Instant, callback: Callable[[], None]) -> asyncio.TimerHandle:
            return loop.call_at(when, callback)

    meter = LagMeter(LoopClock())
    meter.start()
    time.sleep(0.4)  # noqa: ASYNC251 - to block the loop is the point
    assert meter.lagging
    await asyncio.sleep(0)
    assert meter.worst > 0.25
    meter.close()
