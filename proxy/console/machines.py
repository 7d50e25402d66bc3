"""What machines read beside the metrics: Statuspage v2, the status itself, feeds and badges.

Knows paths and formats; what they say stands in the modules that it calls.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec
from aiohttp import web

from proxy.console import api, badge, feeds, statuspage
from proxy.console.bars import total
from proxy.console.guard import Handler
from proxy.console.headline import apps, headline
from proxy.console.page import page
from proxy.console.sources import Look, Sources, look
from proxy.console.standings import Standings
from proxy.console.story import card, story
from proxy.console.words import HEADLINES, SIGNS, percent, tone_of
from proxy.report.incident import Incident
from proxy.report.traffic import Key, Side, Unit

MOST = 50
"""Incidents of one answer, as Statuspage has it."""

PERIODS = {
    "1h": (Unit.MINUTE, 60),
    "24h": (Unit.HOUR, 24),
    "7d": (Unit.HOUR, 168),
    "30d": (Unit.DAY, 30),
}
"""Of a badge: how time is cut, and how many slots it looks back on."""

Answer = Callable[[Look, str], Mapping[str, object]]
"""From a look and the console's own address to what is answered."""


def _newest(seen: Look, url: str) -> Mapping[str, object]:
    """Return open and resolved ones as a Statuspage does: by when they were made."""
    them = sorted(seen.ledger.latest(), key=lambda each: each.noticed, reverse=True)
    return statuspage.incidents(seen, url, them[:MOST])


def _open(seen: Look, url: str) -> Mapping[str, object]:
    return statuspage.incidents(seen, url, reversed(seen.ledger.open))


def _status(seen: Look, _: str) -> Mapping[str, object]:
    return api.status(page(seen))


def _incidents(seen: Look, _: str) -> Mapping[str, object]:
    return {"incidents": [api.card(card(seen, i)) for i in seen.ledger.latest()[:MOST]]}


ANSWERS: Mapping[str, Answer] = {
    "/api/status.json": _status,
    "/api/incidents.json": _incidents,
    "/api/v2/summary.json": statuspage.summary,
    "/api/v2/status.json": statuspage.status,
    "/api/v2/components.json": statuspage.components,
    "/api/v2/incidents.json": _newest,
    "/api/v2/incidents/unresolved.json": _open,
    "/api/v2/scheduled-maintenances.json": statuspage.maintenances,
    "/api/v2/scheduled-maintenances/upcoming.json": statuspage.maintenances,
    "/api/v2/scheduled-maintenances/active.json": statuspage.maintenances,
}


class Machines:
    """The handlers."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def routes(self) -> Iterable[web.RouteDef]:
        """Return where each is found."""
        return [
            *(web.get(path, self._answering(answer)) for path, answer in ANSWERS.items()),
            web.get("/api/incidents/{id}.json", self.story),
            web.get("/history.atom", self.atom),
            web.get("/history.rss", self.rss),
            web.get("/badge/status.svg", self.badge),
            web.get("/badge/apps/uptime/{period}.svg", self.apps_badge),
            web.get("/badge/backend/{name}.svg", self.backend_badge),
            web.get("/badge/backend/{name}/uptime/{period}.svg", self.uptime_badge),
        ]

    def _answering(self, answer: Answer) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            return to_json(answer(look(self._sources), home(request)))

        return handle

    async def story(self, request: web.Request) -> web.Response:
        """Tell all of one incident."""
        seen = look(self._sources)
        return to_json(api.story(story(seen, found(seen, request))))

    async def atom(self, request: web.Request) -> web.Response:
        """Show the feed."""
        text = feeds.atom(look(self._sources), home(request))
        return web.Response(text=text, content_type="application/atom+xml")

    async def rss(self, request: web.Request) -> web.Response:
        """Show the older kind of feed."""
        text = feeds.rss(look(self._sources), home(request))
        return web.Response(text=text, content_type="application/rss+xml")

    async def badge(self, _: web.Request) -> web.Response:
        """Show the state of the whole."""
        seen = look(self._sources)
        tone = headline(seen, Standings(seen.rows)).tone
        return _picture("faultline", HEADLINES[tone].word.lower(), tone)

    async def backend_badge(self, request: web.Request) -> web.Response:
        """Show the state of a backend."""
        seen, name = look(self._sources), _backend(self._sources, request)
        sign = SIGNS[Standings(seen.rows).word(name)]
        return _picture(name, sign.word, sign.tone)

    async def apps_badge(self, request: web.Request) -> web.Response:
        """Show which part of the apps' answers was whole."""
        return self._share(request, "apps", apps(look(self._sources)))

    async def uptime_badge(self, request: web.Request) -> web.Response:
        """Show which part of a backend's own answers was good."""
        name = _backend(self._sources, request)
        return self._share(request, name, [(Side.BACKEND, name)])

    def _share(self, request: web.Request, label: str, keys: list[Key]) -> web.Response:
        period = request.match_info["period"]
        if period not in PERIODS:
            raise web.HTTPNotFound
        unit, number = PERIODS[period]
        now = self._sources.moment().wall
        tally = total(self._sources.traffic.slots(unit, now - unit * (number - 1), now, keys))
        word, tone = (percent(tally), tone_of(tally)) if tally.total else ("no traffic", "none")
        return _picture(f"{label} {period}", word, tone)


def home(request: web.Request) -> str:
    """Return the console's address as this client has it; the door has looked at the name."""
    return f"{request.scheme}://{request.host}"


def found(seen: Look, request: web.Request) -> Incident:
    """Return the incident that is asked for. Raises HTTPNotFound."""
    incident = seen.ledger.find(request.match_info["id"])
    if incident is None:
        raise web.HTTPNotFound
    return incident


def to_json(value: Mapping[str, object]) -> web.Response:
    """Return values as JSON."""
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _backend(sources: Sources, request: web.Request) -> str:
    name = request.match_info["name"]
    if name not in sources.fleet().backends:
        raise web.HTTPNotFound
    return name


def _picture(label: str, word: str, tone: str) -> web.Response:
    return web.Response(text=badge.badge(label, word, tone), content_type="image/svg+xml")
