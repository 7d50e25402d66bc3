"""The console's application: probes for orchestrators, numbers for scrapers, a page for people.

Knows what to ask and how to answer; who may ask stands in `door.py`, what the page says in
`page.py`. Nothing here changes anything.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from importlib import resources
from importlib.metadata import version

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from prometheus_client import CollectorRegistry

from proxy.console.door import Door
from proxy.console.page import Moment, page
from proxy.console.scrape import Scrape
from proxy.console.words import HEADLINES
from proxy.model import Fleet, Instant
from proxy.policy.standing import Row

GUARDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "faultline",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer (control S21)."""

TYPES = {".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the console shows; each is asked when someone looks."""

    fleet: Callable[[], Fleet]
    view: Callable[[], Sequence[Row]]
    ready: Callable[[], Mapping[str, bool]]
    """What readiness rests on; a provider's outage is no part of it."""
    registry: CollectorRegistry
    now: Callable[[], Instant]
    wall: Callable[[], float]


def console_app(sources: Sources, door: Callable[[], Door]) -> web.Application:
    """Return the application; `door` is asked anew for each request."""
    app = web.Application(middlewares=[_doorkeeper(door)], client_max_size=1)
    site = Site(sources)
    app.add_routes(
        [
            web.get("/", site.page),
            web.get("/livez", site.alive),
            web.get("/healthz", site.alive),
            web.get("/readyz", site.ready),
            web.get("/metrics", site.metrics),
            web.get("/static/{name}", site.static),
        ]
    )
    app.on_response_prepare.append(_guard)
    return app


class Site:
    """The handlers."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._scrape = Scrape(sources.registry, sources.now)
        self._files = _files()
        templates = Environment(
            loader=PackageLoader("proxy.console"),
            autoescape=True,
            undefined=StrictUndefined,
        )
        templates.globals |= {"version": version("faultline"), "headlines": HEADLINES}
        self._template = templates.get_template("page.html")

    async def page(self, _: web.Request) -> web.Response:
        """Show the page for people."""
        sources = self._sources
        moment = Moment(now=sources.now(), wall=sources.wall())
        said = page(sources.fleet(), sources.view(), moment)
        return web.Response(text=self._template.render(page=said), content_type="text/html")

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
        body, content_type = self._scrape.page(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def static(self, request: web.Request) -> web.Response:
        """Show a file of the page; they are read once, and no path leads elsewhere."""
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        body, content_type = found
        return web.Response(body=body, content_type=content_type, charset="utf-8")


def _doorkeeper(door: Callable[[], Door]) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def keep(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        fields = {name.lower(): value for name, value in request.raw_headers}
        refusal = door().refusal(request.method, request.path, fields)
        if refusal is None:
            return await handler(request)
        answer = web.Response(text=refusal.message + "\n", status=refusal.status)
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            answer.headers["WWW-Authenticate"] = 'Basic realm="faultline", charset="UTF-8"'
        if refusal.status == HTTPStatus.METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = "GET, HEAD"
        return answer

    return keep


async def _guard(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(GUARDS)


def _files() -> dict[str, tuple[bytes, str]]:
    """Return the page's files by name, with their types."""
    folder = resources.files("proxy.console") / "static"
    return {
        file.name: (file.read_bytes(), TYPES["." + file.name.rpartition(".")[2]])
        for file in folder.iterdir()
    }
