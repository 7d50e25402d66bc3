"""Lays pages out, each at most four times a second however many look.

Knows the templates; nothing of what they say.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import version

from jinja2 import Environment, PackageLoader, StrictUndefined

from proxy.console.words import HEADLINES
from proxy.model import Instant, Seconds

FRESH = Seconds(0.25)
"""How old a page may be."""

MOST_PAGES = 64
"""Pages that are kept; beyond these all are made anew."""


class Renderer:
    """Renders templates, and remembers what it has just rendered."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._pages: dict[str, tuple[Instant, str]] = {}

    def page(self, path: str, template: str, said: Callable[[], dict[str, object]]) -> str:
        """Return the page at a path; `said` is asked for what it says if that is not known."""
        now = self._now()
        made, text = self._pages.get(path, (now, ""))
        if text and now - made <= FRESH:
            return text
        if len(self._pages) >= MOST_PAGES:
            self._pages.clear()
        text = templates().get_template(template).render(said())
        self._pages[path] = (now, text)
        return text


@cache
def templates() -> Environment:
    """Return the templates; they are compiled once."""
    environment = Environment(
        loader=PackageLoader("proxy.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"version": version("faultline"), "headlines": HEADLINES}
    return environment
