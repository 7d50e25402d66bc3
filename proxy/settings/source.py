"""The text of a table, line by line, and how a piece of it may be shown.

Knows what must not be shown: the places that a reader has told it to hide, whatever looks like a
literal secret, and characters that a terminal would obey. Knows nothing of what the text means.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

HIDDEN = "***"

WIDEST = 100
"""Characters of an excerpt: what fits in a terminal beside the line number."""

BEFORE = 60
"""Characters of a longer line that are shown in front of the place that is meant."""

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What libyaml counts as the end of a line."""

_OPEN = r"\$\{\w*(?::-(?:none|client)?)?\}|(?:none|client)\b"
"""What may stand in the place of a secret and be shown: a bare reference, or a word for none."""

_SECRET = re.compile(
    rf"""(?ix)
    (?:key|token|secret|password|authorization) ["']? \s* : \s* ["']?
        (?P<value> (?! {_OPEN} | [{{["'\s] ) [^,}}\]"'\#]+ )
    | //(?P<login> [^/\s@"']{{1,200}} )@
    | \b(?P<known> (?:sk-|gsk_|xai-|AIza|pplx-|csk-|fw_|hf_) [\w-]{{8,}} )
    """
)
"""A literal behind a telling name, the credentials in a URL, a word that begins as keys do."""

Span = tuple[int, int]
"""Characters of a line: from 0, the end exclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A piece of the text; lines and columns from 1, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


def span(line: int, start: int, end: int) -> Mark:
    """Mark a piece of one line; `start` and `end` from 0."""
    return Mark(line=line, column=start + 1, end_line=line, end_column=end + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A line as it may be shown, and which of its characters are meant."""

    text: str
    caret: int
    length: int


class Source:
    """The text of one table."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._lines = _BREAK.split(text)
        self._hidden: dict[int, list[Span]] = {}

    def line(self, number: int) -> str:
        """Return a line without its end; empty beyond the last one."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def hide(self, mark: Mark) -> None:
        """Never show this piece; it may have several lines."""
        for number in range(mark.line, min(mark.end_line, len(self._lines)) + 1):
            start = mark.column - 1 if number == mark.line else 0
            end = mark.end_column - 1 if number == mark.end_line else len(self.line(number))
            self._hidden.setdefault(number, []).append((start, end))

    def at(self, offset: int) -> Mark:
        """Mark one character of the text."""
        lines = _BREAK.split(self.text[:offset])
        return span(len(lines), len(lines[-1]), len(lines[-1]) + 1)

    def word(self, line: int, column: int) -> Mark:
        """Mark what stands at a place up to a space, a comma or a bracket; at least a character."""
        match = re.compile(r"[^\s,\]}]+").match(self.line(line), column - 1)
        return span(line, column - 1, match.end() if match else column)

    def excerpt(self, mark: Mark) -> Excerpt:
        """Show the first line of a piece, shortened around it, hidden parts as `***`."""
        line, start = self.line(mark.line), mark.column - 1
        end = mark.end_column - 1 if mark.end_line == mark.line else len(line)
        left = max(0, min(start - BEFORE, len(line) - WIDEST))
        right = min(len(line), left + WIDEST)
        spans = [*self._hidden.get(mark.line, ()), *_literals(line)]
        text, moved = _show(line, (left, right), spans)
        before, after = "…" if left else "", "…" if right < len(line) else ""
        caret = moved[min(start, right) - left]
        length = max(1, moved[min(max(end, start), right) - left] - caret)
        return Excerpt(text=before + text + after, caret=len(before) + caret, length=length)


def may_show(text: str) -> bool:
    """Say whether what stands in the place of a secret gives nothing away."""
    # A lone dollar is all that YAML leaves of a reference without quotes.
    return text == "$" or re.fullmatch(_OPEN, text) is not None


def censor(text: str) -> str:
    """Strike out what may be a secret in a text out of its line: literals and defaults."""
    text = re.sub(r":-[^}]+", ":-...", text)
    return _show(text, (0, len(text)), _literals(text))[0]


def _literals(line: str) -> Iterable[Span]:
    return [match.span(match.lastgroup or 0) for match in _SECRET.finditer(line)]


def _show(line: str, window: Span, hidden: Iterable[Span]) -> tuple[str, list[int]]:
    """Return what may be shown of a window, and where each of its characters (and its end) went."""
    (at, right), shown = window, ""
    moved: list[int] = []
    for start, end in [*sorted(hidden), (right, right)]:
        plain = line[at : max(at, min(start, right))]
        moved += range(len(shown), len(shown) + len(plain))
        shown += "".join(map(_printable, plain))
        at += len(plain)
        if at < min(end, right):
            moved += [len(shown)] * (min(end, right) - at)
            shown += HIDDEN
            at = min(end, right)
    return shown, [*moved, len(shown)]


def _printable(character: str) -> str:
    if character == "\t":
        return "→"
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
