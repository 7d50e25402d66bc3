"""Google's incidents: only open ones that name the product count."""

import pytest

from proxy.report.feeds.google import STATUS
from proxy.report.feeds.read import read
from proxy.report.feeds.said import Says
from tests.report.feeds.samples import GOING_ON, NOW, google


def says(body: bytes, product: str = "Gemini") -> tuple[Says, str]:
    reading = read(body, product, NOW)
    return reading.says, reading.detail


def test_old_incidents_are_over() -> None:
    assert says(google()) == (Says.OPERATIONAL, "")


def test_an_open_one_is_told_by_its_latest_word() -> None:
    assert says(google(GOING_ON)) == (Says.PARTIAL, "Elevated errors of the Gemini API")
    assert says(google(GOING_ON | {"end": ""}))[0] is Says.PARTIAL
    silent = GOING_ON | {"most_recent_update": None}
    assert says(google(silent))[0] is Says.MAJOR


@pytest.mark.parametrize(("status", "grade"), STATUS.items())
def test_it_is_graded(status: str, grade: Says) -> None:
    assert says(google(GOING_ON | {"most_recent_update": {"status": status}}))[0] is grade


def test_other_products_are_no_concern() -> None:
    other = GOING_ON | {"affected_products": [{"title": "BigQuery"}]}
    assert says(google(other)) == (Says.OPERATIONAL, "")
    assert says(google(other), "")[0] is Says.PARTIAL
    assert says(google(other | {"service_name": "Gemini for Workspace"}))[0] is Says.PARTIAL


@pytest.mark.parametrize("body", [b"[]", b'[{"id": 1}]', b"[1]", b'["x"', b'[{"begin": 5}]'])
def test_what_cannot_be_told_is_unknown(body: bytes) -> None:
    assert says(body)[0] is Says.UNKNOWN
