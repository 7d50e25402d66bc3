"""How a runner reads an end, and what an attempt's record says."""

from dataclasses import dataclass

import pytest

from proxy.model import Cause, Fault, Phase, Result, Seconds, Sent
from tests.exchange.lines import DONE, HELLO, ROLE, STOP, USAGE, WHOLE, delta
from tests.exchange.stage import Bytes, Stage, chat

LIMITED = b'{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'


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


async def test_an_empty_stream_whose_connection_stays_open_is_over_after_two_seconds() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        first = stage.upstream.calls[0]
        first.stream(ROLE, STOP)
        stage.clock.advance(1.0)
        first.data(USAGE)
        assert first.open
        stage.clock.advance(1.1)
        assert first.finished
        stage.upstream.calls[1].stream(HELLO + STOP + DONE)
    assert client.whole
    assert stage.record.attempts[0].verdict.cause is not Cause.TIMEOUT


async def test_an_empty_stream_that_says_that_it_is_over_is_so_at_once() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        first = stage.upstream.calls[0]
        first.stream(ROLE + STOP + DONE)
        assert first.finished
        stage.upstream.calls[1].stream(HELLO + STOP + DONE)
    assert client.whole


async def test_an_empty_stream_with_a_good_reason_goes_down_as_it_is() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        stage.upstream.calls[0].stream(ROLE, delta(None, "length"))
        stage.clock.advance(2.1)
    assert stage.record.result is Result.WHOLE
    assert client.body == ROLE + delta(None, "length")


@pytest.mark.parametrize("text", [LIMITED, b"data: " + LIMITED, b"data: " + LIMITED + b"\n"])
async def test_an_error_that_a_stream_ends_with_is_read_without_its_empty_line(
    text: bytes,
) -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        stage.upstream.calls[0].stream(text)
        stage.upstream.calls[0].end()
        stage.upstream.calls[1].stream(HELLO + STOP + DONE)
    assert stage.record.attempts[0].verdict.cause is Cause.RATE_LIMIT
    assert client.whole


async def test_a_request_at_fault_is_not_charged_as_a_stream_without_an_end() -> None:
    text = b'{"error": {"message": "no", "type": "invalid_request_error"}}'
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        stage.upstream.calls[0].stream(text)
        stage.upstream.calls[0].end()
    assert stage.record.result is Result.CLIENT_ERROR
    assert client.body == text


async def test_a_stream_may_be_whole_without_its_last_empty_line() -> None:
    text = delta("hi", "stop").rstrip()
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        stage.upstream.calls[0].stream(text)
        stage.upstream.calls[0].end()
    assert client.whole
    assert client.body == text


async def test_an_error_too_long_to_be_held_is_an_error_all_the_same() -> None:
    stage = Stage()
    async with stage.exchange() as client:
        first = stage.upstream.calls[0]
        first.head(500, "text/html")
        for _ in range(9):
            first.data(b"x" * 1024 * 1024)
        assert first.cancelled
        stage.upstream.calls[1].unary(WHOLE)
    assert stage.record.attempts[0].verdict.cause is Cause.ORIGIN
    assert client.status == 200


@dataclass(frozen=True, slots=True)
class Large(Bytes):
    """A body that goes up piece by piece."""

    data: bytes | None = None  # type: ignore[assignment]

    @property
    def size(self) -> int:
        return 1


async def test_a_slow_upload_is_silent_only_while_nothing_goes() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True), Large()) as client:
        first = stage.upstream.calls[0]
        for _ in range(4):
            first.receiver.on_phase(Phase.WRITE)
            stage.clock.advance(119)
        assert first.open
        stage.clock.advance(2)
        assert len(stage.upstream.calls) == 2
        stage.upstream.calls[1].stream(HELLO + STOP + DONE)
    assert client.whole
    assert [phase for phase, _ in stage.record.attempts[0].times] == [Phase.WRITE]
