"""Feeds: well-formed whatever is in them."""

from xml.etree import ElementTree as ET

import pytest

from proxy.console.feeds import MOST, atom, rss, xml
from proxy.model import Scope
from proxy.report.incident import Place
from tests.console.looking import Scene

URL = "http://localhost:8081"
NAMES = {"a": "http://www.w3.org/2005/Atom"}


def test_atom_has_an_entry_for_each_incident() -> None:
    scene = Scene()
    incident = scene.break_down()
    feed = ET.fromstring(atom(scene.look(), URL).encode())
    (entry,) = feed.findall("a:entry", NAMES)
    assert entry.findtext("a:id", "", NAMES) == f"{URL}/incidents/{incident.id}"
    assert entry.findtext("a:title", "", NAMES).startswith("Identified: openai: the network edge")
    assert entry.findtext("a:content", "", NAMES).count("\n") == len(incident.updates) - 1
    assert feed.findtext("a:updated", "", NAMES) == entry.findtext("a:updated", "", NAMES)


def test_rss_too() -> None:
    scene = Scene()
    scene.break_down()
    channel = ET.fromstring(rss(scene.look(), URL).encode()).find("channel")
    assert channel is not None
    (item,) = channel.findall("item")
    assert item.findtext("guid") == f"{URL}/incidents/inc-1"
    assert "GMT" in item.findtext("pubDate", "") or "+0000" in item.findtext("pubDate", "")


def test_without_incidents_they_are_empty_and_valid() -> None:
    for feed in (atom, rss):
        assert ET.fromstring(feed(Scene().look(), URL).encode()) is not None


def test_they_have_an_end() -> None:
    scene = Scene()
    incident = scene.break_down()
    scene.ledger.past.extend([incident] * 2 * MOST)
    assert atom(scene.look(), URL).count("<entry>") == MOST


@pytest.mark.parametrize("text", ["<script>", "]]>&\"'", "a\x00b\x1b\ufffe", "x" * 5000, "\ud800"])
def test_hostile_text_is_but_text(text: str) -> None:
    scene = Scene()
    incident = scene.break_down()
    incident.places = [Place(Scope.MODEL, "openai", text)]
    for feed in (atom, rss):
        ET.fromstring(feed(scene.look(), URL).encode())
    assert "<" not in xml(text)
