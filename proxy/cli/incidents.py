"""`faultline incidents` and `faultline incident ID`: what failed, when, why, and what apps felt.

Exit codes: 0 shown, 1 nobody answers or no such incident, 2 a wrong command line.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

import typer

from proxy.cli import cli
from proxy.cli.look import ConfigOption, Json, Unseen, UrlOption, console, safe

UNSEEN = 1


class Format(StrEnum):
    """How an incident is shown."""

    TEXT = "text"
    MARKDOWN = "md"
    JSON = "json"


@cli.command()
def incidents(url: UrlOption = "", config: ConfigOption = None) -> None:
    """List incidents, the open ones first."""
    try:
        said = console(url, config).json("/api/incidents.json")
    except Unseen as unseen:
        raise _ended(unseen) from None
    for each in said["incidents"]:
        began = safe(each["began"]).replace("T", " ").removesuffix("Z")
        typer.echo(
            f"{safe(each['id'])}  {began}  {safe(each['stage']):13}  "
            f"{safe(each['lasted']):>10}  felt: {safe(each['impact']):8}  {safe(each['title'])}"
        )
    if not said["incidents"]:
        typer.echo("No incident since Faultline began to look.")


@cli.command()
def incident(
    name: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `incidents` lists it.")],
    form: Annotated[
        Format, typer.Option("--format", help="text, md (a post-mortem) or json.")
    ] = Format.TEXT,
    url: UrlOption = "",
    config: ConfigOption = None,
) -> None:
    """Tell one incident. With `--format md` as a post-mortem, what needs a person marked."""
    where, path = console(url, config), quote(name, safe="")
    try:
        match form:
            case Format.MARKDOWN:
                lines = where.get(f"/incidents/{path}.md").splitlines()
                typer.echo("\n".join(map(safe, lines)))
            case Format.JSON:
                typer.echo(where.get(f"/api/incidents/{path}.json"))
            case Format.TEXT:
                typer.echo("\n".join(told(where.json(f"/api/incidents/{path}.json"))))
    except Unseen as unseen:
        raise _ended(unseen) from None


def told(story: Json) -> Iterator[str]:
    """Return the story, line by line."""
    yield typer.style(safe(story["title"]), bold=True)
    end = f"until {safe(story['ended'])}" if story["ended"] else "goes on"
    yield f"{safe(story['stage'])}; from {safe(story['began'])}, {end}: {safe(story['lasted'])}"
    yield f"Felt by apps: {safe(story['impact'])}; {safe(story['toll'])}."
    yield f"Cause, with {safe(story['confidence'])} confidence: {safe(story['cause'])}."
    if story["evidence"]:
        yield f"Evidence: {safe(story['evidence'])}"
    if story["forecast"]:
        yield f"{safe(story['forecast'])}. Basis: {safe(story['basis'])}."
    if story["next"]:
        yield f"Next: {safe(story['next'])}."
    yield ""
    for line in story["timeline"]:
        at = safe(line["at"])[11:19]
        yield f"{at}  {safe(line['stage']):13}  {safe(line['text'])}"


def _ended(unseen: Unseen) -> typer.Exit:
    typer.echo(f"faultline: {unseen}", err=True)
    return typer.Exit(UNSEEN)
