"""What is asked of the estimate for an incident, and how its answer is said."""

from dataclasses import replace
from typing import Any

import pytest

from proxy.model import Cause, Instant, Seconds, Verdict
from proxy.policy.standing import Row, Word
from proxy.report.estimate import Estimate, Seen, Unknown, remaining
from proxy.report.incident import Incident
from proxy.report.outages import published
from proxy.report.outlook import Outlook, forecast
from tests.report.records import fleet, row
from tests.report.troubled import incident, resolved

HISTORY = published()


def over(at: float, **changes: Any) -> Incident:
    """One that has been well since then, and was closed later."""
    return resolved(at + 60.0, quiet_since=Instant(at), **changes)


TABLE = fleet("openai", "azure")


def outlook(*past: Incident, rows: tuple[Row, ...] = (), now: float = 1000.0) -> Outlook:
    return Outlook(
        history=HISTORY,
        past=lambda: past,
        fleet=lambda: TABLE,
        view=lambda: rows,
        now=lambda: Instant(now),
    )


def asked(*spans: float, age: float = 300.0, told: float = 0.0) -> Estimate | Unknown:
    seen = Seen(spans=tuple(map(Seconds, spans)))
    cause = Cause.CDN_EDGE_TO_ORIGIN
    return remaining(HISTORY, "openai", Seconds(age), cause, seen, Seconds(told))


def test_it_asks_by_provider_cause_and_age() -> None:
    assert outlook()(incident()) == asked()
    assert outlook(now=4300.0)(incident()) == asked(age=3600.0)


@pytest.mark.parametrize("over", [resolved(), incident(quiet_since=Instant(990.0))])
def test_what_is_over_or_seems_so_needs_no_estimate(over: Incident) -> None:
    assert outlook()(over) is None


def test_what_was_seen_before_counts_where_it_is_the_same() -> None:
    same = [over(760.0), over(790.0), over(730.0), over(820.0), over(750.0)]
    same.append(resolved(740.0))  # nobody knows when it ended: it was given up
    other_cause = over(900.0, causes=incident().causes.__class__({Cause.TIMEOUT: 9}))
    other_backend = over(900.0, places=[replace(incident().places[0], backend="azure")])
    found = outlook(*same, other_cause, other_backend)(incident())
    assert found == asked(60.0, 90.0, 30.0, 120.0, 50.0)


def test_what_the_provider_told_counts_from_when_it_told() -> None:
    told = Verdict(cause=Cause.CDN_EDGE_TO_ORIGIN, cooldown=Seconds(120.0))
    rows = (
        row("openai", Word.COOLING, since=Instant(970.0), verdict=told),
        row("azure", Word.COOLING, since=Instant(999.0), verdict=told),
        row(
            "openai",
            since=Instant(999.0),
            verdict=Verdict(cause=Cause.TIMEOUT, cooldown=Seconds(900)),
        ),
    )
    assert outlook(rows=rows)(incident()) == asked(told=90.0)


def test_a_time_that_has_passed_says_nothing() -> None:
    told = Verdict(cause=Cause.CDN_EDGE_TO_ORIGIN, cooldown=Seconds(10.0))
    rows = (row("openai", since=Instant(900.0), verdict=told),)
    assert outlook(rows=rows)(incident()) == asked()


def test_a_backend_that_is_gone_has_no_provider() -> None:
    gone = incident(places=[replace(incident().places[0], backend="gone")])
    assert outlook()(gone) is not None


def test_it_is_said_as_a_range() -> None:
    said = Estimate(
        low=Seconds(180), median=Seconds(600), high=Seconds(1200), confidence=0.8, basis="x"
    )
    assert forecast(said) == "likely over in 3 min to 20 min (80 % confidence)"
    assert forecast(Unknown(basis="x")) == "its end cannot be told yet"


def test_drills_tell_nothing_about_outages() -> None:
    same = [over(760.0), over(790.0), over(730.0), over(820.0), over(750.0)]
    played = over(995.0, evidence="drill (cdn_502): status 502")
    assert outlook(*same, played)(incident()) == asked(60.0, 90.0, 30.0, 120.0, 50.0)


def test_a_drill_ends_by_itself_and_a_probe_finds_out() -> None:
    asked = replace(outlook(), drilled=lambda: {"openai": Instant(1030.0)})
    found = asked(incident())
    assert isinstance(found, Estimate)
    assert (found.low, found.high) == (30.0, 45.0)
    assert forecast(found) == "likely over in 30 s to 45 s (80 % confidence)"
    assert "drill" in found.basis
    elsewhere = replace(outlook(), drilled=lambda: {"azure": Instant(1030.0)})
    assert elsewhere(incident()) == outlook()(incident())
