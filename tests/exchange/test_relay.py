"""After the commit: what the client sees when the stream goes on, stops, breaks or lies."""

from dataclasses import replace

import pytest

from proxy.model import Api, Cause, Fault, Phase, Result, Seconds
from tests.exchange.lines import DONE, ERROR, HELLO, ROLE, STOP, USAGE, WORLD
from tests.exchange.stage import Stage, chat, two


async def test_a_stream_goes_down_event_by_event() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(ROLE)
        assert client.heads == 0
        call.data(HELLO)
        assert client.body == ROLE + HELLO
        call.data(WORLD)
        assert client.body == ROLE + HELLO + WORLD
        call.data(STOP + USAGE + DONE)
    assert client.body == ROLE + HELLO + WORLD + STOP + USAGE + DONE
    assert client.whole
    assert call.finished
    assert stage.record.result is Result.WHOLE
    assert stage.record.usage is not None
    assert stage.record.usage.output == 2
    assert stage.record.bytes_down == len(client.body)


async def test_half_an_event_waits_for_its_other_half() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO + WORLD[:20])
        assert client.body == HELLO
        call.data(WORLD[20:])
        assert client.body == HELLO + WORLD
        call.data(STOP + DONE)


async def test_a_garbled_event_is_dropped_and_counted() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO, b'data: {"choices":[{"del\n\n', WORLD, STOP, DONE)
    assert client.body == HELLO + WORLD + STOP + DONE
    assert stage.record.attempts[0].garbled == 1


@pytest.mark.parametrize("fault", [None, Fault.EOF, Fault.RESET])
async def test_a_cut_stream_never_looks_whole(fault: Fault | None) -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO, WORLD[:10])
        if fault is None:
            call.end()
        else:
            call.fail(fault, Phase.CONTENT)
    assert client.cut
    assert not client.whole
    assert client.body.startswith(HELLO + b"data: {")
    assert b'"error"' in client.body
    assert DONE not in client.body
    assert WORLD[:10] + b"data" not in client.body
    assert stage.record.result is Result.CUT
    assert len(stage.upstream.calls) == 1
    assert stage.record.attempts[0].verdict.cause is not Cause.NONE


@pytest.mark.parametrize("tail", [STOP, STOP + USAGE, STOP + DONE])
@pytest.mark.parametrize("broken", [False, True])
async def test_after_the_terminal_signal_the_answer_is_whole(tail: bytes, broken: bool) -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO, tail)
        if call.open:
            if broken:
                call.fail(Fault.RESET, Phase.CONTENT)
            else:
                call.end()
    assert client.whole
    assert stage.record.result is Result.WHOLE
    assert stage.told.changes == []


async def test_a_connection_left_open_after_the_end_is_closed_after_two_seconds() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO, STOP)
        stage.clock.advance(1.9)
        assert not client.over
        stage.clock.advance(0.2)
    assert client.whole
    assert call.finished


async def test_silence_after_content_is_a_stall() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO)
        for _ in range(11):
            stage.clock.advance(10)
            call.data(b": ping\n\n")
        stage.clock.advance(9.9)
        assert not client.over
        stage.clock.advance(0.2)
    assert client.cut
    assert stage.record.attempts[0].verdict.cause is Cause.TIMEOUT


async def test_progress_puts_the_stall_off() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO)
        for _ in range(5):
            stage.clock.advance(100)
            call.data(WORLD)
        call.data(STOP + DONE)
    assert client.whole


async def test_an_error_event_after_content_is_forwarded_as_it_came() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        stage.upstream.calls[0].stream(HELLO, ERROR)
    assert client.body == HELLO + ERROR
    assert client.cut
    assert stage.record.result is Result.CUT


async def test_a_slow_client_pauses_the_backend() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO)
        client.slow = True
        call.data(WORLD)
        assert call.paused
        stage.clock.advance(119)
        client.slow = False
        assert client.room is not None
        client.room()
        assert call.reading
        stage.clock.advance(119)
        call.data(STOP + DONE)
    assert client.whole


async def test_a_client_that_reads_no_more_ends_both() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO)
        client.slow = True
        call.data(WORLD)
        stage.clock.advance(121)
    assert call.cancelled
    assert client.cut
    assert stage.told.changes == []
    assert stage.record.result is Result.CANCELLED


async def test_a_large_unary_answer_is_relayed_as_it_comes() -> None:
    stage = Stage()
    piece = b" " * (1024 * 1024)
    async with stage.exchange() as client:
        call = stage.upstream.calls[0]
        call.head()
        for _ in range(8):
            call.data(piece)
        assert client.heads == 0
        call.data(piece)
        assert client.heads == 1
        call.data(b"{}")
        call.end()
    assert client.whole
    assert len(client.body) == 9 * len(piece) + 2


async def test_the_limits_of_the_route_bound_the_stall() -> None:
    table = two()
    route = table.routes[0]
    short = replace(route, stream=replace(route.stream, stall=Seconds(1.0)))
    stage = Stage(replace(table, routes=(short,)))
    async with stage.exchange(chat(stream=True)) as client:
        stage.upstream.calls[0].stream(HELLO)
        stage.clock.advance(1.1)
    assert client.cut


async def test_a_stream_that_proves_nothing_is_whole_when_its_framing_is() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True, api=Api.OPAQUE)) as client:
        call = stage.upstream.calls[0]
        call.stream(b"event: something\n\n")
        call.end()
    assert client.whole


async def test_a_stream_that_proves_nothing_is_cut_when_its_framing_is() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True, api=Api.OPAQUE)) as client:
        call = stage.upstream.calls[0]
        call.stream(b"event: something\n\n")
        call.fail(Fault.EOF, Phase.CONTENT)
    assert client.cut


async def test_an_error_in_the_torn_tail_is_still_told() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO, ERROR.rstrip())
        call.end()
    assert client.body == HELLO + ERROR.rstrip()
    assert client.cut


async def test_with_two_choices_both_must_end() -> None:
    stage = Stage()
    async with stage.exchange(chat(stream=True, choices=2)) as client:
        call = stage.upstream.calls[0]
        call.stream(HELLO, STOP)
        call.end()
    assert client.cut
