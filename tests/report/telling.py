"""Messages to tell, and someone on 127.0.0.1 who hears them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from proxy.model import Notify, NotifyKind, Seconds, Secret
from proxy.report.incident import Impact, Stage
from proxy.report.news import Happening, Message

MESSAGE = Message(
    id="a1b2c3d4-1-opened",
    happening=Happening.OPENED,
    incident="a1b2c3d4",
    title="openai: the provider's servers fail",
    text="First failure, openai: 502 <b>&amp;</b>.",
    stage=Stage.INVESTIGATING,
    impact=Impact.MINOR,
    backends=("openai",),
    opened=1_800_000_000.0,
    at=1_800_000_060.0,
    lasted=Seconds(60.0),
    rescued=412,
    failed=3,
    link="http://localhost:8081/incidents/a1b2c3d4",
)
WALL = MESSAGE.at


def message(happening: Happening = Happening.OPENED, **changes: Any) -> Message:
    return replace(MESSAGE, happening=happening, **changes)


def target(kind: NotifyKind, to: str, **more: Any) -> Notify:
    return Notify(kind=kind, to=Secret(to), **more)


@dataclass
class Ear:
    """Hears what is posted and answers what it is told to, the last answer for ever."""

    answers: list[int | Callable[[], Any]] = field(default_factory=lambda: [200])
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def hear(self, request: web.Request) -> web.StreamResponse:
        self.heard.append((dict(request.headers), await request.read()))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not isinstance(answer, int):
            answer = await answer()
        headers = {"Location": self.url, "Retry-After": "0", "Set-Cookie": "a=b"}
        return web.Response(status=answer, headers=headers, text="x" * 5000)

    async def listen(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/{path:.*}", self.hear)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/hook/Canary4Hunter2"
        return runner
