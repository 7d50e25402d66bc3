"""`faultline check`: all that is wrong with a routing table, before it is used.

Exit codes: 0 good (warnings allowed), 1 bad, 2 nothing to check or a wrong command line.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from proxy.cli import cli
from proxy.model import Fleet, Route
from proxy.settings.load import PLACES, VARIABLE, Loaded, default_path, load
from proxy.settings.problem import Problem, SettingsError
from proxy.settings.render import count, render

BAD = 1
NOTHING = 2


@cli.command()
def check(
    config: Annotated[
        Path | None,
        typer.Option(help=f"The routing table; else ${VARIABLE}, {' or '.join(map(str, PLACES))}."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a list of problems for machines.")
    ] = False,
) -> None:
    """Check a routing table. Says what is wrong with it, where, and how to mend it."""
    path = config or default_path(os.environ)
    if path is None:
        typer.echo("There is no routing table here. Faultline looks at:", err=True)
        for place in (f"${VARIABLE}", *PLACES):
            typer.echo(f"  {place}", err=True)
        typer.echo("Name another one with --config, or begin with one of config/.", err=True)
        raise typer.Exit(NOTHING)
    result = _try(path)
    problems = result.warnings if isinstance(result, Loaded) else result
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems], indent=2))
    else:
        _show(path, result, problems)
    if not isinstance(result, Loaded):
        raise typer.Exit(BAD)


def _try(path: Path) -> Loaded | tuple[Problem, ...]:
    try:
        return load(path, os.environ)
    except SettingsError as error:
        return error.problems


def _show(path: Path, result: Loaded | tuple[Problem, ...], problems: tuple[Problem, ...]) -> None:
    """Print problems as compilers do, and what a good table does."""
    colour = typer.get_text_stream("stdout").isatty()
    for problem in problems:
        typer.echo(render(problem, colour=colour) + "\n")
    if isinstance(result, Loaded):
        warnings = f", {count(problems)}" if problems else ""
        typer.echo(f"{path} is good{warnings}.\n{summary(result.fleet)}")
    else:
        typer.echo(f"{path} is not good: {count(problems)}.")


def summary(fleet: Fleet) -> str:
    """Say where requests go, a line for each route: `chat  openai gpt-5*  openai > spare`."""
    rows = [(route.name, _match(route), _tiers(route)) for route in fleet.routes]
    wide = [max(len(row[i]) for row in rows) for i in (0, 1)]
    return "\n".join(
        f"  {name:{wide[0]}}  {match:{wide[1]}}  {tiers}" for name, match, tiers in rows
    )


def _match(route: Route) -> str:
    match = route.match
    parts = (match.dialect, match.model, match.operation, match.path)
    headers = (f"{name.decode()}: {value}" for name, value in match.headers)
    return " ".join([*filter(None, parts), *headers])


def _tiers(route: Route) -> str:
    tiers = [", ".join(map(str, tier)) for tier in route.tiers]
    return " > ".join(tiers if route.static is None else [*tiers, "a static answer"])
