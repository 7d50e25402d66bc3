"""What every exchange works with."""

from tests.exchange.stage import Stage


def test_without_drills_and_incidents_nothing_is_played_and_nothing_noted() -> None:
    stage = Stage()
    assert stage.ports.drilled("p") is None
    assert stage.ports.note(stage.fleet.routes[0]) == ""
