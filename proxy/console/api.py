"""The status as plain values, for the command line and for scripts.

Pure: from what the page says to values that JSON knows.
"""

from datetime import datetime

from proxy.console.lines import Line, Next
from proxy.console.page import Page
from proxy.console.story import Card, Moved, Story

Json = dict[str, object]


def status(page: Page) -> Json:
    """Return the status in the page's own words."""
    return {
        "tone": page.headline.tone,
        "sentence": page.headline.sentence,
        "at": _time(page.at),
        "in_flight": page.in_flight,
        "whole": page.record.apps.share,
        "incidents": [card(each) for each in page.open],
        "backends": [_line(each) for each in page.lines],
        "routes": [
            {
                "name": lane.name,
                "takes": lane.takes,
                "serves": lane.serves,
                "tiers": [[stop.name for stop in tier] for tier in lane.tiers],
            }
            for lane in page.lanes
        ],
    }


def card(each: Card) -> Json:
    """Return an incident in short."""
    return {
        "id": each.id,
        "title": each.title,
        "stage": each.stage.word,
        "impact": each.impact.word,
        "began": _time(each.began),
        "ended": None if each.ended is None else _time(each.ended),
        "lasted": each.lasted,
        "toll": each.toll,
        "forecast": each.forecast,
        "basis": each.basis,
        "next": told(each.next),
        "last": each.last.text,
    }


def story(each: Story) -> Json:
    """Return all that is known of an incident, the first line of its timeline first."""
    return {
        **card(each.card),
        "cause": each.cause,
        "confidence": each.confidence,
        "evidence": each.evidence,
        "extent": each.extent,
        "failures": {cause: number for cause, _, number in each.causes},
        "timeline": [_moved(moved) for moved in reversed(each.updates)],
        "answers": {
            "unit": each.chart.unit,
            "slots": [{"at": at, **slot.tally._asdict()} for at, slot in each.chart.slots],
        },
    }


def told(following: Next) -> str:
    """Say what comes next in one phrase."""
    return f"{following.what} in {following.left}" if following.left else following.what


def _line(line: Line) -> Json:
    return {
        "name": line.name,
        "part": line.part,
        "detail": line.detail,
        "state": line.sign.word,
        "tone": line.sign.tone,
        "ago": line.ago,
        "why": line.why,
        "evidence": line.evidence,
        "next": told(line.next),
        "in_flight": line.in_flight,
    }


def _moved(moved: Moved) -> Json:
    return {"at": _time(moved.at), "stage": moved.sign.word, "text": moved.text}


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
