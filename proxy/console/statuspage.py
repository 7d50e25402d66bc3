"""The state in the form of Statuspage v2, so that clients which know it can read Faultline.

Pure: from a look at the sources to plain values (https://www.atlassian.com/software/statuspage/api).
Routes are what the apps see, backends what providers do: two groups of components.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from proxy.console.headline import headline
from proxy.console.sources import Look
from proxy.console.standings import SERVING, Standings
from proxy.model import Instant, Route
from proxy.policy.standing import Word
from proxy.report import tale
from proxy.report.incident import Incident, Stage
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


RECENT = 50
"""Incidents that are looked through for when something last happened to a component."""

STAGES = {
    Stage.INVESTIGATING: "partial_outage",
    Stage.IDENTIFIED: "major_outage",
    Stage.MONITORING: "degraded_performance",
    Stage.RESOLVED: "operational",
}
"""What an update says of the backends concerned: no more is remembered of what is past."""


def summary(look: Look, url: str) -> Json:
    """Return everything at one moment."""
    parts = _components(look)
    return {
        **status(look, url),
        "components": parts,
        "incidents": [incident(look, each, url, parts) for each in reversed(look.ledger.open)],
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
    parts = _components(look)
    return {
        "page": _page(look, url),
        "incidents": [incident(look, each, url, parts) for each in them],
    }


def maintenances(look: Look, url: str) -> Json:
    """Return none: Faultline plans no maintenance of others."""
    return {"page": _page(look, url), "scheduled_maintenances": []}


def incident(look: Look, each: Incident, url: str, parts: Sequence[Json]) -> Json:
    """Return one incident with its updates, the latest first; `parts` are all components."""
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
        "reminder_intervals": None,
        "components": [part for part in parts if part["id"] in concerned],
        "incident_updates": _updates(look, each)[::-1],
    }


def _updates(look: Look, each: Incident) -> list[Json]:
    """Return the timeline, each line with what it changed for the backends concerned."""
    before = "operational"
    made: list[Json] = []
    for number, update in enumerate(each.updates):
        at, after = _time(look, update.at), STAGES[update.stage]
        affected = [
            {
                "code": _backend(name),
                "name": name,
                "old_status": before,
                "new_status": after,
            }
            for name in each.backends
            if name in look.fleet.backends
        ]
        made.append(
            {
                "id": f"{each.id}-{number}",
                "incident_id": each.id,
                "status": update.stage,
                "body": update.text,
                "created_at": at,
                "updated_at": at,
                "display_at": at,
                "affected_components": affected,
                "deliver_notifications": False,
                "custom_tweet": None,
                "tweet_id": None,
            }
        )
        before = after
    return made


def _concerned(look: Look, each: Incident) -> set[object]:
    routes = {_route(r.name) for r in look.fleet.routes if concerns(each, r)}
    return routes | {_backend(name) for name in each.backends}


def _page(look: Look, url: str) -> Json:
    return {
        "id": PAGE_ID,
        "name": "Faultline",
        "url": url,
        "time_zone": "Etc/UTC",
        "updated_at": _said(look.moment.wall),
    }


def _components(look: Look) -> list[Json]:
    standings, changed = Standings(look.rows), _changed(look)
    routes = [
        _component(look, _route(route.name), route.name, _served(route, standings), changed)
        for route in look.fleet.routes
    ]
    backends = [
        _component(look, _backend(name), name, STATUS[standings.word(name)], changed)
        for name in look.fleet.backends
    ]
    parts = [
        *_group(ROUTES, "What apps see, through Faultline", routes),
        *_group(BACKENDS, "What providers do, by themselves", backends),
    ]
    return [{**part, "position": number} for number, part in enumerate(parts, start=1)]


def _changed(look: Look) -> dict[object, float]:
    """Return when something last happened to each component that anything happened to."""
    changed: dict[object, float] = {}
    told = [(_concerned(look, each), each.updates[-1].at) for each in look.ledger.latest()[:RECENT]]
    told += [({_backend(row.backend)}, row.since) for row in look.rows if row.since is not None]
    for concerned, at in told:
        for part in concerned:
            changed[part] = max(changed.get(part, 0.0), look.moment.epoch(at))
    return changed


def _component(
    look: Look, name: str, title: str, state: str, changed: Mapping[object, float]
) -> Json:
    return {
        "id": name,
        "name": title,
        "description": None,
        "status": state,
        "created_at": _said(look.traffic.since),
        "updated_at": _said(max(look.traffic.since, changed.get(name, 0.0))),
        "position": 0,
        "page_id": PAGE_ID,
        "group": False,
        "group_id": None,
        "showcase": False,
        "start_date": None,
        "only_show_if_degraded": False,
    }


def _group(name: str, title: str, parts: Sequence[Json]) -> list[Json]:
    """Return a group and its parts; it is as bad as the worst of them, and as new as the newest."""
    states = list(dict.fromkeys(STATUS.values()))
    group: Json = {
        **max(parts, key=lambda part: states.index(str(part["status"]))),
        "id": name,
        "name": title,
        "updated_at": max(str(part["updated_at"]) for part in parts),
        "group": True,
        "components": [part["id"] for part in parts],
    }
    return [group, *({**part, "group_id": name} for part in parts)]


def _route(name: str) -> str:
    return f"route-{name}"


def _backend(name: str) -> str:
    return f"backend-{name}"


def _served(route: Route, standings: Standings) -> str:
    if not standings.serves(route):
        return "major_outage"
    words = [standings.target(target) for tier in route.tiers for target in tier]
    return "operational" if all(word in SERVING for word in words) else "degraded_performance"


def _time(look: Look, at: Instant | None) -> str | None:
    return None if at is None else _said(look.moment.epoch(at))


def _said(epoch: float) -> str:
    at = datetime.fromtimestamp(epoch, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
