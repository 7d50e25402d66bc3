"""Statuspage's summary, and what is strange in the real ones."""

from typing import Any

import pytest

from proxy.report.feeds.read import read
from proxy.report.feeds.said import Says
from proxy.report.feeds.statuspage import COMPONENT, IMPACT
from tests.report.feeds.samples import NOW, component, incident, summary

API = component("Claude API (api.anthropic.com)")
CHAT = component("claude.ai")


def says(body: bytes, wanted: str = "Claude API") -> tuple[Says, str]:
    reading = read(body, wanted, NOW)
    return reading.says, reading.detail


@pytest.mark.parametrize("wanted", ["", "Claude API", "k8w3"])
def test_all_is_well(wanted: str) -> None:
    assert says(summary(), wanted) == (Says.OPERATIONAL, "")


@pytest.mark.parametrize(("status", "grade"), COMPONENT.items())
def test_the_component_is_graded(status: str, grade: Says) -> None:
    parts = [component("claude.ai", "major_outage"), API | {"status": status}]
    assert says(summary(components=parts)) == (grade, "")


@pytest.mark.parametrize(("indicator", "grade"), IMPACT.items())
def test_without_a_component_the_page_is_graded(indicator: str, grade: Says) -> None:
    assert says(summary(status={"indicator": indicator, "description": "?"}), "") == (grade, "")


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (incident("Errors", "major", API), (Says.PARTIAL, "Errors")),
        (incident("Errors", "critical"), (Says.MAJOR, "Errors")),
        (incident("Errors", None, API), (Says.DEGRADED, "Errors")),
        (incident("Logins", "critical", CHAT), (Says.OPERATIONAL, "")),
        (incident("Errors", "critical", API, status="resolved"), (Says.OPERATIONAL, "")),
        (incident("Errors", "critical", API, components=None), (Says.MAJOR, "Errors")),
    ],
    ids=["open", "names no component", "no impact", "another component", "over", "null"],
)
def test_an_open_incident_beats_green_components(more: Any, found: tuple[Says, str]) -> None:
    assert says(summary(incidents=[more])) == found


def test_a_maintenance_is_one_while_it_lasts() -> None:
    planned = incident("Move", "major", API, status="scheduled")
    now = incident("Move", "major", API, status="in_progress")
    assert says(summary(scheduled_maintenances=[planned]))[0] is Says.OPERATIONAL
    assert says(summary(scheduled_maintenances=[now])) == (Says.MAINTENANCE, "Move")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "it is no summary of a status page"),
        (b'{"summary": {"ongoing_incidents": []}}', "it is no summary of a status page"),
        (summary(components=[]), "it names no Claude API"),
        (summary(components=[CHAT]), "it names no Claude API"),
        (summary(components=[API | {"status": "purple"}]), "it names no state that is known"),
        (summary(components="none"), "it has another form than it used to"),
        (summary(status=7), "it has another form than it used to"),
        (summary()[:-40], "it has another form than it used to"),
    ],
)
def test_what_cannot_be_told_is_unknown(body: bytes, why: str) -> None:
    assert says(body) == (Says.UNKNOWN, why)


def test_an_incident_is_told_even_where_the_state_is_unknown() -> None:
    strange = summary(components=[API | {"status": "purple"}], incidents=[incident("E", "minor")])
    assert says(strange) == (Says.DEGRADED, "E")


def test_a_page_without_an_indicator_is_graded_by_its_components() -> None:
    assert says(summary(status=None), "") == (Says.OPERATIONAL, "")
