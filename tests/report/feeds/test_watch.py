"""Watching a provider's feed on 127.0.0.1: as it stands, fails, grows, stays silent, gets old."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random

import aiohttp
import pytest
from aiohttp import web

from proxy.model import Fleet, Instant, Seconds, StatusFeed, Target
from proxy.report.feeds import watch as module
from proxy.report.feeds.said import STALE, Says
from proxy.report.feeds.watch import Feeds
from tests.policy import build
from tests.report.feeds.samples import NOW, component, summary


@dataclass
class Page:
    """A status page, and who has asked for it."""

    body: bytes = field(default_factory=summary)
    status: int = 200
    asked: list[web.Request] = field(default_factory=list)
    silent: bool = False
    url: str = ""

    async def show(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        if self.silent:
            await asyncio.sleep(60)
        headers = {"Set-Cookie": "a=b", "Location": "/elsewhere"}
        return web.Response(status=self.status, body=self.body, headers=headers)


class Watching:
    def __init__(self) -> None:
        self.now = 1000.0
        self.feeds = Feeds(now=lambda: Instant(self.now), wall=lambda: NOW, dice=Random(1))

    def said(self, backend: str = "a") -> str:
        return str(self.feeds.says(backend))


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", Seconds(0.02))
    monkeypatch.setattr(module, "MOST_PAUSE", Seconds(0.04))


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    made = Page()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.show)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}/api/v2/summary.json"
    yield made
    await runner.cleanup()


@pytest.fixture
async def watching() -> AsyncIterator[Watching]:
    made = Watching()
    yield made
    await made.feeds.close()


def fleet(**feeds: StatusFeed | None) -> Fleet:
    targets = [Target(backend=build.backend(name, status_feed=f)) for name, f in feeds.items()]
    return build.fleet(build.route(*[(target,) for target in targets]))


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - anything may become true
            await asyncio.sleep(0.005)


async def test_it_is_said_with_its_age_and_followed(page: Page, watching: Watching) -> None:
    watching.feeds.adopt(fleet(a=StatusFeed(url=page.url), b=None))
    assert watching.said() == "unknown: it has not been read yet"
    await eventually(lambda: watching.said() == "operational (0 s ago)")
    assert watching.feeds.says("b") is None
    assert watching.feeds.says("nobody") is None
    page.body = summary(status={"indicator": "critical"})
    await eventually(lambda: watching.said() == "major outage (0 s ago)")
    assert all("Cookie" not in request.headers for request in page.asked)


async def test_backends_share_a_feed_but_not_a_component(page: Page, watching: Watching) -> None:
    page.body = summary(components=[component("API", "major_outage"), component("Chat")])
    api, chat = (StatusFeed(url=page.url, component=name) for name in ("API", "Chat"))
    watching.feeds.adopt(fleet(a=api, b=api, c=chat))
    await eventually(lambda: watching.said("a") == "major outage (0 s ago)")
    await eventually(lambda: watching.said("c") == "operational (0 s ago)")
    assert watching.said("b") == watching.said("a")
    assert len(watching.feeds._watched) == 2


@pytest.mark.parametrize("status", [404, 500, 302, 304])
async def test_what_it_does_not_answer_is_unknown(
    page: Page, watching: Watching, status: int
) -> None:
    page.status, page.body = status, b""
    watching.feeds.adopt(fleet(a=StatusFeed(url=page.url)))
    await eventually(lambda: watching.said() == f"unknown: it answers {status}")
    assert {request.path for request in page.asked} == {"/api/v2/summary.json"}


async def test_what_was_heard_holds_while_it_fails_until_it_is_stale(
    page: Page, watching: Watching
) -> None:
    watching.feeds.adopt(fleet(a=StatusFeed(url=page.url)))
    await eventually(lambda: watching.said() == "operational (0 s ago)")
    page.status = 500
    seen = len(page.asked)
    await eventually(lambda: len(page.asked) > seen + 1)
    watching.now += 120
    assert watching.said() == "operational (2 min ago)"
    watching.now += STALE
    said = watching.feeds.says("a")
    assert said is not None
    assert (said.says, said.detail) == (Says.UNKNOWN, "it cannot be read any more")


async def test_a_flood_is_not_read_to_its_end(
    page: Page, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    page.body = summary() + b" " * 1_000_000
    watching.feeds.adopt(fleet(a=StatusFeed(url=page.url)))
    await eventually(lambda: watching.said() == "unknown: it is too large")


async def test_silence_is_bounded(
    page: Page, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT", aiohttp.ClientTimeout(total=0.05))
    page.silent = True
    watching.feeds.adopt(fleet(a=StatusFeed(url=page.url)))
    await eventually(lambda: "Timeout" in watching.said())


async def test_nobody_there_is_unknown(watching: Watching) -> None:
    watching.feeds.adopt(fleet(a=StatusFeed(url="http://127.0.0.1:1/")))
    await eventually(lambda: watching.said() == "unknown: it cannot be read (ClientConnectorError)")


async def test_a_new_table_ends_what_it_does_not_name(page: Page, watching: Watching) -> None:
    kept, gone = StatusFeed(url=page.url), StatusFeed(url=page.url, component="API")
    watching.feeds.adopt(fleet(a=kept, b=gone))
    await eventually(lambda: watching.said() == "operational (0 s ago)")
    watching.feeds.adopt(fleet(a=kept))
    assert watching.said() == "operational (0 s ago)"
    assert watching.feeds.says("b") is None
    assert list(watching.feeds._watched) == [kept]
