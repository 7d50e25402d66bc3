"""Any HTML or XML error page: its title and its visible text.

Never parses: tags are cut out by one linear expression, which is enough to read a page that a
gateway made. Never learns which gateway that was.
"""

import re
from dataclasses import dataclass

from proxy.diagnosis.pattern import plain

TAG = re.compile(r"<[^<>]*>")
"""A tag cannot hold an angle bracket here, so the search never looks back: linear."""

MOST_PAGE = 16 * 1024
"""Characters of a page that are read; known error pages have 150 to 8,000, styles included."""

MOST_TEXT = 4 * 1024
"""Characters of visible text that are read."""
LONGEST_TITLE = 200
STARTS = (
    "<!doctype",
    "<html",
    "<?xml",
    "<head",
    "<body",
    "<error",
    "<!--",
    "<h1",
    "<center",
    "<title",
)


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says; all plain."""

    title: str
    """Of its head, else its first heading."""
    text: str
    source: str
    codes: tuple[str, ...]
    """The contents of XML's `Code` elements."""


def read_page(text: str) -> Page:
    """Read a page of which the end may be missing."""
    source = plain(text[:MOST_PAGE])
    visible = plain(TAG.sub(" ", _without(_without(source, "style"), "script")))
    title = _between(source, "title") or _between(source, "h1") or _between(source, "h2")
    codes = tuple(code for tag in ("code", "type") if (code := _between(source, tag)))
    return Page(title=title, text=visible[:MOST_TEXT], source=source, codes=codes)


def _without(source: str, tag: str) -> str:
    """Return a page's source without the elements of that name, which nobody sees."""
    kept = []
    at = 0
    while (start := source.find(f"<{tag}", at)) >= 0:
        kept.append(source[at:start])
        end = source.find(f"</{tag}", start)
        at = len(source) if end < 0 else end
    kept.append(source[at:])
    return "".join(kept)


def _between(source: str, tag: str) -> str:
    """Return what stands in the first element of that name, else nothing."""
    opened = source.find(f"<{tag}")
    begin = source.find(">", opened) + 1 if opened >= 0 else 0
    end = source.find(f"</{tag}", begin) if begin else -1
    return plain(TAG.sub(" ", source[begin:end][:LONGEST_TITLE])) if end >= 0 else ""


def looks_like_markup(start: str) -> bool:
    """Tell whether a body's start is that of a page or of an XML document."""
    return start.lower().startswith(STARTS)


def looks_like_xml(start: str) -> bool:
    """Tell whether markup is an API's answer and not a page."""
    lowered = start.lower()
    return lowered.startswith(("<?xml", "<error")) and "<html" not in lowered
