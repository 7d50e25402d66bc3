"""However many look, a page is made once a second, and anew when something happens."""

import pytest
from markupsafe import Markup

from proxy.console.page import page
from proxy.console.render import MOST_PAGES, Renderer, kept
from proxy.model import Instant
from tests.console.looking import Scene
from tests.report.records import fleet


def test_a_storm_of_readers_costs_a_page_a_second() -> None:
    scene, time = Scene(), [1000.0]
    renderer, made = Renderer(lambda: Instant(time[0])), []

    def said() -> dict[str, object]:
        made.append(time[0])
        return {"page": page(scene.look()), "root": ""}

    for _ in range(100):
        assert b"<!doctype html>" in renderer.page("/", "page.html", said)
        time[0] += 0.02
    assert len(made) == 2


def test_what_has_happened_is_on_the_next_page() -> None:
    renderer = Renderer(lambda: Instant(1000.0))
    words = iter(["before", "after"])

    def said() -> dict[str, object]:
        scene = Scene(fleet=fleet(next(words)), rows=())
        return {"page": page(scene.look()), "root": ""}

    assert b"before" in renderer.page("/", "page.html", said)
    assert b"before" in renderer.page("/", "page.html", said)
    renderer.forget()
    assert b"after" in renderer.page("/", "page.html", said)


def test_pages_are_kept_apart_and_not_for_ever() -> None:
    scene = Scene()
    renderer = Renderer(lambda: Instant(1000.0))
    said: dict[str, object] = {"page": page(scene.look()), "root": ""}
    for number in range(2 * MOST_PAGES):
        renderer.page(f"/{number}", "page.html", lambda: said)
    assert len(renderer._pages) <= MOST_PAGES


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("99.8 % whole in the last 15 minutes.", "99.8~%~whole in the last 15~minutes."),
        ("probe in 2 h 5 min", "probe in 2~h 5~min"),
        ("over in 3 d, at 14:02 UTC", "over in 3~d, at 14:02~UTC"),
        ("7 rescued of 12 days of 3 shy", "7 rescued of 12~days of 3 shy"),
        (Markup("<b>3 s</b>"), "<b>3 s</b>"),
        (3, 3),
    ],
)
def test_a_number_keeps_its_unit(said: object, shown: object) -> None:
    there = kept(said)
    assert (there.replace("\N{NO-BREAK SPACE}", "~") if isinstance(there, str) else there) == shown
