"""The console's application: a page for people, probes for orchestrators, numbers for scrapers.

Knows what to ask and how to answer; who may ask stands in `door.py`, what the page says in
`page.py`, what machines read in `machines.py`. Nothing here changes anything but a drill.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from importlib import resources

from aiohttp import web

from proxy.console.door import Door
from proxy.console.drills import Desk
from proxy.console.exchanges import Exchanges
from proxy.console.guard import doorkeeper, guard
from proxy.console.hatch import Good, Shelf
from proxy.console.live import Live
from proxy.console.machines import Machines, found
from proxy.console.page import page
from proxy.console.render import Renderer
from proxy.console.scrape import Scrape
from proxy.console.sources import Sources, look
from proxy.console.story import story
from proxy.model import Instant
from proxy.report.postmortem import postmortem

SHELVES: web.AppKey[Mapping[str, Shelf]] = web.AppKey("shelves")
"""What is asked for again and again, by path: handed out by the hatch."""

HTML = "text/html; charset=utf-8"
TYPES = {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript"}


def console_app(sources: Sources, door: Callable[[], Door]) -> web.Application:
    """Return the application; `door` is asked anew for each request."""
    app = web.Application(middlewares=[doorkeeper(door)], client_max_size=1)
    site = Site(sources)
    live = Live(sources, site.forget)
    exchanges = Exchanges(sources)
    shelves: Mapping[str, Shelf] = {"/": site.front, "/metrics": site.numbers}
    app[SHELVES] = shelves
    app.add_routes(
        [
            web.get("/", site.page),
            web.get("/incidents/{id}.md", site.postmortem),
            web.get("/incidents/{id}", site.incident),
            web.get("/api/events", live.events),
            web.get("/api/exchanges", exchanges.follow),
            *Machines(sources).routes(),
            *Desk(sources, door).routes(),
            web.get("/livez", site.alive),
            web.get("/healthz", site.alive),
            web.get("/readyz", site.ready),
            web.get("/metrics", site.metrics),
            web.get("/static/{name}", site.static),
        ]
    )
    app.on_response_prepare.append(guard)
    app.on_shutdown.extend((live.close, exchanges.close))
    return app


class Site:
    """The handlers."""

    def __init__(self, sources: Sources) -> None:
        def now() -> Instant:
            return sources.moment().now

        self._sources = sources
        self._scrape = Scrape(sources.registry, now)
        self._renderer = Renderer(now)
        self._files = _files()

    def forget(self) -> None:
        """Make the pages anew: something has happened."""
        self._renderer.forget()

    def front(self, _: str = "") -> Good:
        """Return the page for people."""
        body = self._renderer.page(
            "/", "page.html", lambda: {"page": page(look(self._sources)), "root": ""}
        )
        return Good(body, HTML)

    def numbers(self, accept: str) -> Good:
        """Return the numbers for machines, in the form that is preferred."""
        return Good(*self._scrape.page(accept))

    async def page(self, _: web.Request) -> web.Response:
        """Show the page for people."""
        return _shown(self.front())

    async def incident(self, request: web.Request) -> web.Response:
        """Show the story of an incident."""
        seen = look(self._sources)
        incident = found(seen, request)
        body = self._renderer.page(
            f"/incidents/{incident.id}",
            "incident.html",
            lambda: {
                "story": story(seen, incident),
                "root": "../",
                "postmortem": postmortem(incident, seen.fleet, seen.moment),
            },
        )
        return _shown(Good(body, HTML))

    async def postmortem(self, request: web.Request) -> web.Response:
        """Show the post-mortem, as Markdown."""
        seen = look(self._sources)
        text = postmortem(found(seen, request), seen.fleet, seen.moment)
        return web.Response(text=text, content_type="text/markdown")

    async def alive(self, _: web.Request) -> web.Response:
        """Say that the event loop turns; more is not asked of liveness."""
        return web.Response(text="ok\n")

    async def ready(self, request: web.Request) -> web.Response:
        """Say whether exchanges are taken; `?verbose` lists what that rests on."""
        checks = self._sources.ready()
        good = all(checks.values())
        lines = ["ok" if good else "not ready"]
        if "verbose" in request.query:
            lines = [*(f"[{'+' if well else '-'}] {name}" for name, well in checks.items()), *lines]
        status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
        return web.Response(text="\n".join(lines) + "\n", status=status)

    async def metrics(self, request: web.Request) -> web.Response:
        """Show the numbers for machines."""
        return _shown(self.numbers(request.headers.get("Accept", "")))

    async def static(self, request: web.Request) -> web.Response:
        """Show a file of the page; they are read once, and no path leads elsewhere."""
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        body, content_type = file
        return web.Response(body=body, content_type=content_type, charset="utf-8")


def _shown(good: Good) -> web.Response:
    return web.Response(body=good.body, headers={"Content-Type": good.content_type})


def _files() -> dict[str, tuple[bytes, str]]:
    """Return the page's files by name, with their types."""
    folder = resources.files("proxy.console") / "static"
    return {
        file.name: (file.read_bytes(), TYPES["." + file.name.rpartition(".")[2]])
        for file in folder.iterdir()
    }
