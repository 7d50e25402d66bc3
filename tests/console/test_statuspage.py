"""Statuspage v2: the words, the forms, and what they say."""

import re

import pytest

from proxy.console import statuspage
from proxy.policy.standing import Word
from tests.console.looking import Scene
from tests.report.records import row

URL = "http://localhost:8081"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
COMPONENT_STATES = {
    "operational",
    "degraded_performance",
    "partial_outage",
    "major_outage",
    "under_maintenance",
}


def components(scene: Scene) -> dict[str, str]:
    listed = statuspage.components(scene.look(), URL)["components"]
    assert isinstance(listed, list)
    return {part["id"]: part["status"] for part in listed}


def test_at_peace_all_is_operational() -> None:
    said = statuspage.summary(Scene().look(), URL)
    assert said["status"] == {
        "indicator": "none",
        "description": "All is well. No request has come in the last 15 minutes.",
    }
    assert said["incidents"] == []
    assert said["scheduled_maintenances"] == []
    assert set(components(Scene()).values()) == {"operational"}


@pytest.mark.parametrize(
    ("state", "backend", "route"),
    [
        (Word.EJECTED, "major_outage", "degraded_performance"),
        (Word.COOLING, "degraded_performance", "degraded_performance"),
        (Word.SLOW_START, "degraded_performance", "operational"),
    ],
)
def test_components_tell_backends_from_what_apps_see(state: Word, backend: str, route: str) -> None:
    found = components(Scene(rows=(row("openai", state), row("azure"))))
    assert found["backend-openai"] == backend
    assert found["backends"] == backend
    assert found["backend-azure"] == "operational"
    assert found["route-chat"] == route


def test_a_route_that_is_not_served_is_an_outage() -> None:
    scene = Scene(rows=(row("openai", Word.EJECTED), row("azure", Word.EJECTED)))
    assert components(scene)["route-chat"] == "major_outage"
    assert statuspage.status(scene.look(), URL)["status"] == {
        "indicator": "critical",
        "description": "Nothing serves chat: every backend there is out. "
        "No request has come in the last 15 minutes.",
    }


def test_components_have_all_fields_and_an_order() -> None:
    listed = statuspage.components(Scene().look(), URL)["components"]
    assert isinstance(listed, list)
    assert [part["position"] for part in listed] == [1, 2, 3, 4, 5]
    assert [part["id"] for part in listed if part["group"]] == ["routes", "backends"]
    for part in listed:
        assert part["status"] in COMPONENT_STATES
        assert TIME.match(part["created_at"])
        assert part["group"] or part["group_id"] in {"routes", "backends"}


def test_an_incident_has_its_times_updates_and_components() -> None:
    scene = Scene()
    incident = scene.break_down()
    said = statuspage.incident(scene.look(), incident, URL)
    assert (said["status"], said["impact"]) == ("identified", "minor")
    assert said["shortlink"] == f"{URL}/incidents/inc-1"
    assert (said["monitoring_at"], said["resolved_at"]) == (None, None)
    assert TIME.match(str(said["started_at"]))
    updates = said["incident_updates"]
    assert isinstance(updates, list)
    assert [update["body"] for update in updates] == [u.text for u in incident.updates[::-1]]
    assert len({update["id"] for update in updates}) == len(updates)
    named = said["components"]
    assert isinstance(named, list)
    assert [part["id"] for part in named] == ["route-chat", "backend-openai"]


def test_a_resolved_incident_says_when() -> None:
    scene = Scene()
    scene.break_down()
    scene.recover()
    (incident,) = scene.ledger.past
    said = statuspage.incident(scene.look(), incident, URL)
    assert said["status"] == "resolved"
    assert TIME.match(str(said["monitoring_at"]))
    assert TIME.match(str(said["resolved_at"]))
    assert (
        statuspage.incidents(scene.look(), URL, [incident])["incidents"]
        == [statuspage.incident(scene.look(), incident, URL)]
        or said["id"] == "inc-1"
    )


def test_no_maintenance_is_planned() -> None:
    assert statuspage.maintenances(Scene().look(), URL)["scheduled_maintenances"] == []
