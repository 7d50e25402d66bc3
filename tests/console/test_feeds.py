"""Feeds: well-formed whatever is in them."""

import time
from calendar import timegm
from xml.etree import ElementTree as ET

import feedparser
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


@pytest.mark.parametrize(
    ("path", "version", "kind"),
    [
        ("/history.atom", "atom10", "application/atom+xml"),
        ("/history.rss", "rss20", "application/rss+xml"),
    ],
)
async def test_a_feed_reader_that_no_one_here_wrote_reads_them(
    path: str, version: str, kind: str
) -> None:
    async with Scene().open() as scene:
        scene.break_down("azure")
        scene.recover()
        incident = scene.break_down()
        incident.places = [Place(Scope.MODEL, "openai", "<b>&\x00\x1b[31m</b>")]
        answer = await scene.get(path)
        home = f"http://{scene.console.addresses[0]}"
    assert answer.headers["content-type"].startswith(kind)
    feed = feedparser.parse(answer.body, response_headers=dict(answer.headers))
    assert (feed.bozo, feed.version) == (False, version)
    assert feed.feed.title == "Faultline incidents"
    assert feed.feed.link == f"{home}/"
    latest, past = feed.entries
    assert [each.link for each in feed.entries] == [f"{home}/incidents/inc-{n}" for n in (2, 1)]
    assert [each.id for each in feed.entries] == [each.link for each in feed.entries]
    assert latest.title.startswith("Identified: <b>&[31m</b> at openai: ")
    assert past.title == "Resolved: azure: the network edge cannot reach the provider"
    for each in feed.entries:
        assert abs(timegm(each.published_parsed) - time.time()) < 60
    text = past.content[0].value if version == "atom10" else past.summary
    assert "First failure, azure: the network edge cannot reach the provider" in text
