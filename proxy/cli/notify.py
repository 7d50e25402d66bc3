"""`faultline notify`: whom the table tells of incidents; with `--test`, whether they hear it.

Exit codes: 0 all heard (or nothing was tried), 1 a bad table or one that did not hear, 2 nobody to
tell.
"""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from proxy.cli import cli
from proxy.cli.table import complain, loader_for
from proxy.model import Notify
from proxy.report.notify import Failed, Notifier, Sent, trial
from proxy.settings.problem import SettingsError

NOT_HEARD = 1
NOBODY = 2


@cli.command()
def notify(
    config: Annotated[Path | None, typer.Option(help="The routing table.")] = None,
    test: Annotated[bool, typer.Option("--test", help="Send each of them a test message.")] = False,
) -> None:
    """Show whom the table tells of incidents. With `--test` each gets a message."""
    try:
        targets = loader_for(config)().fleet.notify
    except SettingsError as error:
        complain(error.problems)
        raise typer.Exit(NOT_HEARD) from None
    if not targets:
        typer.echo(
            "The table tells nobody: it has no `notify`. Add it, as docs/incidents.md shows.",
            err=True,
        )
        raise typer.Exit(NOBODY)
    results = asyncio.run(_send(targets)) if test else {}
    for number, target in enumerate(targets):
        typer.echo(f"notify[{number}]  {target.kind:9}  {_said(target, results.get(target))}")
    if any(isinstance(result, Failed) for result in results.values()):
        raise typer.Exit(NOT_HEARD)


async def _send(targets: tuple[Notify, ...]) -> Mapping[Notify, Sent | Failed]:
    now = time.time()  # noqa: TID251 - a command has no composition root
    notifier = Notifier(wall=lambda: now, dice=Random(), tell=_ignore)  # noqa: S311 - jitter only
    try:
        return await notifier.test(targets, trial(now))
    finally:
        await notifier.close()


def _ignore(who: str, why: str) -> None:
    """Let it pass: the results are printed."""


def _said(target: Notify, result: Sent | Failed | None) -> str:
    match result:
        case Sent():
            return "has taken the test message"
        case Failed(why=why):
            return f"failed: {why}"
        case None:
            return f"from impact {target.impact} on"
