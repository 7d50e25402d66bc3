"""How problems are shown in a terminal: the place, the line with a caret, the reason, the mend.

Knows nothing of where problems come from. Colour is an argument: only a command knows its terminal.
"""

import unicodedata
from collections.abc import Sequence

from proxy.settings.problem import Problem, Severity

_BOLD, _RED, _YELLOW, _BLUE, _CYAN, _PLAIN = (
    "\x1b[1m",
    "\x1b[1;31m",
    "\x1b[1;33m",
    "\x1b[1;34m",
    "\x1b[1;36m",
    "\x1b[0m",
)


def render(problem: Problem, *, colour: bool = False) -> str:
    """Show one problem; several lines, without a newline at the end."""

    def paint(text: str, style: str) -> str:
        return f"{style}{text}{_PLAIN}" if colour and text else text

    tone = _RED if problem.severity is Severity.ERROR else _YELLOW
    number = str(problem.line) if problem.line else ""
    gutter = paint(" " * len(number) + " |", _BLUE)
    arrow = paint(" " * len(number) + "-->", _BLUE)
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    where = f"  ({problem.where})" if problem.where else ""
    lines = [
        paint(f"{problem.severity}[{problem.code}]", tone) + paint(f": {problem.reason}", _BOLD),
        f"{arrow} {place}{where}",
    ]
    if problem.line:
        pad, carets = _underline(problem)
        lines += [
            gutter,
            f"{paint(f'{number} |', _BLUE)} {problem.source}",
            f"{gutter} {pad}{paint(carets, tone)}",
        ]
    first, *more = problem.mend.splitlines() or [""]
    if first:
        sign = paint(" " * len(number) + " =", _BLUE)
        lines.append(f"{sign} {paint('help', _CYAN)}: {first}")
        lines += [f"{' ' * len(number)}         {line}" for line in more]
    return "\n".join(lines)


def render_all(problems: Sequence[Problem], *, colour: bool = False) -> str:
    """Show problems one after the other, and their count."""
    shown = [render(problem, colour=colour) for problem in problems]
    return "\n\n".join([*shown, count(problems)])


def count(problems: Sequence[Problem]) -> str:
    """Say how many there are: `2 errors, 1 warning`."""
    parts = []
    for severity in Severity:
        number = sum(problem.severity is severity for problem in problems)
        if number:
            parts.append(f"{number} {severity}{'s' if number > 1 else ''}")
    return ", ".join(parts)


def _underline(problem: Problem) -> tuple[str, str]:
    """Return the space in front of the carets, and the carets, as wide as a terminal shows it."""
    start, end = problem.caret, problem.caret + problem.length
    before, meant = problem.source[:start], problem.source[start:end]
    return " " * _width(before), "^" * max(1, _width(meant))


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
