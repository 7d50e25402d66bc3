"""The demo tells its story to the end, and the app notices nothing."""

import socket
import subprocess
import sys
from pathlib import Path

from proxy.cli.demo import REST, TABLE, free
from proxy.report.incidents import LONG
from proxy.settings.load import loads
from proxy.sim.story import LENGTH, OUTAGE


def test_the_story_is_told_once() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "proxy", "demo", "--once"],
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    story = ended.stdout
    turns = [
        "all is well",
        "502",
        "north failed, cdn_edge_to_origin",
        "south answered instead",
        "north is out of rotation",
        "identified: Cause, with high confidence: the network edge cannot reach the provider",
        "it is back",
        "north is back in rotation",
        "monitoring: north is well again",
        "resolved: Over after ",
        "What the app noticed: nothing.",
    ]
    at = 0
    for turn in turns:  # a port's number may have one of them before its time
        at = story.index(turn, at)


def test_the_next_story_is_another_incident() -> None:
    text = TABLE.format(listen=0, console=0, north="http://127.0.0.1:1", south="http://127.0.0.1:2")
    fleet = loads(text, name="demo.yaml", env={}, base=Path()).fleet
    assert fleet.incidents_hold < LENGTH - OUTAGE[-1].at
    assert LONG * fleet.incidents_hold <= REST


def test_a_taken_port_is_not_insisted_on() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert free(port) == 0
    assert free(port) == port
