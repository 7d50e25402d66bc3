"""A descriptor that blocks, tears or refuses."""

import contextlib
import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.report.sink import Sink

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    read, write = os.pipe()
    yield read, write
    for fd in (read, write):
        with contextlib.suppress(OSError):
            os.close(fd)


@contextlib.contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def read_all(fd: int, wanted: int) -> bytes:
    found = b""
    while len(found) < wanted:
        found += os.read(fd, 65536)
    return found


def test_lines_are_written_whole(pipe: Pipe) -> None:
    assert Sink(pipe[1]).write(b"one\ntwo\n")
    assert os.read(pipe[0], 100) == b"one\ntwo\n"


@pytest.mark.parametrize("blocking", [True, False])
def test_a_full_pipe_is_waited_for(pipe: Pipe, blocking: bool) -> None:
    os.set_blocking(pipe[1], blocking)
    lines = b"x" * 1023 + b"\n"
    told: list[bool] = []
    writer = threading.Thread(target=lambda: told.append(Sink(pipe[1]).write(lines * 256)))
    writer.start()
    assert read_all(pipe[0], 256 * 1024) == lines * 256
    writer.join(10)
    assert told == [True]


def test_a_refusing_descriptor_is_no_exception(pipe: Pipe) -> None:
    os.close(pipe[0])
    assert not Sink(pipe[1]).write(b"one\n")


def test_a_torn_line_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        sink = Sink(fd)
        # A limit on the file's size tears a write just as a full disk does.
        with file_size_limit(10):
            assert not sink.write(b"0123456789abc\n")
        assert sink.write(b"next\n")
    finally:
        os.close(fd)
    assert path.read_bytes() == b"0123456789\nnext\n"
