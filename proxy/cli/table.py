"""Where a command gets its routing table from, and how it complains about one.

A command that only serves may do without a file: then the usual provider keys in the environment
make the table.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import typer

from proxy.settings.discover import discover
from proxy.settings.load import PLACES, VARIABLE, Loaded, default_path, load, loads
from proxy.settings.problem import Problem
from proxy.settings.render import render_all

BAD_TABLE = 1
NO_TABLE = 2
FOUND = "environment"
"""What a table that was made of the environment's keys is called in messages."""

Loader = Callable[[], Loaded]


def loader_for(config: Path | None) -> Loader:
    """Return what loads the table: from `config`, the usual places, or the environment's keys.

    Ends the command when there is nothing to load; the table that the keys make is printed.
    """
    path = config or default_path(os.environ)
    if path is not None:
        return lambda: load(path, os.environ)
    text = discover(os.environ)
    if text is None:
        looked = ", ".join([f"${VARIABLE}", *map(str, PLACES)])
        typer.echo(
            f"faultline: no routing table ({looked}) and no provider's key in the "
            "environment.\n\nWrite a table (config/ has examples), or set a key such as "
            "OPENAI_API_KEY, or see `faultline demo`.",
            err=True,
        )
        raise typer.Exit(NO_TABLE)
    typer.echo(text, err=True)
    return lambda: loads(text, name=FOUND, env=os.environ, base=Path.cwd())


def complain(problems: tuple[Problem, ...]) -> None:
    """Show problems on standard error, in colour where a person reads it."""
    if problems:
        typer.echo(render_all(problems, colour=sys.stderr.isatty()) + "\n", err=True)
