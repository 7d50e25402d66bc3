"""Where large request bodies lie until their exchange is over: nameless files on disk.

One thread does all file work in order, so the loop never waits for a disk, and a file is closed
after the last write that was begun on it, even when its request was cancelled in between. It knows
files; what a body is for it must never know.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from errno import EBADF
from functools import partial
from typing import BinaryIO, TypeVar

T = TypeVar("T")

BLOCK = 256 * 1024
"""Bytes of one read: few hops to the thread, and little memory."""
MOST_SPOOLED = 2 * 1024**3
"""Bytes on disk in all: sixteen bodies of the largest size that the default limit allows."""


class Spool:
    """Gives out files and counts what lies in them."""

    def __init__(self, most: int = MOST_SPOOLED) -> None:
        self.used = 0
        self._most = most
        self._thread = ThreadPoolExecutor(1, "spool")

    def reserve(self, size: int) -> bool:
        """Take `size` bytes of the room that is left, or nothing."""
        if self.used + size > self._most:
            return False
        self.used += size
        return True

    def release(self, size: int) -> None:
        """Give room back."""
        self.used -= size

    async def work(self, job: Callable[[], T]) -> T:
        """Do a job in the thread, after those before it. Raises OSError when that has ended."""
        try:
            done = asyncio.get_running_loop().run_in_executor(self._thread, job)
        except RuntimeError as error:
            raise OSError(EBADF, "the spool is closed") from error
        return await done

    def after(self, job: Callable[[], None]) -> None:
        """Have a job done after those before it, and do not wait."""
        try:
            self._thread.submit(job)
        except RuntimeError:  # the thread has ended, and so have all jobs before
            job()

    def close(self) -> None:
        """Let the thread end with its last job."""
        self._thread.shutdown(wait=True)


class SpoolFile:
    """One nameless file: it is gone when it is closed, or when the process is."""

    __slots__ = ("_directory", "_file", "_reserved", "_spool", "size")

    def __init__(self, spool: Spool, directory: str | None) -> None:
        """Nothing is opened before the first write; no directory is the system's own."""
        self.size = 0
        self._spool = spool
        self._directory = directory
        self._reserved = 0
        self._file: BinaryIO | None = None

    def reserve(self, size: int) -> bool:
        """Make sure that `size` bytes in all have room; False where the spool is full."""
        more = size - self._reserved
        if more > 0:
            if not self._spool.reserve(more):
                return False
            self._reserved = size
        return True

    async def append(self, data: bytes) -> None:
        """Write at the end. Raises OSError (no space left, no such directory, ...)."""
        await self._spool.work(partial(self._write, data))
        self.size += len(data)

    async def blocks(self) -> AsyncIterator[bytes]:
        """Read from the start. Raises OSError when the file is closed or cannot be read."""
        offset = 0
        while offset < self.size:
            block = await self._spool.work(partial(self._read, offset))
            yield block
            offset += len(block)

    def close(self) -> None:
        """Close and so remove it, after the last job that was begun; idempotent."""
        self._spool.release(self._reserved)
        self._reserved = 0
        self._spool.after(self._shut)

    # In the thread.

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(  # noqa: SIM115 - closed by `_shut`
                dir=self._directory, buffering=0
            )
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _read(self, offset: int) -> bytes:
        if self._file is None:
            raise OSError(EBADF, os.strerror(EBADF))
        block = os.pread(self._file.fileno(), BLOCK, offset)
        if not block:
            raise OSError("the spool file is shorter than it was")
        return block

    def _shut(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
