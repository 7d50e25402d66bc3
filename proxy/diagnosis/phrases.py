"""Which of many patterns are in a text, found in one pass.

A pattern is tried only where a word of the text begins as the pattern does: four letters are
enough to leave a handful of some five hundred. So a pattern begins where a word begins, and the
cost is linear in the text whatever it says. What the patterns mean is not known here.
"""

import re
from collections.abc import Iterable

from proxy.diagnosis.pattern import Pattern

BEGINNING = 4
"""Characters of a word that patterns are looked up by."""
BEGINNINGS = re.compile(rf"(?<![a-z0-9])[a-z0-9]{{1,{BEGINNING}}}")
"""The beginnings of the words of a plain text. Bounded, no nesting: linear."""
NOTHING: frozenset[str] = frozenset()


class Phrases:
    """All patterns, by the beginning of their first word."""

    __slots__ = ("_by_beginning", "_others")

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._by_beginning: dict[str, list[Pattern]] = {}
        self._others: list[Pattern] = []
        for pattern in sorted(set(patterns), key=lambda pattern: pattern.text):
            beginning = BEGINNINGS.search(pattern.text)
            if beginning is not None and pattern.text.isascii():
                self._by_beginning.setdefault(beginning.group(), []).append(pattern)
            else:
                self._others.append(pattern)

    def said_in(self, text: str) -> frozenset[str]:
        """Return the patterns, as they were written, that are in a plain text."""
        if not text:
            return NOTHING
        known = self._by_beginning
        found = [
            pattern.text
            for beginning in known.keys() & set(BEGINNINGS.findall(text))
            for pattern in known[beginning]
            if pattern.found_in(text)
        ]
        if not text.isascii():
            found += [pattern.text for pattern in self._others if pattern.found_in(text)]
        return frozenset(found)
