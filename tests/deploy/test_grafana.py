"""The dashboard asks for what there is, on a grid on which nothing overlaps."""

import json
from typing import Any

import pytest

from tests.deploy.names import DEPLOY, asked, exposed
from tests.deploy.test_prometheus import RECORDED

DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "faultline.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
WIDTH = 24


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_asks_for_what_there_is(panel: dict[str, Any]) -> None:
    assert panel["description"]
    for target in panel["targets"]:
        assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        names = asked(target["expr"])
        assert names
        assert names <= exposed() | RECORDED
        assert target["expr"].count("(") == target["expr"].count(")")


def test_panels_have_their_own_places() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert not cells & taken
        assert all(x < WIDTH for x, _ in cells)
        taken |= cells
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_its_variables_are_all_that_it_needs() -> None:
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert names == {"datasource", "job"}
