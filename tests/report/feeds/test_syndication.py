"""RSS and Atom: what is open, what is over, what is history, and what is an attack."""

import pytest

from proxy.report.feeds.read import read
from proxy.report.feeds.said import Says
from tests.report.feeds.samples import NOW, atom, rss

TODAY, LAST_WEEK = "Mon, 07 Sep 2026 11:30:00 +0000", "Mon, 31 Aug 2026 11:30:00 GMT"


def says(body: bytes, wanted: str = "") -> tuple[Says, str]:
    reading = read(body, wanted, NOW)
    return reading.says, reading.detail


@pytest.mark.parametrize(
    ("item", "grade"),
    [
        (("Increased API Error Rates", TODAY, "We are investigating errors."), Says.DEGRADED),
        (("Increased API Error Rates", TODAY, ""), Says.DEGRADED),
        (("Full outage of the API", TODAY, "We are on it."), Says.MAJOR),
        (("Planned maintenance", TODAY, "In progress."), Says.MAINTENANCE),
        (("Increased API Error Rates", LAST_WEEK, "We are investigating."), Says.OPERATIONAL),
        (("Increased API Error Rates", "soon", "We are investigating."), Says.OPERATIONAL),
        (
            ("Service is operating normally: [RESOLVED] Errors", TODAY, "Between 9 and 11 PDT."),
            Says.OPERATIONAL,
        ),
        (("Monitoring is late", TODAY, "<b>Resolved</b> - Over.<b>Update</b>"), Says.OPERATIONAL),
        (
            ("Errors", TODAY, "<strong>Monitoring</strong> - once resolved, we will say so"),
            Says.DEGRADED,
        ),
    ],
)
def test_an_entry_is_read(item: tuple[str, str, str], grade: Says) -> None:
    found = says(rss(item))
    assert found == (grade, "" if grade is Says.OPERATIONAL else item[0])


def test_nothing_at_all_is_good_news() -> None:
    assert says(rss()) == (Says.OPERATIONAL, "")


def test_only_what_names_the_component_counts() -> None:
    items = rss(("Storage is down", TODAY, "x"), ("Errors", TODAY, "in Azure OpenAI, West Europe"))
    assert says(items, "Azure OpenAI") == (Says.DEGRADED, "Errors")
    assert says(items) == (Says.MAJOR, "Storage is down")


@pytest.mark.parametrize(
    ("updated", "content", "grade"),
    [
        ("2026-09-07T11:30:00Z", "&lt;strong&gt;Identified&lt;/strong&gt; - Found.", Says.DEGRADED),
        ("2026-09-07T11:30:00+00:00", "<p>Resolved - Over.</p>", Says.OPERATIONAL),
        ("2026-08-07T11:30:00Z", "Identified - Found.", Says.OPERATIONAL),
        ("2026-09-07T11:30:00", "Identified - Found.", Says.DEGRADED),
    ],
)
def test_atom_is_read_by_the_time_of_its_last_change(
    updated: str, content: str, grade: Says
) -> None:
    assert says(atom("Errors", updated, content))[0] is grade


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss>&b;</rss>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        b"<html><body>Just a moment...</body></html>",
        b"<rss><channel>",
        b"<rss>\x00</rss>",
        b'<?xml version="1.0" encoding="nonsense"?><rss/>',
    ],
)
def test_what_is_no_feed_is_unknown(body: bytes) -> None:
    assert says(body)[0] is Says.UNKNOWN
