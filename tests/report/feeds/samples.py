"""Feeds in the forms that providers serve, shortened; the clock of all of them."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 9, 7, 12, 30, tzinfo=UTC).timestamp()


def component(name: str, status: str = "operational", id_: str = "x") -> dict[str, Any]:
    return {
        "id": id_,
        "name": name,
        "status": status,
        "created_at": "2023-07-11T17:59:02.083Z",
        "updated_at": "2026-09-07T12:00:00.000Z",
        "position": 1,
        "description": None,
        "showcase": False,
        "start_date": None,
        "group_id": None,
        "page_id": "tymt9n04zgry",
        "group": False,
        "only_show_if_degraded": False,
    }


def incident(name: str, impact: str | None, *components: dict[str, Any], **more: Any) -> Any:
    return {
        "id": "3n7s2v1c5q8w",
        "name": name,
        "status": "investigating",
        "impact": impact,
        "created_at": "2026-09-07T12:10:00.000Z",
        "resolved_at": None,
        "incident_updates": [{"status": "investigating", "body": "We are looking into it."}],
        "components": list(components),
        **more,
    }


_CLEAR: dict[str, Any] = {
    "page": {
        "id": "tymt9n04zgry",
        "name": "Claude",
        "url": "https://status.claude.com",
        "time_zone": "Etc/UTC",
        "updated_at": "2026-09-07T12:29:00.000Z",
    },
    "components": [component("claude.ai"), component("Claude API (api.anthropic.com)", id_="k8w3")],
    "incidents": [],
    "scheduled_maintenances": [],
    "status": {"indicator": "none", "description": "All Systems Operational"},
}


def summary(**changes: Any) -> bytes:
    return json.dumps(deepcopy(_CLEAR) | changes).encode()


_OVER: dict[str, Any] = {
    "id": "past",
    "begin": "2026-09-01T14:44:00+00:00",
    "end": "2026-09-01T18:52:00+00:00",
    "external_desc": "Packet loss in us-central1-b",
    "severity": "medium",
    "status_impact": "SERVICE_DISRUPTION",
    "service_name": "Multiple Products",
    "uri": "incidents/past",
    "most_recent_update": {"status": "AVAILABLE", "text": "Over.", "when": "2026-09-01T18:52:00Z"},
    "affected_products": [{"title": "Vertex Gemini API", "id": "Z0FZJAMvEB4j3NbCJs6B"}],
}

GOING_ON: dict[str, Any] = _OVER | {
    "id": "live",
    "end": None,
    "external_desc": "Elevated errors of the\nGemini API",
    "status_impact": "SERVICE_OUTAGE",
    "most_recent_update": {"status": "SERVICE_DISRUPTION", "text": "Better than it was."},
}


def google(*incidents: dict[str, Any]) -> bytes:
    return json.dumps([*incidents, _OVER]).encode()


def rss(*items: tuple[str, str, str]) -> bytes:
    """A feed of titles, dates and descriptions."""
    made = "".join(
        f"<item><title><![CDATA[{title}]]></title><link>http://status.example/</link>"
        f'<pubDate>{date}</pubDate><guid isPermaLink="false">x</guid>'
        f"<description><![CDATA[{text}]]></description></item>"
        for title, date, text in items
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        "<title><![CDATA[Service Status]]></title><lastBuildDate>Mon, 07 Sep 2026 00:05:51 PDT"
        f"</lastBuildDate><ttl>5</ttl>{made}</channel></rss>"
    ).encode()


def atom(title: str, updated: str, content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        "<title>Status - Incident History</title><entry><id>tag:x</id>"
        f"<published>2026-09-01T00:00:00Z</published><updated>{updated}</updated>"
        f'<title>{title}</title><content type="html">{content}</content></entry></feed>'
    ).encode()
