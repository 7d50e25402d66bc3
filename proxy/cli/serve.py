"""`faultline serve`: the proxy, from a routing table or from the environment's keys."""

import errno
import sys
from pathlib import Path
from typing import Annotated

import typer

from proxy.app import Faultline, run
from proxy.cli import cli
from proxy.cli.table import BAD_TABLE, Loader, complain, loader_for
from proxy.settings.discover import exports
from proxy.settings.problem import SettingsError

NO_ADDRESS = 3
HINTS = {
    errno.EADDRINUSE: "Something listens there already, perhaps another Faultline. ",
    errno.EADDRNOTAVAIL: "This machine has no such address. ",
    errno.EACCES: "A port below 1024, or a socket in another's folder, needs rights. ",
}


@cli.command()
def serve(
    config: Annotated[
        Path | None, typer.Option(help="The routing table, a YAML file.", show_default=False)
    ] = None,
) -> None:
    """Serve apps until SIGTERM. Without a table, the usual provider keys make one.

    The journal goes to standard output, what a person should know to standard error. Ends with 1
    if the table is bad, 2 if there is none, 3 if an address cannot be had.
    """
    loader = loader_for(config)
    try:
        table = loader()
    except SettingsError as error:
        complain(error.problems)
        raise typer.Exit(BAD_TABLE) from None
    complain(table.warnings)
    for line in exports(table.fleet):
        typer.echo(line, err=True)
    raise typer.Exit(run(_serve(loader)))


def _why(error: OSError) -> str:
    """Say which address cannot be had, and what to do about it."""
    hint = HINTS.get(error.errno or 0, "")
    said = error.strerror or str(error)
    return f"{said}.\n{hint}Change `listen` or `console` in the routing table."


async def _serve(loader: Loader) -> int:
    served = Faultline(loader, journal=sys.stdout.fileno())
    try:
        await served.start()
        await served.live()
    except OSError as error:
        typer.echo(f"faultline: cannot listen: {_why(error)}", err=True)
        return NO_ADDRESS
    finally:
        await served.close()
    return 0
