"""`faultline status`: how things stand, on one screen.

Exit codes: 0 all is well, 1 something fails and apps are served, 2 apps are not served, or nobody
answers.
"""

from collections.abc import Iterator

import typer

from proxy.cli import cli
from proxy.cli.look import ConfigOption, Json, Unseen, UrlOption, console, safe, sign

CODES = {"good": 0, "mid": 1, "bad": 2}
DOWN = 2
WIDTH = 16
"""Of a name's column; a longer name moves its line."""


@cli.command()
def status(url: UrlOption = "", config: ConfigOption = None) -> None:
    """Say how things stand: 0 well, 1 degraded, 2 down."""
    try:
        said = console(url, config).json("/api/status.json")
        lines = list(screen(said))
    except Unseen as unseen:
        typer.echo(f"faultline: {unseen}", err=True)
        raise typer.Exit(DOWN) from None
    typer.echo("\n".join(lines))
    raise typer.Exit(CODES.get(said["tone"], DOWN))


def screen(said: Json) -> Iterator[str]:
    """Return the screen, line by line."""
    yield typer.style(sign(said["tone"], said["sentence"]), bold=True)
    for incident in said["incidents"]:
        yield ""
        yield from _incident(incident)
    yield ""
    for backend in said["backends"]:
        yield _backend(backend)
    yield ""
    for route in said["routes"]:
        tiers = ", then ".join(" or ".join(tier) for tier in route["tiers"])
        served = "" if route["serves"] else sign("bad", "  not served")
        yield f"{safe(route['name']):{WIDTH}} {safe(tiers)}{served}"


def _incident(incident: Json) -> Iterator[str]:
    yield sign("mid", f"{incident['stage']}: {incident['title']}")
    yield f"  for {safe(incident['lasted'])}; felt by apps: {safe(incident['impact'])}"
    yield f"  {safe(incident['toll'])}"
    if incident["forecast"]:
        yield f"  {safe(incident['forecast'])}: {safe(incident['basis'])}"
    if incident["next"]:
        yield f"  next: {safe(incident['next'])}"
    yield f"  faultline incident {safe(incident['id'])}"


def _backend(backend: Json) -> str:
    name = f"  {backend['name']}" if backend["part"] else backend["name"]
    well = backend["tone"] == "good"
    lasts = "" if well or not backend["ago"] else f" for {backend['ago']}"
    parts = [f"{backend['state']}{lasts}"]
    parts += [] if well else [backend["why"], backend["next"]]
    return f"{safe(name):{WIDTH}} {sign(backend['tone'], '; '.join(filter(None, parts)))}"
