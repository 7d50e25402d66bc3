"""The command line: one file per command, gathered in one application."""

from importlib.metadata import version as installed
from typing import Annotated

import typer

cli = typer.Typer(
    name="faultline",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"faultline {installed('faultline')}")
        raise typer.Exit


@cli.callback(help="A local reverse proxy with failover for AI providers.")
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
) -> None:
    """Take what goes before any command."""


def main() -> None:
    """Run the command that was given."""
    cli()


# Each command registers itself; they need `cli`, so they come last.
from proxy.cli import (  # noqa: E402, F401 - imported for what they register
    check,
    demo,
    diagnose,
    drill,
    eta,
    explain,
    healthcheck,
    incidents,
    notify,
    schema,
    serve,
    status,
    tail,
    top,
)
