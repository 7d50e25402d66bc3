"""RSS and Atom: headlines of what is going on, or of what was.

Neither says how well anybody is, so it is read off: an entry of the last day whose latest word is
not that it is over. Pure, but for the time that it is handed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

from proxy.report.feeds.said import Reading, Says, clip, means, unknown, worst

FRESH = 86400.0
"""Seconds after which an entry that nobody touched is history, said to be over or not."""

MOST_ENTRIES = 200
"""Entries that are looked at; the latest stand first."""

_OVER = re.compile(
    r"(?i)\b(?:resolved|mitigated|operating normally|completed|postmortem|recovered)\b"
)
_OPEN = re.compile(r"(?i)\b(?:investigating|identified|monitoring|in progress|update)\b")
_GRAVE = re.compile(r"(?i)\b(?:major|full|complete) outage|\bdown\b|service disruption")
_MAINTENANCE = re.compile(r"(?i)maintenance")
_TAGS = re.compile(r"<[^>]{0,1000}>")

TITLES, DATES = ("title",), ("pubDate", "updated", "published", "date")
BODIES = ("description", "summary", "content", "encoded")


@dataclass(frozen=True, slots=True)
class Entry:
    """One headline."""

    title: str
    body: str
    at: float | None


def read(text: bytes, component: str, now: float) -> Reading:
    """Return what the entries say of a component; `now` is seconds since the epoch."""
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        return unknown("it declares entities, which no feed needs")
    try:
        root = ET.fromstring(text)  # noqa: S314 - neither DOCTYPE nor entities: see above
    except (ET.ParseError, ValueError, LookupError):
        return unknown("it is no feed that can be read")
    if _name(root) not in {"rss", "RDF", "feed"}:
        return unknown("it is neither RSS nor Atom")
    open_ones = [
        _reading(entry)
        for entry in _entries(root)
        if entry.at is not None
        and now - entry.at < FRESH
        and means(component, entry.title, entry.body)
        and not _is_over(entry)
    ]
    return worst([*open_ones, Reading(says=Says.OPERATIONAL)])


def _entries(root: ET.Element) -> Iterator[Entry]:
    found = (node for node in root.iter() if _name(node) in {"item", "entry"})
    for node, _ in zip(found, range(MOST_ENTRIES), strict=False):
        yield Entry(_text(node, TITLES), _text(node, BODIES), _time(_text(node, DATES)))


def _name(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


def _text(node: ET.Element, names: tuple[str, ...]) -> str:
    for name in names:
        for child in node:
            if _name(child) == name:
                return _TAGS.sub(" ", "".join(child.itertext()))
    return ""


def _time(text: str) -> float | None:
    """Read a date of RSS or Atom; without a zone it is UTC."""
    text = text.strip()
    for form in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            at = form(text)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def _is_over(entry: Entry) -> bool:
    """Whether the latest word is that it is over: feeds show the last update first."""
    if _OVER.search(entry.title):
        return True
    over, still = _OVER.search(entry.body), _OPEN.search(entry.body)
    return over is not None and (still is None or over.start() < still.start())


def _reading(entry: Entry) -> Reading:
    says = Says.DEGRADED
    if _GRAVE.search(entry.title):
        says = Says.MAJOR
    elif _MAINTENANCE.search(entry.title):
        says = Says.MAINTENANCE
    return Reading(says=says, detail=clip(entry.title))
