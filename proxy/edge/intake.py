"""A request's body on its way in: counted, and no slower than a client may be.

It knows aiohttp's stream of body bytes. Where the bytes go is not known here.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import StreamReader
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from proxy.edge.fields import bad_request
from proxy.model import Refusal, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How slow a client may be."""

    head: Seconds = Seconds(10.0)
    """From the first byte of a request to the end of its head."""
    silence: Seconds = Seconds(30.0)
    """Between two reads of a body."""
    grace: Seconds = Seconds(30.0)
    """Waiting for a body that is free; beyond it, each second must bring `rate` bytes."""
    rate: int = 1024
    """Bytes a second, on the average of a whole body."""
    linger: Seconds = Seconds(5.0)
    """How long the rest of a refused body is read and dropped, so that the client can read why."""
    flush: Seconds = Seconds(120.0)
    """Without any progress, what is left of an answer to a client that has stopped reading."""
    keepalive: Seconds = Seconds(75.0)
    """An idle connection; longer than the pools of clients, so that they close first."""


TOO_SLOW = bad_request("The request's body came too slowly.", HTTPStatus.REQUEST_TIMEOUT)
BROKEN = bad_request("The request's body is not framed as HTTP asks for.")


def too_large(limit: int) -> Refusal:
    """Return the refusal of a body over the limit."""
    return Refusal(
        status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        code="body_too_large",
        message=(
            f"Faultline: the request's body is larger than {limit} bytes; `bodies.limit` in the "
            "routing table sets this limit."
        ),
        close=True,
    )


class Intake:
    """Reads one body: `read` gives its next bytes, or the refusal that ends it."""

    __slots__ = ("_limit", "_pace", "_payload", "_waited", "size")

    def __init__(self, payload: StreamReader, limit: int, pace: Pace) -> None:
        self.size = 0
        self._payload = payload
        self._limit = limit
        self._pace = pace
        self._waited = 0.0

    async def read(self) -> bytes | Refusal:
        """Return what has come, waiting for some; empty at the end.

        Raises OSError when the client is gone.
        """
        payload = self._payload
        try:
            if payload.total_bytes > self.size or payload.is_eof():
                data = payload.read_nowait()
            else:
                data = await self._wait()
        except TimeoutError:
            return TOO_SLOW
        except (RequestPayloadError, HttpProcessingError):
            return BROKEN
        self.size += len(data)
        return data if self.size <= self._limit else too_large(self._limit)

    async def _wait(self) -> bytes:
        pace = self._pace
        now = asyncio.get_running_loop().time
        began = now()
        left = pace.grace + self.size / pace.rate - self._waited
        async with asyncio.timeout(min(pace.silence, left)):
            data = await self._payload.readany()
        self._waited += now() - began
        return data
