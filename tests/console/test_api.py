"""The status as plain values."""

import time

import msgspec

from proxy.console import api
from proxy.console.lines import Next
from proxy.console.page import page
from proxy.console.story import story
from proxy.model import Instant
from proxy.policy.standing import Word
from tests.console.looking import Scene
from tests.report.records import BAD_GATEWAY, row


def test_the_status_is_the_pages() -> None:
    until = Instant(time.monotonic() + 9)
    out = row("openai", Word.EJECTED, until=until, verdict=BAD_GATEWAY)
    scene = Scene(rows=(out, row("azure")))
    scene.break_down()
    said = msgspec.json.decode(msgspec.json.encode(api.status(page(scene.look()))))
    assert said["tone"] == "mid"
    assert said["sentence"].startswith("One provider is failing.")
    assert said["whole"] == "80.0 %"
    assert [each["id"] for each in said["incidents"]] == ["inc-1"]
    assert said["backends"][0]["state"] == "out of rotation"
    assert said["backends"][0]["next"] == "probe in 9 s"
    assert said["routes"] == [
        {"name": "chat", "takes": "everything", "serves": True, "tiers": [["openai"], ["azure"]]}
    ]


def test_a_story_begins_at_its_beginning() -> None:
    scene = Scene()
    incident = scene.break_down()
    said = msgspec.json.decode(msgspec.json.encode(api.story(story(scene.look(), incident))))
    assert [each["text"] for each in said["timeline"]] == [u.text for u in incident.updates]
    assert said["failures"] == {"cdn_edge_to_origin": 5}
    assert said["ended"] is None
    assert said["answers"]["unit"] == "minute"
    assert [slot["failed"] for slot in said["answers"]["slots"]] == [1]


def test_what_comes_next_is_one_phrase() -> None:
    assert api.told(Next(what="probe", left="8 s")) == "probe in 8 s"
    assert api.told(Next(what="back now")) == "back now"
    assert api.told(Next()) == ""
