"""A body on its way in: counted, and not slower than a client may be."""

import asyncio

from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.web_protocol import RequestPayloadError

from proxy.edge.intake import BROKEN, TOO_SLOW, Intake, Pace
from proxy.model import Refusal, Seconds


class Wire(BaseProtocol):
    """A connection that is there, and nothing else."""

    @property
    def connected(self) -> bool:
        return True

    def resume_reading(self, resume_parser: bool = True) -> None: ...


def payload(*chunks: bytes, ended: bool = True) -> StreamReader:
    loop = asyncio.get_running_loop()
    made = StreamReader(Wire(loop), 2**16, loop=loop)
    for chunk in chunks:
        made.feed_data(chunk)
    if ended:
        made.feed_eof()
    return made


async def test_it_gives_what_has_come_and_ends_empty() -> None:
    stream = payload(b"ab", b"c", ended=False)
    intake = Intake(stream, 100, Pace())
    assert await intake.read() == b"abc"
    stream.feed_data(b"d")
    stream.feed_eof()
    assert await intake.read() == b"d"
    assert await intake.read() == b""
    assert intake.size == 4


async def test_it_waits_for_what_comes() -> None:
    stream = payload(ended=False)
    intake = Intake(stream, 100, Pace())
    reading = asyncio.create_task(intake.read())
    await asyncio.sleep(0)
    stream.feed_data(b"late")
    assert await reading == b"late"


async def test_more_than_the_limit_is_refused() -> None:
    assert await Intake(payload(b"abc"), 3, Pace()).read() == b"abc"
    refusal = await Intake(payload(b"abcd"), 3, Pace()).read()
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.close) == (413, True)


async def test_silence_is_refused() -> None:
    pace = Pace(silence=Seconds(0.02))
    assert await Intake(payload(ended=False), 3, pace).read() is TOO_SLOW


async def test_a_dribble_is_refused_when_its_grace_is_used_up() -> None:
    pace = Pace(grace=Seconds(0.1), rate=1000)
    stream = payload(ended=False)
    intake = Intake(stream, 1000, pace)

    async def dribble() -> None:
        while True:
            stream.feed_data(b"x")
            await asyncio.sleep(0.01)

    dribbling = asyncio.create_task(dribble())
    try:
        async with asyncio.timeout(2):
            while (read := await intake.read()) is not TOO_SLOW:
                assert read
    finally:
        dribbling.cancel()
    assert 1 <= intake.size < 100


async def test_what_was_slow_to_be_read_is_not_held_against_the_client() -> None:
    pace = Pace(grace=Seconds(0.05), silence=Seconds(0.05))
    stream = payload(b"a", ended=False)
    intake = Intake(stream, 1000, pace)
    for _ in range(4):
        await asyncio.sleep(0.03)
        assert await intake.read() == b"a"
        stream.feed_data(b"a")


async def test_a_broken_body_is_refused() -> None:
    stream = payload(ended=False)
    intake = Intake(stream, 100, Pace())
    reading = asyncio.create_task(intake.read())
    await asyncio.sleep(0)
    stream.set_exception(RequestPayloadError("sk-canary"))
    assert await reading is BROKEN
    assert await intake.read() is BROKEN
