"""Lays pages out, each at most once a second however many look, unless something happens.

Knows the templates; nothing of what they say.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import version

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from proxy.console.words import HEADLINES
from proxy.model import Instant, Seconds

FRESH = Seconds(1.0)
"""How old a page may be while nothing happens."""

UNIT = re.compile(
    r"(?<=\d) (?=%|(?:s|min|h|d|seconds?|minutes?|hours?|days?|UTC)\b)|(?<=%) (?=whole\b)"
)
"""The space between a number and its unit, and what a share is of."""

MOST_PAGES = 64
"""Pages that are kept; beyond these all are made anew."""


class Renderer:
    """Renders templates, and remembers what it has just rendered."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._pages: dict[str, tuple[Instant, bytes]] = {}

    def page(self, path: str, template: str, said: Callable[[], dict[str, object]]) -> bytes:
        """Return the page at a path; `said` is asked for what it says if that is not known."""
        now = self._now()
        made, page = self._pages.get(path, (now, b""))
        if page and now - made <= FRESH:
            return page
        if len(self._pages) >= MOST_PAGES:
            self._pages.clear()
        page = templates().get_template(template).render(said()).encode()
        self._pages[path] = (now, page)
        return page

    def forget(self) -> None:
        """Make all pages anew."""
        self._pages.clear()


def kept(said: object) -> object:
    """Keep numbers and their units on one line, wherever a page says them."""
    if isinstance(said, str) and not isinstance(said, Markup):
        return UNIT.sub("\N{NO-BREAK SPACE}", said)
    return said


@cache
def templates() -> Environment:
    """Return the templates; they are compiled once."""
    environment = Environment(
        loader=PackageLoader("proxy.console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=kept,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"version": version("faultline"), "headlines": HEADLINES}
    return environment
