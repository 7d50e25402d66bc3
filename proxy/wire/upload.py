"""A request's body on its way up, where it does not lie in memory.

Writes as fast as the peer takes it. Must never know what the answer says: who runs it ends it.
"""

from collections.abc import AsyncIterator, Callable

from proxy.model import Body
from proxy.wire.connection import Connection

WRONG_SIZE = "the body is not as long as it said"


async def upload(body: Body, connection: Connection, wrote: Callable[[int], None]) -> str:
    """Write the whole body; return why that could not be, or an empty string.

    Raises OSError when the body's store fails. A body of known size is written as it is, one of
    unknown size in chunks.
    """
    size = body.size
    total = 0
    chunks = body.chunks()
    try:
        async for chunk in chunks:
            total += len(chunk)
            if size is not None and total > size:
                return WRONG_SIZE
            if chunk:  # an empty one would end a chunked body
                await connection.writable()
                data = chunk if size is not None else b"%x\r\n%b\r\n" % (len(chunk), chunk)
                connection.transport.write(data)
                wrote(len(data))
    finally:
        await _close(chunks)
    if size is None:
        connection.transport.write(b"0\r\n\r\n")
        wrote(5)
        return ""
    return "" if total == size else WRONG_SIZE


async def _close(chunks: AsyncIterator[bytes]) -> None:
    """Let go of the store now: a generator that is left alone does so some time later."""
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
