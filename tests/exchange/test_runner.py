"""The runner's alarm and what an attempt's record says."""

from proxy.exchange.runner import Alarm
from proxy.model import Fault, Instant, Phase, Seconds, Sent
from tests.exchange.lines import DONE, HELLO, ROLE, STOP, WHOLE
from tests.exchange.stage import FakeClock, Stage, chat


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


async def test_a_record_tells_phases_bytes_and_how_much_was_sent() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)):
        call = stage.upstream.calls[0]
        stage.clock.advance(1)
        call.stream(ROLE)
        stage.clock.advance(2)
        call.data(HELLO + STOP + DONE)
    record = stage.record.attempts[0]
    assert record.sent is Sent.CONTENT_SEEN
    assert record.status == 200
    assert record.bytes_in == len(ROLE + HELLO + STOP + DONE)
    times = dict(record.times)
    assert times[Phase.HEAD] == Seconds(1.0)
    assert times[Phase.FIRST_CONTENT] == Seconds(1.0)
    assert times[Phase.CONTENT] == Seconds(3.0)


async def test_an_attempt_that_did_not_connect_was_provably_not_sent() -> None:
    stage = Stage()
    async with stage.exchange():
        stage.upstream.calls[0].fail(Fault.REFUSED, Phase.CONNECT, Sent.NOT_SENT)
        stage.upstream.calls[1].unary(WHOLE)
    assert stage.record.attempts[0].sent is Sent.NOT_SENT
    assert stage.record.attempts[0].phase is Phase.CONNECT
