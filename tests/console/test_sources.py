"""Each source is asked when someone looks, and not before."""

from tests.console.looking import Scene
from tests.report.records import fleet, row


def test_a_look_is_what_the_sources_say_now() -> None:
    scene = Scene()
    before = scene.look()
    scene.fleet, scene.rows = fleet("local"), (row("local"),)
    now = scene.look()
    assert (now.fleet, now.rows) == (scene.fleet, scene.rows)
    assert list(before.fleet.backends) == ["openai", "azure"]
    assert now.moment.now >= before.moment.now
    assert now.ledger is scene.ledger
    assert now.traffic is scene.traffic
