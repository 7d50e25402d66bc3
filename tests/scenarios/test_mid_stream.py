"""C. What goes wrong after the first byte has gone to the client."""

import asyncio
from collections.abc import Iterator

import anthropic
import openai
import pytest

from proxy import sim
from proxy.model import Cause, Result
from proxy.sim import Behaviour, Step, Wait
from proxy.sim.openai import DONE
from proxy.sim.voice import Voice
from tests.scenarios import reading
from tests.scenarios.crossing import Call, End
from tests.scenarios.scenario import scenario
from tests.scenarios.sdks import chat, message, response
from tests.scenarios.world import World

CHAT = "/v1/chat/completions"
APIS = [
    ("openai-compatible", CHAT),
    ("openai-compatible", "/v1/responses"),
    ("anthropic", "/v1/messages"),
    ("gemini", "/v1beta/models/m:streamGenerateContent?alt=sse"),
]
each_api = pytest.mark.parametrize(("provider", "path"), APIS)
MIB = 1024 * 1024


def is_cut(world: World, call: Call) -> bool:
    """Tell whether a call was cut so that it shows, and was told as cut."""
    shown = reading.is_terminated(call.path, bytes(call.answer))
    return call.end is End.CUT and not shown and world.told.records[-1].result is Result.CUT


def cause(world: World) -> Cause:
    return world.told.records[-1].attempts[-1].verdict.cause


@each_api
@pytest.mark.parametrize("how", [sim.Cut.RST, sim.Cut.FIN, sim.Cut.CHUNK, sim.Cut.CLEAN])
@scenario()
async def test_C1_C2_C3_a_cut_stream_shows_as_cut(
    world: World, provider: str, path: str, how: sim.Cut
) -> None:
    world.p.plan(sim.cut_after(6, how))
    call = await world.ask(path=path, stream=True, max_tokens=50)
    assert is_cut(world, call)
    assert b"Faultline: " in reading.events(bytes(call.answer))[-1]
    assert cause(world) in {Cause.ORIGIN, Cause.TCP}
    assert world.s.log == []


@pytest.mark.parametrize("how", [sim.Cut.RST, sim.Cut.CHUNK, sim.Cut.CLEAN])
@scenario()
async def test_C1_openais_sdk_raises(world: World, how: sim.Cut) -> None:
    world.p.plan(sim.cut_after(6, how))
    for ask in (chat, response):
        with pytest.raises(openai.APIError):
            await ask(world, world.openai(retries=2))
    assert len(world.p.log) == 2


@pytest.mark.parametrize("how", [sim.Cut.RST, sim.Cut.CHUNK, sim.Cut.CLEAN])
@scenario(provider="anthropic")
async def test_C1_anthropics_sdk_raises(world: World, how: sim.Cut) -> None:
    world.p.plan(sim.cut_after(6, how))
    with pytest.raises(anthropic.APIError):
        await message(world, world.anthropic(retries=2))
    assert len(world.p.log) == 1


@pytest.mark.parametrize("how", list(sim.Cut))
@scenario()
async def test_C2_a_body_that_is_short_is_rerouted_while_it_is_held(
    world: World, how: sim.Cut
) -> None:
    world.p.plan(sim.cut_after(6, how))
    call = await world.ask(stream=False)
    assert call.complete
    assert call.backend == "s"


@each_api
@pytest.mark.parametrize("how", [sim.Cut.RST, sim.Cut.FIN])
@scenario()
async def test_C4_what_is_whole_before_the_cut_is_whole(
    world: World, provider: str, path: str, how: sim.Cut
) -> None:
    world.p.plan(sim.terminal_then(how))
    for _ in range(6):
        call = await world.ask(path=path, stream=True, max_tokens=50)
        assert call.complete
        assert call.backend == "p"
    assert world.told.changes == []
    assert {record.result for record in world.told.records} == {Result.WHOLE}


def dribble(voice: Voice) -> Iterator[Step]:
    """Three events at once, then a byte a second that never become the fourth."""
    good = voice.answer()
    yield good.begin() + good.frame(*good.lead, *good.content[:2])
    for byte in good.content[2]:
        yield good.frame(bytes([byte]))
        yield Wait(1.0)


@scenario(limits="stall: 30s")
async def test_C5_a_byte_a_second_is_a_stall(world: World) -> None:
    world.p.plan(Behaviour(name="dribble", play=dribble))
    call = await world.ask(stream=True)
    assert is_cut(world, call)
    assert 29 <= call.took <= 31
    assert cause(world) is Cause.TIMEOUT


@scenario(limits="stall: 30s")
async def test_C6_silence_ends_at_the_limit(world: World) -> None:
    world.p.plan(sim.stall_after(6))
    call = await world.ask(stream=True)
    assert is_cut(world, call)
    assert 29 <= call.took <= 31
    assert cause(world) is Cause.TIMEOUT


def error_later(voice: Voice, code: int) -> Iterator[Step]:
    """Fail inside the stream, but not in the same breath as the first word."""
    good = voice.answer()
    yield good.begin() + good.frame(*good.first(6))
    yield Wait(1.0)
    yield good.frame(voice.error_event(code, "Overloaded")) + good.end()


@each_api
@pytest.mark.parametrize("code", [503, 429])
@scenario()
async def test_C7_an_error_in_the_stream_goes_on_as_it_is(
    world: World, provider: str, path: str, code: int
) -> None:
    world.p.plan(Behaviour(name="error later", play=lambda voice: error_later(voice, code)))
    call = await world.ask(path=path, stream=True, max_tokens=50)
    assert is_cut(world, call)
    assert b"Overloaded" in reading.events(bytes(call.answer))[-1]
    assert b"Faultline" not in call.answer
    assert cause(world) in {Cause.CAPACITY, Cause.RATE_LIMIT}


def long_line(size: int) -> Behaviour:
    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        token = good.content[0].replace(b'"content":"', b'"content":"' + b"x" * size)
        yield good.begin() + good.frame(*good.lead, good.content[0])
        for start in range(0, len(token), 32768):
            yield good.frame(token[start : start + 32768])
        yield good.frame(*good.closing) + good.end()

    return Behaviour(name=f"long_line({size})", play=play)


@scenario()
async def test_C8_a_line_of_700_kilobytes_passes(world: World) -> None:
    world.p.plan(long_line(700 * 1024))
    call = await world.ask(stream=True)
    assert call.complete
    assert len(call.answer) > 700 * 1024


@scenario()
async def test_C8_a_line_without_end_is_cut(world: World) -> None:
    world.p.plan(long_line(20 * MIB))
    call = await world.ask(stream=True)
    assert is_cut(world, call)
    assert world.p.log[0].sent <= 16 * MIB  # 8 MiB, and what the kernel holds


UNICODE = "naïve 日本語 😀 "


def odd_lines(voice: Voice, end: bytes, size: int) -> Iterator[Step]:
    """Say the good answer with another line end, multibyte letters, torn every `size` bytes."""
    good = voice.answer()
    events = [e.replace(b'"content":"', b'"content":"' + UNICODE.encode()) for e in good.events]
    body = b"".join(events).replace(b"\n", end)
    body = b"\xef\xbb\xbf" + body if size % 2 else body
    yield good.begin()
    for start in range(0, len(body), size):
        yield good.frame(body[start : start + size])
        if not start % 64:
            yield Wait(0.0)
    yield good.end()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=repr)
@pytest.mark.parametrize("size", [1, 7, 64])
@scenario()
async def test_C9_however_lines_are_torn_they_pass_byte_for_byte(
    world: World, end: bytes, size: int
) -> None:
    world.p.plan(Behaviour(name="odd lines", play=lambda voice: odd_lines(voice, end, size)))
    call = await world.ask(stream=True)
    assert call.complete
    said = reading.read(next(world.attempts()).said)
    assert said is not None
    assert bytes(call.answer) == said.body


def done_twice(voice: Voice) -> Iterator[Step]:
    good = voice.answer()
    yield good.begin() + good.frame(*good.events, DONE, good.content[0], DONE) + good.end()


@scenario()
async def test_C10_behind_the_first_end_marker_nothing_goes_on(world: World) -> None:
    world.p.plan(Behaviour(name="done twice", play=done_twice))
    call = await world.ask(stream=True)
    assert call.complete
    assert call.answer.endswith(DONE)
    assert call.answer.count(DONE) == 1
    assert (await world.ask()).complete


@each_api
@scenario()
async def test_C10_a_whole_answer_whose_connection_stays_open_is_ended(
    world: World, provider: str, path: str
) -> None:
    world.p.plan(sim.terminal_then_silence())
    call = await world.ask(path=path, stream=True, max_tokens=50)
    assert call.complete
    assert call.took <= 2.1
    await world.until(lambda: world.p.live == 0, 2.5)


@scenario(tokens=40, limits="total: 10s, stall: 10s, head: 5s, first_content: 5s")
async def test_C11_a_long_stream_is_not_killed_by_a_timer(world: World) -> None:
    world.p.plan(sim.ok(every=3.0))
    call = await world.ask(stream=True)
    assert call.complete
    assert call.took >= 120


@scenario(limits="client_stall: 20s")
async def test_C12_C13_a_client_that_does_not_read_stops_the_backend(world: World) -> None:
    world.p.plan(sim.flood(1024 * MIB))
    client = await world.connect(window=64 * 1024)
    call = world.send(client, world.chat(stream=True))
    await world.until(lambda: call.first_at is not None)
    client.stop_reading()
    began = world.now()
    await asyncio.sleep(15)
    (seen,) = world.p.log
    assert seen.peer_closed is None
    assert seen.sent - len(call.answer) <= 16 * MIB  # the kernel's own buffers, four of them
    await world.until(lambda: seen.peer_closed is not None)
    assert world.now() - began <= 22
    client.go_on_reading()
    await client.answer(call)
    assert call.end is End.CUT
    assert cause(world) is Cause.CLIENT_CANCEL
    assert world.told.changes == []


@scenario(limits="client_stall: 20s")
async def test_C13_a_client_that_reads_again_gets_it_all(world: World) -> None:
    world.p.plan(sim.flood(24 * MIB))
    client = await world.connect()
    call = world.send(client, world.chat(stream=True))
    for part in range(1, 4):
        await world.until(lambda n=part: len(call.answer) >= n * 5 * MIB)  # type: ignore[misc]
        client.stop_reading()
        await asyncio.sleep(15)
        client.go_on_reading()
    await client.answer(call)
    assert call.complete
    assert len(call.answer) >= 22 * MIB


@scenario(limits="client_stall: 20s")
async def test_C14_many_stalled_readers_are_gone_in_time(world: World) -> None:
    world.p.plan(sim.flood(24 * MIB))
    clients = [await world.connect(window=64 * 1024) for _ in range(30)]
    for client in clients:
        world.send(client, world.chat(stream=True))
    for client in clients:
        await client.news()
        client.stop_reading()
    await asyncio.sleep(21)
    assert world.faultline.edge.in_flight == 0
    assert world.faultline.transport.open == 0
