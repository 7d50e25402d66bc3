"""The state in the form of Statuspage v2, so that clients which know it can read Faultline.

Pure: from a look at the sources to plain values (https://www.atlassian.com/software/statuspage/api).
Routes are what the apps see, backends what providers do: two groups of components.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from proxy.console.headline import headline
from proxy.console.sources import Look
from proxy.console.standings import SERVING, Standings
from proxy.model import Instant, Route
from proxy.policy.standing import Word
from proxy.report import tale
from proxy.report.incident import Incident, Stage, Update
from proxy.report.note import concerns

Json = dict[str, object]

PAGE_ID = "faultline"
ROUTES, BACKENDS = "routes", "backends"

STATUS = {
    Word.CLOSED: "operational",
    Word.SLOW_START: "degraded_performance",
    Word.PROBING: "degraded_performance",
    Word.COOLING: "degraded_performance",
    Word.EJECTED: "major_outage",
}

INDICATORS = {"good": "none", "mid": "minor", "bad": "critical"}
"""Of the whole, by the headline's tone: what the apps have of it."""


def summary(look: Look, url: str) -> Json:
    """Return everything at one moment."""
    return {
        **status(look, url),
        "components": _components(look),
        "incidents": [incident(look, each, url) for each in reversed(look.ledger.open)],
        "scheduled_maintenances": [],
    }


def status(look: Look, url: str) -> Json:
    """Return the state of the whole."""
    said = headline(look, Standings(look.rows))
    return {
        "page": _page(look, url),
        "status": {"indicator": INDICATORS[said.tone], "description": said.sentence},
    }


def components(look: Look, url: str) -> Json:
    """Return routes and backends."""
    return {"page": _page(look, url), "components": _components(look)}


def incidents(look: Look, url: str, them: Iterable[Incident]) -> Json:
    """Return incidents in the order in which they are given."""
    return {"page": _page(look, url), "incidents": [incident(look, each, url) for each in them]}


def maintenances(look: Look, url: str) -> Json:
    """Return none: Faultline plans no maintenance of others."""
    return {"page": _page(look, url), "scheduled_maintenances": []}


def incident(look: Look, each: Incident, url: str) -> Json:
    """Return one incident with its updates, the latest first."""
    stages = {update.stage: update.at for update in each.updates}
    concerned = _concerned(look, each)
    return {
        "id": each.id,
        "name": tale.title(each, look.fleet),
        "status": each.stage,
        "impact": each.impact,
        "created_at": _time(look, each.noticed),
        "started_at": _time(look, each.opened),
        "updated_at": _time(look, each.updates[-1].at),
        "monitoring_at": _time(look, stages.get(Stage.MONITORING)),
        "resolved_at": _time(look, each.resolved),
        "shortlink": f"{url}/incidents/{each.id}",
        "page_id": PAGE_ID,
        "components": [c for c in _components(look) if c["id"] in concerned],
        "incident_updates": [
            _update(look, each, number, update)
            for number, update in reversed(list(enumerate(each.updates)))
        ],
    }


def _update(look: Look, each: Incident, number: int, update: Update) -> Json:
    at = _time(look, update.at)
    return {
        "id": f"{each.id}-{number}",
        "incident_id": each.id,
        "status": update.stage,
        "body": update.text,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": [],
    }


def _concerned(look: Look, each: Incident) -> set[object]:
    routes = {f"route-{r.name}" for r in look.fleet.routes if concerns(each, r)}
    return routes | {f"backend-{name}" for name in each.backends}


def _page(look: Look, url: str) -> Json:
    return {
        "id": PAGE_ID,
        "name": "Faultline",
        "url": url,
        "time_zone": "Etc/UTC",
        "updated_at": _said(look.moment.wall),
    }


def _components(look: Look) -> list[Json]:
    standings = Standings(look.rows)
    routes = [
        _component(look, f"route-{route.name}", route.name, _route(route, standings), ROUTES)
        for route in look.fleet.routes
    ]
    backends = [
        _component(look, f"backend-{name}", name, STATUS[standings.word(name)], BACKENDS)
        for name in look.fleet.backends
    ]
    groups = [
        _group(look, ROUTES, "What apps see, through Faultline", routes),
        _group(look, BACKENDS, "What providers do, by themselves", backends),
    ]
    parts = [groups[0], *routes, groups[1], *backends]
    return [{**part, "position": number} for number, part in enumerate(parts, start=1)]


def _component(look: Look, name: str, title: str, state: str, group: str | None) -> Json:
    since = _said(look.traffic.since)
    return {
        "id": name,
        "name": title,
        "description": None,
        "status": state,
        "created_at": since,
        "updated_at": since,
        "position": 0,
        "page_id": PAGE_ID,
        "group": group is None,
        "group_id": group,
        "showcase": False,
        "start_date": None,
        "only_show_if_degraded": False,
    }


def _group(look: Look, name: str, title: str, parts: list[Json]) -> Json:
    states = [*STATUS.values(), "partial_outage"]
    worst = max((str(part["status"]) for part in parts), key=states.index, default="operational")
    group = _component(look, name, title, worst, None)
    return {**group, "components": [part["id"] for part in parts]}


def _route(route: Route, standings: Standings) -> str:
    if not standings.serves(route):
        return "major_outage"
    words = [standings.target(target) for tier in route.tiers for target in tier]
    return "operational" if all(word in SERVING for word in words) else "degraded_performance"


def _time(look: Look, at: Instant | None) -> str | None:
    return None if at is None else _said(look.moment.epoch(at))


def _said(epoch: float) -> str:
    at = datetime.fromtimestamp(epoch, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
