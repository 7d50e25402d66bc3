"""Large bodies on disk: counted, read by many, gone in time."""

import asyncio
import os
from pathlib import Path

import pytest

from proxy.edge.spool import BLOCK, Spool, SpoolFile
from tests.edge.port import until


async def content(file: SpoolFile) -> bytes:
    return b"".join([block async for block in file.blocks()])


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_what_was_written_is_read_from_the_start() -> None:
    spool = Spool()
    file = SpoolFile(spool, None)
    before = open_files()
    data = os.urandom(2 * BLOCK + 17)
    await file.append(data[:100])
    await file.append(data[100:])
    assert file.size == len(data)
    assert await content(file) == data
    assert [await content(file) for _ in range(2)] == [data, data]
    file.close()
    file.close()
    await until(lambda: open_files() < before + 1)
    with pytest.raises(OSError, match="descriptor"):
        await content(file)
    spool.close()


async def test_a_file_has_no_name(tmp_path: Path) -> None:
    spool = Spool()
    file = SpoolFile(spool, str(tmp_path))
    await file.append(b"secret")
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a test's own directory
    file.close()
    spool.close()


async def test_room_is_given_out_and_taken_back() -> None:
    spool = Spool(100)
    one, two = SpoolFile(spool, None), SpoolFile(spool, None)
    assert one.reserve(60)
    assert one.reserve(50)
    assert one.reserve(70)
    assert spool.used == 70
    assert not two.reserve(31)
    assert spool.used == 70
    assert two.reserve(30)
    one.close()
    one.close()
    assert spool.used == 30
    two.close()
    assert spool.used == 0
    spool.close()


async def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    spool = Spool()
    file = SpoolFile(spool, str(tmp_path / "no"))
    with pytest.raises(FileNotFoundError):
        await file.append(b"a")
    file.close()
    spool.close()


async def test_a_file_is_closed_after_a_write_that_was_cancelled() -> None:
    spool = Spool()
    before = open_files()
    for _ in range(20):
        file = SpoolFile(spool, None)
        writing = asyncio.create_task(file.append(b"x" * 1_000_000))
        await asyncio.sleep(0)
        writing.cancel()
        file.close()
    spool.close()
    await asyncio.sleep(0.01)
    assert open_files() <= before + 1


async def test_a_file_that_shrank_is_an_error() -> None:
    spool = Spool()
    file = SpoolFile(spool, None)
    await file.append(b"a" * 10)
    assert file._file is not None
    os.ftruncate(file._file.fileno(), 5)
    with pytest.raises(OSError, match="shorter"):
        await content(file)
    file.close()
    spool.close()


async def test_a_full_disk_is_an_error() -> None:
    spool = Spool()
    file = SpoolFile(spool, None)
    file._file = Path("/dev/full").open("wb", buffering=0)  # noqa: ASYNC230, SIM115 - a device
    with pytest.raises(OSError, match="No space left"):
        await file.append(b"a")
    assert file.size == 0
    file.close()
    spool.close()


async def test_what_outlives_the_spool_is_let_go_all_the_same() -> None:
    spool = Spool()
    before = open_files()
    file = SpoolFile(spool, None)
    await file.append(b"late")
    assert open_files() == before + 1
    spool.close()
    with pytest.raises(OSError, match="closed"):
        await file.append(b"later")
    file.close()
    assert (open_files(), spool.used) == (before, 0)
