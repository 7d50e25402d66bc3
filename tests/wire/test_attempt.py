"""What one attempt tells."""

import pytest

from proxy.model import Ending, Fault, Head, Phase, Sent
from proxy.wire.attempt import Attempt
from proxy.wire.connection import Lane
from proxy.wire.tasks import Tasks
from tests.wire.peer import (
    CHUNKED,
    OK,
    Line,
    Peer,
    Told,
    always,
    backend,
    exchange,
    once,
    order,
    transport,
)
from tests.wire.pipe import BACKEND, Scene, piped

STREAM = CHUNKED + b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def story(told: Told) -> tuple[object, ...]:
    heads = [(head.status, head.headers, head.reused) for head in told.heads]
    endings = [(e.phase, e.fault, e.sent, e.reused) for e in told.endings]
    return told.phases, heads, told.body, endings


async def test_the_whole_story() -> None:
    async with Peer(always(STREAM)) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url)))
        assert told.phases == [Phase.RESOLVE, Phase.CONNECT, Phase.HEAD]
        assert told.heads == [
            Head(status=200, headers=((b"Transfer-Encoding", b"chunked"),), reused=False)
        ]
        assert told.body == b"onetwo"
        assert told.endings == [
            Ending(
                phase=Phase.END,
                sent=Sent.HEAD_SEEN,
                bytes_out=len(peer.requests[0]),
                bytes_in=len(STREAM),
            )
        ]


def test_all_that_one_read_brings_is_told_at_once() -> None:
    told = Told()
    Scene(told).read(STREAM)
    assert told.parts == [b"onetwo"]


STORIES = [
    OK,
    STREAM,
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
    CHUNKED + b"3\r\none\r\nzz\r\n",
    b"HTTP/1.1 101 Switching\r\n\r\n",
    b"<html>502",
]


@pytest.mark.parametrize("wire", STORIES, ids=lambda wire: wire[:30])
def test_where_the_reads_split_the_story_stays_the_same(wire: bytes) -> None:
    whole = Told()
    first = Scene(whole)
    first.read(wire)
    assert len(whole.endings) == 1
    for at in range(1, len(wire)):
        told = Told()
        scene = Scene(told)
        scene.read(wire[:at], wire[at:])
        assert story(told) == story(whole)
        assert scene.kept == first.kept
    told = Told()
    Scene(told).read(*[wire[n : n + 1] for n in range(len(wire))])
    assert story(told) == story(whole)


@pytest.mark.parametrize(
    ("answer", "phase", "sent", "fault"),
    [
        (b"", Phase.HEAD, Sent.MAYBE_SENT, Fault.EOF),
        (b"HTTP/1.1 200 OK\r\nConte", Phase.HEAD, Sent.MAYBE_SENT, Fault.EOF),
        (CHUNKED, Phase.FIRST_CONTENT, Sent.HEAD_SEEN, Fault.EOF),
        (OK[:-1], Phase.CONTENT, Sent.HEAD_SEEN, Fault.EOF),
        (STREAM[:-2], Phase.CONTENT, Sent.HEAD_SEEN, Fault.EOF),
        (CHUNKED + b"zz\r\n", Phase.FIRST_CONTENT, Sent.HEAD_SEEN, Fault.PROTOCOL),
        (b"garbage\r\n\r\n", Phase.HEAD, Sent.MAYBE_SENT, Fault.PROTOCOL),
    ],
)  # fmt: skip
async def test_where_an_answer_breaks(
    answer: bytes, phase: Phase, sent: Sent, fault: Fault
) -> None:
    async with Peer(once(answer)) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url)))
        ending = told.ending
        assert (ending.phase, ending.sent, ending.fault) == (phase, sent, fault)
        assert ending.bytes_in == len(answer)
        assert ending.bytes_out == len(peer.requests[0])
        assert "garbage" not in ending.detail
        assert len(told.endings) == 1


async def test_a_reset_at_each_place() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(OK[:-1])
        line.reset()

    async with Peer(script) as peer, transport() as wire:
        told = await exchange(wire, order(backend(peer.url)))
        assert (told.ending.fault, told.ending.detail) == (Fault.RESET, "ECONNRESET")


@pytest.mark.parametrize("status", [b"301 M", b"307 T", b"308 P"])
async def test_a_redirect_is_an_answer_like_any_other(status: bytes) -> None:
    async with Peer(always(OK)) as trap:
        away = b"HTTP/1.1 %b\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n"
        async with Peer(always(away % (status, trap.port))) as peer, transport() as wire:
            told = await exchange(wire, order(backend(peer.url)))
            assert told.status == int(status[:3])
            assert told.ending.fault is None
            assert not trap.lines


def test_an_answer_before_all_was_sent_costs_the_connection() -> None:
    told = Told()
    scene = Scene(told)
    scene.pipe.unsent = 1
    scene.read(OK)
    assert told.ending.fault is None
    assert scene.pipe.aborted
    assert not scene.keeper.idle


def test_a_connection_that_comes_after_the_cancel_is_closed() -> None:
    told = Told()
    call = Attempt(order(BACKEND), told, Tasks())
    call.cancel()
    connection, pipe = piped(Lane((), b"a"))
    call.begin(connection, b"HEAD\r\n\r\n")
    assert pipe.aborted
    assert not pipe.written
