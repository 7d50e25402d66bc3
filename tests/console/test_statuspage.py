"""Statuspage v2: the words, the forms, and what they say."""

import asyncio
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from proxy.console import statuspage
from proxy.model import Instant
from proxy.policy.standing import Word
from proxy.report.incident import Incident
from tests.console.looking import Scene
from tests.console.statuspage_form import FORMS
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


def listed(said: dict[str, Any], what: str) -> list[dict[str, Any]]:
    found = said[what]
    assert isinstance(found, list)
    return found


def components(scene: Scene, field: str = "status") -> dict[str, str]:
    parts = listed(statuspage.components(scene.look(), URL), "components")
    return {part["id"]: part[field] for part in parts}


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
    parts = listed(statuspage.components(Scene().look(), URL), "components")
    assert [part["position"] for part in parts] == [1, 2, 3, 4, 5]
    assert [part["id"] for part in parts if part["group"]] == ["routes", "backends"]
    for part in parts:
        assert part["status"] in COMPONENT_STATES
        assert TIME.match(part["created_at"])
        assert part["group"] or part["group_id"] in {"routes", "backends"}


def told(scene: Scene, incident: Incident) -> dict[str, Any]:
    (said,) = listed(statuspage.incidents(scene.look(), URL, [incident]), "incidents")
    return said


def test_an_incident_has_its_times_updates_and_components() -> None:
    scene = Scene()
    incident = scene.break_down()
    said = told(scene, incident)
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
    said = told(scene, incident)
    assert said["status"] == "resolved"
    assert TIME.match(str(said["monitoring_at"]))
    assert TIME.match(str(said["resolved_at"]))


def test_no_maintenance_is_planned() -> None:
    assert statuspage.maintenances(Scene().look(), URL)["scheduled_maintenances"] == []


def test_an_update_says_what_it_changed_for_the_backends_concerned() -> None:
    scene = Scene()
    scene.break_down()
    scene.recover()
    (incident,) = scene.ledger.past
    updates = told(scene, incident)["incident_updates"][::-1]
    affected = [update["affected_components"] for update in updates]
    assert all(each["code"] == "backend-openai" for (each,) in affected)
    assert {each["name"] for (each,) in affected} == {"openai"}
    changes = [(each["old_status"], each["new_status"]) for (each,) in affected]
    assert [new for _, new in changes[:-1]] == [old for old, _ in changes[1:]]
    assert changes[0] == ("operational", "partial_outage")
    assert changes[-1] == ("degraded_performance", "operational")
    assert ("partial_outage", "major_outage") in changes


def test_what_is_no_component_any_more_is_not_named() -> None:
    scene = Scene()
    incident = scene.break_down()
    incident.places = [replace(incident.places[0], backend="gone")]
    said = told(scene, incident)
    assert [part["id"] for part in said["components"]] == []
    assert all(update["affected_components"] == [] for update in said["incident_updates"])


def test_a_component_was_updated_when_something_last_happened_to_it() -> None:
    scene = Scene()
    scene.traffic.since -= 60
    before = components(scene, "updated_at")
    assert set(before.values()) == {components(scene, "created_at")["routes"]}
    incident = scene.break_down()
    broken = components(scene, "updated_at")
    for name in ("backend-openai", "backends", "route-chat", "routes"):
        assert broken[name] == told(scene, incident)["updated_at"] > before[name]
    assert broken["backend-azure"] == before["backend-azure"]

    since = Instant(scene.look().moment.now + 10)
    scene.rows = (row("openai"), row("azure", Word.EJECTED, since=since))
    out = components(scene, "updated_at")
    assert out["backend-azure"] == out["backends"] > broken["backends"]


@pytest.mark.parametrize("path", FORMS)
async def test_every_answer_has_the_public_form(path: str) -> None:
    async with Scene().open() as scene:
        scene.break_down("azure")
        scene.recover()
        scene.break_down()
        answer = await scene.get(f"/api/v2/{path}")
        FORMS[path].model_validate_json(answer.text)
        said = json.loads(answer.text)
    ids = [incident["id"] for incident in said.get("incidents", ())]
    unresolved_only = path in {"summary.json", "incidents/unresolved.json"}
    assert ids == (
        [] if "incidents" not in said else ["inc-2"] if unresolved_only else ["inc-2", "inc-1"]
    )


def exported(url: str, folder: Path) -> str:
    """What a client of Statuspage's that no one here wrote makes of the summary, as metrics."""
    (folder / "services.json").write_text(
        json.dumps({"faultline": {"name": "Faultline", "url": f"{url}/api/v2/summary.json"}})
    )
    settings = {
        "RUN_MODE": "once",
        "SERVICES_JSON_PATH": str(folder / "services.json"),
        "METRICS_TEXTFILE_PATH": str(folder / "read.prom"),
    }
    main = "from statuspage_prometheus_exporter.status_monitoring import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", main],
        env=os.environ | settings,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return (folder / "read.prom").read_text()


@pytest.mark.slow
async def test_a_client_that_no_one_here_wrote_reads_it(tmp_path: Path) -> None:
    async with Scene(rows=(row("openai", Word.EJECTED), row("azure"))).open() as scene:
        scene.break_down()
        url = f"http://{scene.console.addresses[0]}"
        families = text_string_to_metric_families(await asyncio.to_thread(exported, url, tmp_path))
    read = {
        sample.labels.get("component_name", sample.name): sample
        for family in families
        for sample in family.samples
        if family.name in {"statuspage_component_status", "statuspage_incident_info"}
    }
    up = {name: sample.value for name, sample in read.items()}
    assert (up["chat"], up["openai"], up["azure"]) == (0.0, 0.0, 1.0)
    incident = read["statuspage_incident_info"].labels
    assert incident["incident_id"] == "inc-1"
    assert incident["incident_name"] == "openai: the network edge cannot reach the provider"
    assert incident["affected_components"] == "chat, openai"
    assert incident["shortlink"] == f"{url}/incidents/inc-1"


async def test_incidents_come_in_the_order_in_which_they_were_made() -> None:
    async with Scene().open() as scene:
        scene.break_down()
        scene.break_down("azure")
        older = scene.ledger.open[0]
        older.noticed = Instant(older.noticed - 60)
        newer = scene.ledger.open.pop()
        scene.ledger.past.append(newer)  # it was over sooner
        said = json.loads((await scene.get("/api/v2/incidents.json")).text)["incidents"]
    assert [each["id"] for each in said] == [newer.id, older.id]
