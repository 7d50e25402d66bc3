"""One exchange of the journal, read back, and said in one line for a person.

Knows the journal's own line; nothing of where it comes from. What is shown moves no cursor.
"""

from collections.abc import Iterator

import msgspec
import typer

from proxy.cli.look import safe
from proxy.model import Cause, Result
from proxy.report.lines import AttemptLine, ExchangeLine
from proxy.report.text import seconds

RESCUED = "rescued"
"""Beside the results: whole, after a failure that the app did not see."""

MARKS = {
    RESCUED: "+",
    Result.CLIENT_ERROR: "?",
    Result.REFUSED: "!",
    Result.STATIC: "!",
    Result.CUT: "!",
    Result.CANCELLED: "-",
}
"""Never colour alone: what was not simply whole has a mark."""

COLOURS = {
    RESCUED: "yellow",
    Result.REFUSED: "red",
    Result.STATIC: "red",
    Result.CUT: "red",
    Result.CLIENT_ERROR: "magenta",
    Result.CANCELLED: "bright_black",
}

DECODER = msgspec.json.Decoder(ExchangeLine)


class Dropped(msgspec.Struct):
    """That lines are missing here."""

    event: str
    count: int


def exchange(line: bytes) -> ExchangeLine | None:
    """Return the exchange that a line tells of, if it does."""
    try:
        found = DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.event == "exchange" else None


def dropped(line: bytes) -> int:
    """Return how many lines are missing here, as a line says."""
    try:
        found = msgspec.json.decode(line, type=Dropped)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0
    return found.count if found.event == "lines_dropped" else 0


def outcome(line: ExchangeLine) -> str:
    """Return the result, or that it was rescued."""
    return RESCUED if line.rescued else line.result


def good(attempt: AttemptLine) -> bool:
    """Whether nothing was wrong with it."""
    return attempt.cause == Cause.NONE


def said(line: ExchangeLine) -> str:
    """Return it as one line; the widths are those of what is usual, so that columns stand."""
    end = outcome(line)
    head = (
        f"{line.time:%H:%M:%S} {safe(line.id):19} {MARKS.get(end, ' ')} "
        f"{line.status or '-':>3} {safe(end):12}"
    )
    head = typer.style(head, fg=COLOURS.get(end))
    first = "-" if line.first_content_ms is None else span(line.first_content_ms)
    return f"{head} {first:>7} {span(line.duration_ms):>7}  {asked(line)}  {tried(line)}"


def asked(line: ExchangeLine) -> str:
    """Say which route was asked for what."""
    return f"{safe(line.route or 'no route')} {safe(line.model or line.path)}"


def tried(line: ExchangeLine) -> str:
    """Say whom it was sent to, one after the other, and what was wrong with each."""
    return " > ".join(_attempts(line)) or "sent to nobody"


def _attempts(line: ExchangeLine) -> Iterator[str]:
    for attempt in line.attempts:
        name = safe(attempt.backend)
        if attempt.model not in {None, line.model}:
            name += f"/{safe(attempt.model)}"
        if good(attempt):
            yield name
            continue
        status = f" {attempt.status}" if attempt.status else ""
        drill = " (drill)" if attempt.drill else ""
        yield f"{name}{status} {safe(attempt.cause)}{drill}"


def span(milliseconds: float) -> str:
    """Return a length of time in at most seven characters, short of a quarter of an hour."""
    return seconds(milliseconds / 1000)
