"""A request's body as the exchange gets it: in memory, in a spool file, or once only.

All three are `proxy.model.Body`; each is closed when its exchange is over, however it ended. What
the bytes mean is not known here.
"""

from collections.abc import AsyncIterator, Sequence

from proxy.edge.intake import Intake
from proxy.edge.spool import SpoolFile
from proxy.model import Refusal


class MemoryBody:
    """A small body: the usual one."""

    __slots__ = ("data",)
    replayable = True
    refusal = None

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.data)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the whole, unless it is empty."""
        if self.data:
            yield self.data

    def close(self) -> None:
        """Hold nothing."""


class SpoolBody:
    """A large body on disk."""

    __slots__ = ("_file",)
    replayable = True
    refusal = None
    data = None

    def __init__(self, file: SpoolFile) -> None:
        self._file = file

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._file.size

    def chunks(self) -> AsyncIterator[bytes]:
        """Read it from the start, as often as one likes and several times at once."""
        return self._file.blocks()

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


class OnceBody:
    """A large body that is kept nowhere: what was read already, then the rest as it comes."""

    __slots__ = ("_head", "_intake", "refusal", "size")
    replayable = False
    data = None

    def __init__(self, head: Sequence[bytes], intake: Intake, size: int | None) -> None:
        self._head = head
        self._intake = intake
        self.size = size
        self.refusal: Refusal | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Pass it through. Raises OSError when the client sends too much, too slowly, or badly."""
        head, self._head = self._head, ()
        for chunk in head:
            yield chunk
        while chunk := await self._next():
            yield chunk

    async def _next(self) -> bytes:
        chunk = await self._intake.read()
        if isinstance(chunk, Refusal):
            self.refusal = chunk
            raise OSError(chunk.message)
        return chunk

    def close(self) -> None:
        """Hold nothing."""


Received = MemoryBody | SpoolBody | OnceBody
