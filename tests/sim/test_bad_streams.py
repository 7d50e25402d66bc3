import json

import pytest

from proxy import sim
from proxy.sim import Close, Reset, Silence, Wait
from tests.sim.talk import chat, events, meet, request, steps, voice

DONE = b"data: [DONE]"
UNARY = voice(payload=chat(stream=False))


def tokens(data: bytes) -> int:
    return data.count(b'"delta":{"content":') - data.count(b'"delta":{"content":""}')


def sent(behaviour: sim.Behaviour) -> bytes:
    return b"".join(step for step in steps(behaviour) if isinstance(step, bytes))


@pytest.mark.parametrize(
    ("behaviour", "count", "reset", "whole"),
    [
        (sim.cut_after(3), 3, True, False),
        (sim.cut_after(3, sim.Cut.FIN), 3, False, False),
        (sim.cut_after(3, "clean"), 3, False, True),
        (sim.cut_after(0, "fin"), 0, False, False),
        (sim.no_done(), 6, False, True),
        (sim.no_terminal(), 6, False, True),
        (sim.terminal_then(), 6, True, False),
        (sim.terminal_then("fin"), 6, False, False),
        (sim.error_first_event(), 0, False, True),
        (sim.error_event_after(2), 2, False, True),
    ],
    ids=str,
)
async def test_a_stream_ends_as_its_name_says(
    behaviour: sim.Behaviour, count: int, reset: bool, whole: bool
) -> None:
    heard = await meet(behaviour)
    assert heard.data.startswith(b"HTTP/1.1 200 ")
    assert tokens(heard.data) == count
    assert (heard.reset, heard.whole) == (reset, whole)


async def test_a_cut_can_be_inside_a_chunk() -> None:
    heard = await meet(sim.cut_after(3, "chunk"))
    size, _, piece = heard.body.rpartition(b"\r\n")
    assert 0 < len(piece) < int(size.rpartition(b"\r\n")[2], 16)
    assert steps(sim.cut_after(3, "chunk"), UNARY)[1:] == [b"", Close()]


def test_terminal_events() -> None:
    assert DONE not in sent(sim.no_done())
    assert b'"finish_reason":"stop"' in sent(sim.no_done())
    assert b'"finish_reason":"stop"' not in sent(sim.no_terminal())
    assert DONE in sent(sim.terminal_then_silence())


@pytest.mark.parametrize(
    ("behaviour", "last"),
    [
        (sim.head_then_silence(), Silence),
        (sim.stall_after(2), Close),
        (sim.stall_after(2, 30.0), Close),
        (sim.terminal_then_silence(), Silence),
        (sim.cut_after(2), Reset),
    ],
    ids=str,
)
def test_the_last_step(behaviour: sim.Behaviour, last: type) -> None:
    assert isinstance(steps(behaviour)[-1], last)


def test_a_stall_is_for_ever_or_for_a_while() -> None:
    assert isinstance(steps(sim.stall_after(2))[1], Silence)
    assert steps(sim.stall_after(2, 30.0))[1] == Wait(30.0)


def test_late_is_late_in_its_place() -> None:
    first, wait, rest = steps(sim.slow_first_token(20.0))
    assert isinstance(first, bytes)
    assert isinstance(rest, bytes)
    assert (tokens(first), wait, tokens(rest)) == (0, Wait(20.0), 6)
    assert steps(sim.slow_head(3.0))[0] == Wait(3.0)


def test_pings_never_end() -> None:
    told = sim.pings_only(2.0).play(voice("/v1/messages", {"stream": True}))
    first = [next(told) for _ in range(5)]
    assert first[1::2] == [Wait(2.0), Wait(2.0)]
    assert first[2] == first[4]
    assert b"event: ping" in bytes(first[2])  # type: ignore[arg-type]


async def test_a_garbled_event_is_one_among_good_ones() -> None:
    heard = await meet(sim.garbled_event(2))
    assert heard.whole
    lines = [line for line in heard.body.split(b"\n") if line.startswith(b"data: {")]
    broken = []
    for number, line in enumerate(lines):
        try:
            json.loads(line[6:])
        except ValueError:
            broken.append(number)
    assert broken == [3]  # the role comes first


async def test_what_is_done_to_a_unary_answer() -> None:
    raw = request(payload=chat(stream=False))
    cut = await meet(sim.cut_after(3, "fin"), raw)
    assert 0 < len(cut.body) < int(cut.head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    failed = await meet(sim.error_first_event(503, "no"), raw)
    assert json.loads(failed.body)["error"]["message"] == "no"
    garbled = await meet(sim.garbled_event(0), raw)
    assert not garbled.body.endswith(b"}")
    assert len(garbled.body) == int(
        garbled.head.partition(b"content-length: ")[2].split(b"\r\n")[0]
    )


def test_a_drip_is_the_good_answer_byte_by_byte() -> None:
    (whole,) = steps(sim.ok())
    dripped = steps(sim.drip(0.5))
    assert b"".join(step for step in dripped if isinstance(step, bytes)) == whole
    assert dripped[1:3] == [dripped[1], Wait(0.5)]
    assert len(bytes(dripped[1])) == 1  # type: ignore[arg-type]


def test_a_flood_is_as_large_as_asked() -> None:
    data = sent(sim.flood(1_000_000))
    assert len(data) > 1_000_000
    assert events(data)[-1]["choices"][0]["finish_reason"] == "stop"  # type: ignore[index]
