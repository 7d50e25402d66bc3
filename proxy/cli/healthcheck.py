"""`faultline healthcheck`: the container's own probe, so that the image needs no curl."""

import http.client
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from proxy.cli import cli
from proxy.cli.table import BAD_TABLE, complain, loader_for
from proxy.settings.problem import SettingsError

TIMEOUT = 2.0
"""Seconds; less than the container's own limit, so that the reason is told."""
UNHEALTHY = 1


@cli.command()
def healthcheck(
    config: Annotated[
        Path | None, typer.Option(help="The table that it runs on.", show_default=False)
    ] = None,
    url: Annotated[str, typer.Option(help="The console's address instead of the table's.")] = "",
) -> None:
    """Exit with 0 if this machine's Faultline is ready. Else with 1."""
    raise typer.Exit(check(told_url(url) or console_url(config)))


def told_url(url: str) -> str:
    """Return what `--url` says, if it is a URL or nothing; else end the command."""
    if url and urlsplit(url).hostname is None:
        mend = "is no URL; write it as `http://localhost:8081`"
        raise typer.BadParameter(f"{url!r} {mend}", param_hint="--url")
    return url


def console_url(config: Path | None) -> str:
    """Return the console's address as the table has it, as seen from this machine."""
    try:
        console = loader_for(config)().fleet.console
    except SettingsError as error:
        complain(error.problems)
        raise typer.Exit(BAD_TABLE) from None
    if console is None or console.unix is not None:
        typer.echo("faultline: the table has no console on a port to ask; give --url", err=True)
        raise typer.Exit(UNHEALTHY)
    host = console.host if console.host not in {"", "0.0.0.0", "::"} else "localhost"  # noqa: S104
    return f"http://[{host}]:{console.port}" if ":" in host else f"http://{host}:{console.port}"


def reason(error: Exception) -> str:
    """Say why nobody answers, in the system's words and without its number."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def check(url: str) -> int:
    """Ask for readiness once."""
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        typer.echo(f"faultline: {url} does not answer: {reason(error)}", err=True)
        return UNHEALTHY
    finally:
        connection.close()
    if status != http.client.OK:
        typer.echo(f"faultline: {url} is not ready (HTTP {status})", err=True)
        return UNHEALTHY
    return 0
