"""However many look, a page is made four times a second."""

from proxy.console.page import page
from proxy.console.render import MOST_PAGES, Renderer
from proxy.model import Instant
from tests.console.looking import Scene


def test_a_storm_of_readers_costs_four_pages_a_second() -> None:
    scene, time = Scene(), [1000.0]
    renderer, made = Renderer(lambda: Instant(time[0])), []

    def said() -> dict[str, object]:
        made.append(time[0])
        return {"page": page(scene.look()), "root": ""}

    for _ in range(100):
        assert "<!doctype html>" in renderer.page("/", "page.html", said)
        time[0] += 0.01
    assert len(made) == 4


def test_pages_are_kept_apart_and_not_for_ever() -> None:
    scene = Scene()
    renderer = Renderer(lambda: Instant(1000.0))
    said: dict[str, object] = {"page": page(scene.look()), "root": ""}
    for number in range(2 * MOST_PAGES):
        renderer.page(f"/{number}", "page.html", lambda: said)
    assert len(renderer._pages) <= MOST_PAGES
