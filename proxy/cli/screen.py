"""The screen of `faultline top`: what is shown of a moment, cut to the terminal's size.

Pure: from values to lines of text, none wider and no more of them than there is room for. Knows
words and columns; nothing of consoles, threads or keys.
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from proxy.cli.look import COLOURS as TONES
from proxy.cli.look import Json, safe
from proxy.cli.passing import COLOURS, MARKS, asked, outcome, span, tried
from proxy.cli.window import Lately, Numbers
from proxy.report.lines import ExchangeLine

WIDTH = 80
"""A narrower terminal shows the left part of so many columns."""

NAME, STATE = 13, 16
"""Columns of a backend's name and state, gap included; what is next gets what is left."""

HEADS = ("now", "req/s", "p50", "p95", "failed")
FIGURES = (4, 6, 7, 7, 7)
"""Columns of: in flight, requests a second, first content twice, failed; each with its gap."""

FEW = 2
"""Backends that are shown however little room there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything that is known at one moment."""

    where: str
    status: Json
    lately: Lately = field(default_factory=Lately)
    notice: str = ""
    """Why this is not what is now; empty while it is."""


def screen(shown: Shown, width: int, height: int) -> list[Text]:
    """Return the lines, as many as there is room for."""
    wide = max(width, WIDTH)
    top = list(_top(shown, wide))
    backends = [_backend(each, shown.lately, wide) for each in shown.status["backends"]]
    trouble = list(_trouble(shown))
    last = [_exchange(each) for each in shown.lately.last] or [Text("none yet", "dim")]
    taken = len((*top, "gap", "heads", "gap", "gap", "title")) + min(height // 5, len(last))
    room = height - taken
    trouble = _cut(trouble, max(0, room - len(backends), room // 2))
    backends = _cut(backends, max(FEW, room - len(trouble)))
    heads = Text(_columns("backend", "state", "next", HEADS, wide), "dim")
    parts: list[list[Text]] = [top, [heads, *backends], trouble]
    lines = [line for part in parts if part for line in (*part, Text())]
    lines += [Text("last exchanges", "dim"), *last]
    for line in lines[:height]:
        line.truncate(width, overflow="ellipsis")
    return lines[:height]


def _top(shown: Shown, width: int) -> Iterator[Text]:
    """Say where this is, the one sentence, and what the apps get."""
    at = safe(shown.status["at"])[11:19]
    yield Text.assemble(("Faultline", "bold"), f" {safe(shown.where)}", (f"  {at} UTC", "dim"))
    if shown.notice:
        yield Text(safe(shown.notice), "bold red")
    style = f"bold {TONES.get(shown.status['tone'], 'default')}"
    for line in textwrap.wrap(safe(shown.status["sentence"]), width):
        yield Text(line, style)
    apps = shown.lately.apps
    yield Text(
        f"{shown.status['in_flight']} in flight; {apps.rate:.1f}/s; "
        f"first content {_span(apps.median)}, p95 {_span(apps.late)}; "
        f"{shown.lately.rescued} rescued, {apps.failed} failed"
    )


def _backend(backend: Json, lately: Lately, width: int) -> Text:
    """Say how it stands, when it is tried next, and what it does."""
    flight = str(backend["in_flight"])
    if backend["part"]:  # a model or a key of the backend above, whose figures count it too
        name, figures = f" {backend['name']}", (flight, "", "", "", "")
    else:
        of = lately.backends.get(str(backend["name"]), Numbers())
        name = str(backend["name"])
        figures = (flight, f"{of.rate:.1f}", _span(of.median), _span(of.late), str(of.failed))
    well = backend["tone"] == "good"
    ago = f"for {backend['ago']}" if backend["ago"] else ""
    following = "" if well else ", ".join(filter(None, (backend["next"], ago)))
    text = _columns(name, str(backend["state"]), following, figures, width)
    return Text(text, "default" if well else TONES.get(backend["tone"], "default"))


def _columns(name: str, state: str, following: str, figures: Sequence[str], width: int) -> str:
    """Return a line of the backends' table, every cell in its place."""
    right = "".join(f"{text:>{room}}" for text, room in zip(figures, FIGURES, strict=True))
    left = _fit(name, NAME - 1) + " " + _fit(state, STATE - 1) + " "
    return left + _fit(following, width - NAME - STATE - sum(FIGURES)) + right


def _fit(text: str, room: int) -> str:
    """Return text in exactly so many columns."""
    text = safe(text)
    return (
        set_cell_size(text, room - 1) + "…" if cell_len(text) > room else set_cell_size(text, room)
    )


def _trouble(shown: Shown) -> Iterator[Text]:
    """Say what goes on, until when, and of what attempts failed."""
    for incident in shown.status["incidents"]:
        yield Text(safe(f"{incident['stage']}: {incident['title']}"), "yellow")
        said = [f"for {incident['lasted']}; felt: {incident['impact']}", incident["forecast"]]
        yield Text(safe("  " + "; ".join(filter(None, said))))
    if causes := shown.lately.causes:
        counts = ", ".join(f"{count} {cause}" for cause, count in causes)
        since = f"the last {shown.lately.seconds:.0f} s"
        yield Text(safe(f"failed attempts of {since}: {counts}"))


def _exchange(line: ExchangeLine) -> Text:
    """Say it in fewer words than `faultline tail`."""
    end = outcome(line)
    first = "-" if line.first_content_ms is None else span(line.first_content_ms)
    head = f"{line.time:%H:%M:%S} {MARKS.get(end, ' ')} {line.status or '-':>3}"
    return Text.assemble(
        (head, COLOURS.get(end, "default")),
        f" {first:>7} {span(line.duration_ms):>7}  {asked(line)}  {tried(line)}",
    )


def _cut(lines: list[Text], room: int) -> list[Text]:
    """Return as many as there is room for, the last of them saying how many there are more."""
    if len(lines) <= room:
        return lines
    return [*lines[: room - 1], Text(f"... {len(lines) - room + 1} more", "dim")] if room else []


def _span(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else span(milliseconds)
