"""One screen, whatever its size."""

import json
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from proxy.cli.look import Json
from proxy.cli.passing import exchange
from proxy.cli.screen import Shown, screen
from proxy.cli.window import Window
from proxy.console import api
from proxy.console.page import page
from proxy.model import ExchangeRecord, Scope
from proxy.policy.standing import Word
from proxy.report.lines import to_json
from tests.console.looking import Scene
from tests.report.records import BAD_GATEWAY, REFUSED, RESCUED, WHOLE, row

OUT = row("openai", Word.EJECTED, verdict=BAD_GATEWAY)


def status(scene: Scene) -> Json:
    said: Json = json.loads(msgspec.json.encode(api.status(page(scene.look()))))
    return said


def troubled() -> Scene:
    model = row("azure", Word.COOLING, scope=Scope.MODEL, model="gpt-5", verdict=BAD_GATEWAY)
    scene = Scene(rows=(OUT, row("azure", in_flight=3), model))
    scene.serve(95)
    scene.break_down()
    return scene


def shown(scene: Scene, records: Sequence[ExchangeRecord] = (), notice: str = "") -> Shown:
    window = Window(0.0)
    for record in records:
        found = exchange(to_json(record, 0.0))
        assert found is not None
        window.add(found, 1.0)
    return Shown(where="here", status=status(scene), lately=window.lately(10.0), notice=notice)


def text(state: Shown, width: int = 80, height: int = 24) -> str:
    return "\n".join(line.plain for line in screen(state, width, height))


def test_at_peace() -> None:
    lines = text(shown(Scene())).splitlines()
    assert lines[0].startswith("Faultline here  ")
    assert lines[1] == "All is well. No request has come in the last 15 minutes."
    assert lines[2] == "0 in flight; 0.0/s; first content -, p95 -; 0 rescued, 0 failed"
    assert lines[4:7] == [
        "backend      state           next                 now req/s    p50    p95 failed",
        "openai       in rotation                            0   0.0      -      -      0",
        "azure        in rotation                            0   0.0      -      -      0",
    ]
    assert lines[8:] == ["last exchanges", "none yet"]


def test_in_trouble_all_of_it_is_on_one_screen() -> None:
    said = text(shown(troubled(), (WHOLE, RESCUED, REFUSED) * 10))
    for words in (
        "One provider is failing. Your apps are being served: 99.0 % whole",
        "3 in flight; 3.0/s; first content 500 ms, p95 500 ms; 10 rescued, 10 failed",
        "openai       out of rotation probe with the next…   0   2.0      -      -     20",
        "azure        in rotation                            3   2.0 480 ms 480 ms      0",
        " gpt-5       cooling down",
        "identified: openai: the network edge cannot reach the provider",
        "; felt: minor",
        "failed attempts of the last 10 s: 20 cdn_edge_to_origin",
        "00:01:41 + 200  500 ms   1.5 s  chat gpt-5  openai 502 cdn_edge_to_origin > azu…",
        "00:01:41 ! 502",
    ):
        assert words in said
    assert len(said.splitlines()) == 24


@pytest.mark.parametrize("width", [1, 20, 79, 80, 81, 200])
@pytest.mark.parametrize("height", [1, 2, 5, 10, 24, 60])
def test_it_keeps_to_its_size(width: int, height: int) -> None:
    lines = screen(shown(troubled(), (WHOLE, REFUSED) * 50), width, height)
    assert len(lines) <= height
    assert max(line.cell_len for line in lines) <= width


def test_what_has_no_room_is_counted() -> None:
    rows = tuple(row(f"backend-{number}") for number in range(40))
    said = text(shown(Scene(rows=rows), (WHOLE,) * 10))
    assert "backend-9" in said
    more = next(line for line in said.splitlines() if line.endswith(" more"))
    assert int(more.split()[1]) + said.count("backend-") == 40
    assert said.count("00:01:41") >= 4


def test_a_screen_that_is_no_longer_true_says_so() -> None:
    assert "nobody answers; what you see is old" in text(
        shown(Scene(), notice="nobody answers; what you see is old")
    )


def test_nothing_from_outside_moves_the_cursor_or_a_column() -> None:
    hostile = "\x1b[2J\r\n\u202e漢字漢字漢字漢字"
    scene = Scene(rows=(OUT, row("azure"), row(hostile, Word.EJECTED)))
    state = shown(scene, (replace(WHOLE, model=hostile, route=hostile),), notice=hostile)
    for line in screen(state, 80, 24):
        assert line.plain.isprintable() or not line.plain
        assert line.cell_len <= 80
