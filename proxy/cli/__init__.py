"""The command line: one file per command, gathered in one application."""

import typer

cli = typer.Typer(
    name="faultline",
    help="A local reverse proxy with failover for AI providers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
    notify,
    schema,
    serve,
)
