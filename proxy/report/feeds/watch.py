"""Fetches what providers say of themselves, about once a minute, off the path.

A task for each feed that the table names, whoever many backends share it; each with limits of time
and size, and slower and slower where it fails. It tells nobody: whoever shows a backend asks.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from random import Random

import aiohttp

from proxy.model import Fleet, Instant, Seconds, StatusFeed
from proxy.report.feeds.read import read
from proxy.report.feeds.said import STALE, Reading, Said, Says, unknown

EVERY, JITTER = Seconds(60.0), 0.2
"""Between two looks; spread, so that not all who run Faultline look at once."""

MOST_PAUSE = Seconds(600.0)
"""Between two looks at a feed that fails; it doubles."""

LIMIT = aiohttp.ClientTimeout(total=10.0)
"""Seconds for one look."""

MOST_BYTES = 4 * 1024 * 1024
"""Of one feed: Google's, the largest known, has a twentieth of it."""

WANTED = {"User-Agent": "faultline", "Accept": "application/json, application/xml;q=0.9, */*;q=0.1"}

NOT_YET = unknown("it has not been read yet")


@dataclass(slots=True)
class _Watched:
    """A feed, and what it said last."""

    task: asyncio.Task[None] | None = None
    reading: Reading = NOT_YET
    at: Instant | None = None
    """When it was read last; None if it never could be."""


class Feeds:
    """What all providers say."""

    def __init__(
        self, *, now: Callable[[], Instant], wall: Callable[[], float], dice: Random
    ) -> None:
        self._now = now
        self._wall = wall
        self._dice = dice
        self._session: aiohttp.ClientSession | None = None
        self._watched: dict[StatusFeed, _Watched] = {}
        self._backends: dict[str, StatusFeed] = {}

    def says(self, backend: str) -> Said | None:
        """Return what a backend's provider says; None where the table does not ask for it."""
        feed = self._backends.get(backend)
        if feed is None:
            return None
        watched = self._watched[feed]
        if watched.at is None:
            return Said(says=watched.reading.says, detail=watched.reading.detail, age=None)
        age = Seconds(max(0.0, self._now() - watched.at))
        if age > STALE:
            return Said(says=Says.UNKNOWN, detail="it cannot be read any more", age=age)
        return Said(says=watched.reading.says, detail=watched.reading.detail, age=age)

    def adopt(self, fleet: Fleet) -> None:
        """Watch the feeds that the table names, and no others. Needs a running loop."""
        self._backends = {
            name: backend.status_feed
            for name, backend in fleet.backends.items()
            if backend.status_feed is not None
        }
        wanted = set(self._backends.values())
        for feed in self._watched.keys() - wanted:
            _cancel(self._watched.pop(feed))
        for feed in wanted - self._watched.keys():
            watched = self._watched[feed] = _Watched()
            watched.task = asyncio.get_running_loop().create_task(self._watch(feed, watched))

    async def close(self) -> None:
        """Stop watching."""
        tasks = [w.task for w in self._watched.values() if w.task is not None]
        for watched in self._watched.values():
            _cancel(watched)
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _watch(self, feed: StatusFeed, watched: _Watched) -> None:
        pause = EVERY
        while True:
            failed = await self._look(feed, watched)
            if failed and watched.at is None:
                watched.reading = unknown(failed)
            pause = Seconds(min(2 * pause, MOST_PAUSE)) if failed else EVERY
            await asyncio.sleep(pause * (1 + JITTER * (2 * self._dice.random() - 1)))

    async def _look(self, feed: StatusFeed, watched: _Watched) -> str:
        """Read the feed; return why that failed, if it did."""
        try:
            async with self._http().get(feed.url, headers=WANTED, allow_redirects=False) as answer:
                if answer.status != HTTPStatus.OK:
                    return f"it answers {answer.status}"
                body = await _body(answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # a timeout is an OSError
            return f"it cannot be read ({type(error).__name__})"
        if body is None:
            return "it is too large"
        watched.reading = read(body, feed.component, self._wall())
        watched.at = self._now()
        return ""

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=LIMIT, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


async def _body(answer: aiohttp.ClientResponse) -> bytes | None:
    """Return the body, decoded; None if it is too large, however small it came."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _cancel(watched: _Watched) -> None:
    if watched.task is not None:
        watched.task.cancel()
