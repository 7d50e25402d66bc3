"""`faultline tail`: one line for each exchange, as it ends.

Exit codes: 0 the journal has ended or nobody reads on, 1 nobody answers, 2 a wrong command line,
130 ended with Ctrl-C.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from proxy.cli import cli
from proxy.cli.follow import follow, read
from proxy.cli.look import ConfigOption, Unseen, UrlOption, console
from proxy.cli.passing import RESCUED, dropped, exchange, good, outcome, said
from proxy.model import Result
from proxy.report.lines import ExchangeLine

UNSEEN = 1
OUTCOMES = (*Result, RESCUED)
MARKS = "Marks: + rescued, ! the app got no whole answer, ? the app's own mistake, - the app left."


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which exchanges are shown."""

    backend: str = ""
    outcomes: frozenset[str] = frozenset()
    model: str = ""
    failed: bool = False

    def takes(self, line: ExchangeLine) -> bool:
        """Whether all that is asked for is so."""
        return (
            (not self.backend or self.backend in {each.backend for each in line.attempts})
            and (not self.outcomes or not self.outcomes.isdisjoint({outcome(line), line.result}))
            and (not self.model or fnmatchcase(line.model or "", self.model))
            and not (self.failed and line.result == Result.WHOLE and all(map(good, line.attempts)))
        )


@cli.command(epilog=MARKS)
def tail(  # noqa: PLR0913, PLR0917 - a command's parameters are its options
    journal: Annotated[
        Path | None,
        typer.Argument(help="Read a journal (JSON) instead; `-` for standard input."),
    ] = None,
    backend: Annotated[str, typer.Option(help="Only what was sent to this one, too.")] = "",
    outcomes: Annotated[
        list[str] | None,
        typer.Option("--outcome", help=f"{', '.join(OUTCOMES)}; give it again for more."),
    ] = None,
    model: Annotated[str, typer.Option(help="Only this model; `gpt-*` for several.")] = "",
    failed: Annotated[
        bool, typer.Option("--failed", help="Only where something failed, or was not whole.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The journal's own lines.")] = False,
    url: UrlOption = "",
    config: ConfigOption = None,
) -> None:
    """Show each exchange in one line as it ends. Times are UTC; Ctrl-C ends it."""
    wanted = Filter(
        backend=backend, outcomes=frozenset(_known(outcomes or [])), model=model, failed=failed
    )
    with ExitStack() as stack:
        if journal is None:
            lines = follow(console(url, config), _say)
        elif str(journal) == "-":
            lines = read(sys.stdin.buffer)
        else:
            lines = read(stack.enter_context(_opened(journal)))
        try:
            for text in _texts(lines, wanted, as_json=as_json):
                typer.echo(text, color=_coloured())
        except BrokenPipeError:  # `| head` has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Unseen as unseen:
            _say(str(unseen))
            raise typer.Exit(UNSEEN) from None


def _texts(lines: Iterator[bytes], wanted: Filter, *, as_json: bool) -> Iterator[str]:
    for line in lines:
        found = exchange(line)
        if found is not None:
            if wanted.takes(found):
                yield line.decode("utf-8", "replace") if as_json else said(found)
        elif missing := dropped(line):
            _say(f"{missing} lines are missing here: they came faster than they were read")


def _known(outcomes: list[str]) -> list[str]:
    for name in outcomes:
        if name not in OUTCOMES:
            raise typer.BadParameter(
                f"{name!r} is none of {', '.join(OUTCOMES)}", param_hint="--outcome"
            )
    return outcomes


def _opened(journal: Path) -> BinaryIO:
    try:
        return journal.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{journal}: {error.strerror}", param_hint="JOURNAL") from None


def _coloured() -> bool:
    """Colours are for terminals only, and for people who want them (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _say(text: str) -> None:
    typer.echo(f"faultline: {text}", err=True)
