"""The three ways to keep a body."""

import pytest

from proxy.edge.body import MemoryBody, OnceBody, SpoolBody
from proxy.edge.intake import Intake, Pace, too_large
from proxy.edge.spool import Spool, SpoolFile
from proxy.model import Body
from tests.edge.test_intake import payload


async def content(body: Body) -> bytes:
    return b"".join([chunk async for chunk in body.chunks()])


async def test_a_small_body_lies_in_memory() -> None:
    body = MemoryBody(b"abc")
    assert (body.data, body.size, body.replayable) == (b"abc", 3, True)
    assert [await content(body) for _ in range(2)] == [b"abc", b"abc"]
    assert [chunk async for chunk in MemoryBody(b"").chunks()] == []
    body.close()


async def test_a_large_body_lies_on_disk() -> None:
    spool = Spool()
    file = SpoolFile(spool, None)
    await file.append(b"abc")
    body = SpoolBody(file)
    assert (body.data, body.size, body.replayable) == (None, 3, True)
    assert [await content(body) for _ in range(2)] == [b"abc", b"abc"]
    body.close()
    with pytest.raises(OSError, match="descriptor"):
        await content(body)
    spool.close()


async def test_a_body_that_is_kept_nowhere_passes_once() -> None:
    stream = payload(b"cd", ended=False)
    body = OnceBody([b"a", b"b"], Intake(stream, 100, Pace()), None)
    assert (body.data, body.size, body.replayable) == (None, None, False)
    stream.feed_eof()
    assert await content(body) == b"abcd"
    body.close()


async def test_a_body_that_turns_out_too_large_on_its_way_is_an_error() -> None:
    body = OnceBody([], Intake(payload(b"abc"), 2, Pace()), 3)
    assert body.refusal is None
    with pytest.raises(OSError, match="larger than 2 bytes"):
        await content(body)
    assert body.refusal == too_large(2)
