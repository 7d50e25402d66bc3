"""`faultline drill`: put a fault into the live path of a running Faultline, for a while.

It speaks to the console port with a client's token, which never stands on the command line. Exit
codes: 0 done, 1 refused or nobody there, 2 a wrong command line.
"""

import http.client
import json
import os
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

import typer

from proxy.cli import cli
from proxy.cli.eta import time_of
from proxy.cli.healthcheck import console_url, reason, told_url
from proxy.cli.table import BAD_TABLE, complain, loader_for
from proxy.model import Drill
from proxy.settings.problem import SettingsError

TOKEN = "FAULTLINE_TOKEN"  # noqa: S105 - the name of a variable
TIMEOUT = 5.0
"""Seconds for the console's answer."""
REFUSED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where drills are asked for, and with what."""

    url: str
    token: str

    def ask(self, method: str, path: str, wanted: object = None) -> tuple[int, str]:
        """Return status and body. Raises OSError or HTTPException when nobody answers."""
        where = urlsplit(self.url)
        secure = where.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(where.hostname or "", where.port, timeout=TIMEOUT)
        headers = {"authorization": f"Bearer {self.token}"}
        body = None
        if wanted is not None:
            body = json.dumps(wanted)
            headers["content-type"] = "application/json"
        try:
            connection.request(method, f"/api/drills{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@cli.command()
def drill(
    backend: Annotated[str, typer.Argument(help="The backend that fails.")],
    fault: Annotated[Drill, typer.Option(help="How it fails.")] = Drill.CDN_502,
    length: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long; at most 10m.")
    ] = "30s",
    end: Annotated[bool, typer.Option("--end", help="End the drill that runs there.")] = False,
    url: Annotated[str, typer.Option(help="The console's address instead of the table's.")] = "",
    config: Annotated[
        Path | None, typer.Option(help="The table that it runs on.", show_default=False)
    ] = None,
) -> None:
    """Rehearse an outage. Lets a backend of the running Faultline fail, for all apps, for a while.

    It needs a token of one of the table's `clients`: from FAULTLINE_TOKEN, else from the table.
    """
    seconds = time_of(length, "--for")
    desk = Desk(
        url=told_url(url) or console_url(config), token=os.environ.get(TOKEN) or _token(config)
    )
    try:
        if end:
            status, said = desk.ask("DELETE", f"/{quote(backend, safe='')}")
        else:
            wanted = {"backend": backend, "fault": fault, "seconds": seconds}
            status, said = desk.ask("POST", "", wanted)
    except (OSError, http.client.HTTPException) as error:
        typer.echo(
            f"faultline: {desk.url} does not answer: {reason(error)}. Does Faultline run here, "
            "with this table?",
            err=True,
        )
        raise typer.Exit(REFUSED) from None
    if status not in {HTTPStatus.CREATED, HTTPStatus.NO_CONTENT}:
        typer.echo(f"faultline: no drill: {_reason(said)}", err=True)
        raise typer.Exit(REFUSED)
    if end:
        typer.echo(f"The drill at {backend} is over.")
        return
    typer.echo(
        f"{backend} plays {fault} for {seconds:g} s, for every app. Watch it on {desk.url}/.\n"
        f"It ends by itself; `faultline drill {backend} --end` ends it now."
    )


def _token(config: Path | None) -> str:
    """Return a token of the table."""
    try:
        clients = loader_for(config)().fleet.clients
    except SettingsError as error:
        complain(error.problems)
        raise typer.Exit(BAD_TABLE) from None
    if not clients:
        typer.echo(
            f"faultline: a drill needs a token: set {TOKEN}, or give an app one under `clients` "
            "in the routing table.",
            err=True,
        )
        raise typer.Exit(REFUSED)
    return next(iter(clients.values())).reveal()


def _reason(said: str) -> str:
    """Return what the console says, in JSON or in plain text."""
    try:
        return str(json.loads(said)["error"])
    except (ValueError, KeyError, TypeError):
        return said.strip().removeprefix("Faultline: ")
