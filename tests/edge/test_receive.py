"""Where a body goes, by its size and the table's word."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import StreamReader

from proxy.dialects.peek import Peek, Peeked
from proxy.edge.body import MemoryBody, OnceBody, Received, SpoolBody
from proxy.edge.intake import BROKEN, Intake, Pace
from proxy.edge.receive import SPOOL_FAILED, SPOOL_FULL, Receiver, receive_whole
from proxy.edge.spool import Spool
from proxy.model import Bodies, Refusal
from tests.edge.port import bodies, until
from tests.edge.test_body import content
from tests.edge.test_intake import payload
from tests.wire.fuse import Fuse, When, open_files

BODY = b'{"model":"gpt-5"}'


def receiver(
    *chunks: bytes,
    kept: Bodies | None = None,
    spool: Spool | None = None,
    length: int | None = None,
    peek: Peek | None = None,
) -> Receiver:
    kept = kept or bodies(memory=10)
    intake = Intake(payload(*chunks), kept.limit, Pace())
    return Receiver(intake, kept, spool or Spool(), peek, length)


async def test_a_whole_small_body_needs_no_waiting() -> None:
    peek = Peek(())
    body = receive_whole(payload(BODY), peek, Bodies())
    assert body is not None
    assert body.data == BODY
    peeked = peek.finish()
    assert isinstance(peeked, Peeked)
    assert peeked.model == "gpt-5"
    assert receive_whole(payload(BODY, ended=False), None, Bodies()) is None
    assert receive_whole(payload(BODY), None, bodies(memory=5)) is None
    assert receive_whole(payload(BODY), None, bodies(limit=5)) is None


async def test_up_to_the_limit_of_memory_it_stays_there() -> None:
    received = await receiver(b"12345", b"67890").receive()
    assert isinstance(received, MemoryBody)
    assert received.data == b"1234567890"


async def test_above_it_goes_to_disk_and_is_peeked_at_on_the_way() -> None:
    peek = Peek(())
    spool = Spool()
    received = await receiver(BODY[:8], BODY[8:], spool=spool, peek=peek).receive()
    assert isinstance(received, SpoolBody)
    assert await content(received) == BODY
    assert isinstance(peek.finish(), Peeked)
    assert spool.used == len(BODY)
    received.close()
    assert spool.used == 0


async def test_with_no_spool_it_passes_through() -> None:
    received = await receiver(BODY, kept=bodies(memory=10, spool="none"), length=17).receive()
    assert isinstance(received, OnceBody)
    assert received.size == 17
    assert await content(received) == BODY


async def test_the_room_of_a_told_length_is_taken_at_once() -> None:
    spool = Spool(100)
    received = await receiver(BODY, spool=spool, length=90).receive()
    assert isinstance(received, SpoolBody)
    assert spool.used == 90
    assert await receiver(BODY, spool=spool).receive() is SPOOL_FULL
    received.close()
    assert spool.used == 0


async def test_whatever_goes_wrong_leaves_no_file(tmp_path: Path) -> None:
    spool = Spool()
    failed = receiver(BODY, spool=spool, kept=bodies(memory=1, spool=str(tmp_path / "no")))
    assert await failed.receive() is SPOOL_FAILED
    large = await receiver(BODY, spool=spool, kept=bodies(memory=1, limit=5)).receive()
    assert isinstance(large, Refusal)
    assert large.status == 413
    stream = payload(BODY, ended=False)
    broken = Receiver(Intake(stream, 100, Pace()), bodies(memory=1), spool, None, None)
    receiving = asyncio.create_task(broken.receive())
    await until(lambda: spool.used > 0)
    stream.set_exception(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await receiving
    assert spool.used == 0
    assert BROKEN.status == 400


async def drip(stream: StreamReader) -> None:
    """Send a body in pieces, each when the one before has been taken."""
    for _ in range(3):
        stream.feed_data(BODY)
        await until(lambda: stream.is_eof() or not stream._buffer)
    stream.feed_eof()


async def struck(fuse: Fuse) -> tuple["asyncio.Task[Received | Refusal]", Spool]:
    """Take a body in while the fuse blows; then the spool ends with its last job."""
    loop, spool, stream = asyncio.get_running_loop(), Spool(), payload(ended=False)
    taker = Receiver(Intake(stream, 1000, Pace()), bodies(memory=1), spool, None, None)
    dripping = asyncio.create_task(drip(stream))
    loop.set_task_factory(fuse)  # type: ignore[arg-type]
    try:
        taking = loop.create_task(taker.receive())
    finally:
        loop.set_task_factory(None)
    fuse.act = taking.cancel
    await asyncio.wait({taking})
    dripping.cancel()
    if not taking.cancelled() and taking.exception() is None:
        received = taking.result()
        if not isinstance(received, Refusal):
            received.close()
    spool.close()
    return taking, spool


@pytest.mark.parametrize("when", When)
async def test_a_client_that_leaves_at_any_wait_leaves_no_file(when: When) -> None:
    before = open_files()
    for number in range(1, 20):
        fuse = Fuse(number, when=when)
        taking, spool = await struck(fuse)
        assert taking.cancelled() is fuse.blown
        assert (open_files(), spool.used) == (before, 0)
        if not fuse.blown:
            assert number > 3
            return
    pytest.fail("it waits for ever")


@pytest.mark.parametrize("error", [OSError(28, "no space left"), MemoryError()], ids=repr)
async def test_an_error_at_any_wait_leaves_no_file(error: Exception) -> None:
    before = open_files()
    for number in range(1, 4):
        taking, spool = await struck(Fuse(number, error=error))
        assert taking.exception() is error or taking.result() is SPOOL_FAILED
        assert (open_files(), spool.used) == (before, 0)
