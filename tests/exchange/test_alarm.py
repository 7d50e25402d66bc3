"""One alarm, many instants."""

from collections.abc import Callable

from proxy.exchange.alarm import Alarm, Nap
from proxy.model import Instant
from tests.exchange.stage import FakeClock


def guard(work: Callable[[], None]) -> None:
    work()


def test_an_alarm_rings_once_at_the_last_instant_that_was_set() -> None:
    clock = FakeClock()
    rung: list[float] = []
    alarm = Alarm(clock, lambda: rung.append(clock.time), guard)
    start = clock.time
    alarm.set(Instant(start + 10))
    clock.advance(5)
    alarm.set(Instant(start + 20))
    clock.advance(14)
    assert rung == []
    clock.advance(100)
    assert rung == [start + 20]
    assert clock.armed == 0


def test_an_alarm_that_is_put_off_keeps_its_timer() -> None:
    clock = FakeClock()
    alarm = Alarm(clock, lambda: None, guard)
    for seconds in range(10, 1000):
        alarm.set(Instant(clock.time + seconds))
    assert clock.armed == 1


def test_an_alarm_can_be_brought_forward_and_stopped() -> None:
    clock = FakeClock()
    rung: list[float] = []
    alarm = Alarm(clock, lambda: rung.append(clock.time), guard)
    alarm.set(Instant(clock.time + 10))
    alarm.set(Instant(clock.time + 1))
    clock.advance(2)
    assert len(rung) == 1
    alarm.set(Instant(clock.time + 1))
    alarm.stop()
    clock.advance(100)
    assert len(rung) == 1
    assert clock.armed == 0


def test_what_rings_does_so_under_the_guard() -> None:
    clock = FakeClock()
    guarded: list[Callable[[], None]] = []
    rung: list[float] = []
    Alarm(clock, lambda: rung.append(clock.time), guarded.append).set(Instant(clock.time + 1))
    clock.advance(2)
    assert rung == []
    guarded[0]()
    assert len(rung) == 1


def test_a_nap_wakes_once_and_counts_what_was_waited_for() -> None:
    clock = FakeClock()
    woke: list[float] = []
    nap = Nap(clock, lambda: woke.append(clock.time))
    start = clock.time
    nap.sleep(Instant(start + 10), counts=True)
    clock.advance(3)
    nap.sleep(Instant(start + 5), counts=True)
    clock.advance(100)
    assert (woke, nap.waited) == ([start + 5], 5.0)
    nap.sleep(Instant(clock.time + 1), counts=False)
    clock.advance(1)
    assert (len(woke), nap.waited) == (2, 5.0)


def test_a_nap_that_is_cut_short_counts_as_long_as_it_was() -> None:
    clock = FakeClock()
    nap = Nap(clock, lambda: None)
    nap.sleep(Instant(clock.time + 10), counts=True)
    clock.advance(4)
    nap.stop()
    nap.stop()
    assert (clock.armed, nap.waited) == (0, 4.0)
