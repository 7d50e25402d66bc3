"""One alarm, many instants."""

from proxy.exchange.alarm import Alarm
from proxy.model import Instant
from tests.exchange.stage import FakeClock


def test_an_alarm_rings_once_at_the_last_instant_that_was_set() -> None:
    clock = FakeClock()
    rung: list[float] = []
    alarm = Alarm(clock, lambda: rung.append(clock.time))
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
    alarm = Alarm(clock, lambda: None)
    for seconds in range(10, 1000):
        alarm.set(Instant(clock.time + seconds))
    assert clock.armed == 1


def test_an_alarm_can_be_brought_forward_and_stopped() -> None:
    clock = FakeClock()
    rung: list[float] = []
    alarm = Alarm(clock, lambda: rung.append(clock.time))
    alarm.set(Instant(clock.time + 10))
    alarm.set(Instant(clock.time + 1))
    clock.advance(2)
    assert len(rung) == 1
    alarm.set(Instant(clock.time + 1))
    alarm.stop()
    clock.advance(100)
    assert len(rung) == 1
    assert clock.armed == 0
