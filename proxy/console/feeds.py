"""The incidents as feeds: Atom (RFC 4287) and RSS 2.0.

Pure: from a look at the sources to XML. Text from outside is escaped, and what XML 1.0 forbids is
left out.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from proxy.console.sources import Look
from proxy.report import tale
from proxy.report.incident import Incident

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters outside of XML 1.0, section 2.2."""

MOST = 50
"""Incidents of a feed."""


def atom(look: Look, url: str) -> str:
    """Return the latest incidents as Atom; an entry is new with each of its updates."""
    them = look.ledger.latest()[:MOST]
    stamps = [look.moment.at(each.updates[-1].at) for each in them]
    newest = max(stamps, default=datetime.fromtimestamp(look.traffic.since, UTC))
    entries = "".join(
        f"<entry><id>{xml(_link(url, each))}</id><title>{xml(_title(look, each))}</title>"
        f'<link href="{xml(_link(url, each))}"/><updated>{at.isoformat()}</updated>'
        f"<published>{look.moment.at(each.opened).isoformat()}</published>"
        f'<content type="text">{xml(_text(look, each))}</content></entry>'
        for each, at in zip(them, stamps, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>{xml(url)}/</id><title>Faultline incidents</title>"
        f'<link href="{xml(url)}/"/><link rel="self" href="{xml(url)}/history.atom"/>'
        f"<updated>{newest.isoformat()}</updated><author><name>Faultline</name></author>"
        f"{entries}</feed>\n"
    )


def rss(look: Look, url: str) -> str:
    """Return the latest incidents as RSS."""
    items = "".join(
        f"<item><title>{xml(_title(look, each))}</title><link>{xml(_link(url, each))}</link>"
        f"<guid>{xml(_link(url, each))}</guid>"
        f"<pubDate>{format_datetime(look.moment.at(each.opened))}</pubDate>"
        f"<description>{xml(_text(look, each))}</description></item>"
        for each in look.ledger.latest()[:MOST]
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>'
        f"<title>Faultline incidents</title><link>{xml(url)}/</link>"
        f"<description>What failed, and what apps felt of it</description>{items}"
        "</channel></rss>\n"
    )


def xml(text: str) -> str:
    """Return text that is sure to be but text."""
    return escape(FORBIDDEN.sub("", text), {'"': "&quot;"})


def _title(look: Look, incident: Incident) -> str:
    return f"{incident.stage.capitalize()}: {tale.title(incident, look.fleet)}"


def _link(url: str, incident: Incident) -> str:
    return f"{url}/incidents/{incident.id}"


def _text(look: Look, incident: Incident) -> str:
    lines: Sequence[str] = [
        f"{look.moment.at(update.at):%Y-%m-%d %H:%M:%S} UTC, {update.stage}: {update.text}"
        for update in reversed(incident.updates)
    ]
    return "\n".join(lines)
