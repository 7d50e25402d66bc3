"""Take a request's body in: into memory while it is small, then to disk, or straight through.

Each piece is shown to the dialect's peek as it comes. What the peek sees is not known here.
"""

from http import HTTPStatus

from aiohttp import StreamReader

from proxy.dialects.peek import Peek
from proxy.edge.body import MemoryBody, OnceBody, Received, SpoolBody
from proxy.edge.intake import Intake
from proxy.edge.spool import Spool, SpoolFile
from proxy.model import Bodies, Refusal, Seconds

AUTO = "auto"
NONE = "none"
"""Words of `bodies.spool`: the system's directory, and no spool at all."""

SPOOL_FULL = Refusal(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="spool_full",
    message="Faultline: too many large requests at once; there is no room for this one's body.",
    retry_after=Seconds(5.0),
    close=True,
)
SPOOL_FAILED = Refusal(
    status=HTTPStatus.INSUFFICIENT_STORAGE,
    code="spool_failed",
    message=(
        "Faultline: the request's body could not be kept on disk. `bodies.spool` in the routing "
        "table says where large bodies go; `none` lets them through without a replay."
    ),
    close=True,
)


def receive_whole(payload: StreamReader, peek: Peek | None, bodies: Bodies) -> MemoryBody | None:
    """Return a small body that has come already, as most have; None for all others."""
    if not payload.is_eof() or payload.total_bytes > min(bodies.memory, bodies.limit):
        return None
    data = payload.read_nowait()
    if peek is not None:
        peek.feed(data)
    return MemoryBody(data)


class Receiver:
    """Takes in one body, which is still coming or large."""

    __slots__ = ("_bodies", "_intake", "_length", "_peek", "_spool")

    def __init__(
        self, intake: Intake, bodies: Bodies, spool: Spool, peek: Peek | None, length: int | None
    ) -> None:
        """Take what reads the body; `length` is what the client told, if it did."""
        self._intake = intake
        self._bodies = bodies
        self._spool = spool
        self._peek = peek
        self._length = length

    async def receive(self) -> Received | Refusal:
        """Return the body, or why it is refused."""
        held: list[bytes] = []
        while self._intake.size <= self._bodies.memory:
            data = await self._read()
            if isinstance(data, Refusal):
                return data
            if not data:
                return MemoryBody(b"".join(held))
            held.append(data)
        if self._bodies.spool == NONE:
            return OnceBody(held, self._intake, self._length)
        return await self._keep(held)

    async def _keep(self, held: list[bytes]) -> SpoolBody | Refusal:
        directory = None if self._bodies.spool == AUTO else self._bodies.spool
        file = SpoolFile(self._spool, directory)
        body = None
        try:
            refusal = await self._fill(file, held)
            if refusal is not None:
                return refusal
            body = SpoolBody(file)
            return body
        finally:
            if body is None:
                file.close()

    async def _fill(self, file: SpoolFile, held: list[bytes]) -> Refusal | None:
        """Write the body to disk, what is held already and what is still to come; let go of it."""
        while True:
            data = held.pop(0) if held else await self._read()
            if isinstance(data, Refusal):
                return data
            if not data:
                return None
            if not file.reserve(max(self._length or 0, self._intake.size)):
                return SPOOL_FULL
            try:
                await file.append(data)
            except OSError:
                return SPOOL_FAILED

    async def _read(self) -> bytes | Refusal:
        data = await self._intake.read()
        if self._peek is not None and not isinstance(data, Refusal):
            self._peek.feed(data)
        return data
