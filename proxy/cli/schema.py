"""`faultline schema`: the JSON Schema of the routing table, for editors."""

import json

import typer

from proxy.cli import cli
from proxy.settings.schema import json_schema


@cli.command()
def schema() -> None:
    """Print the JSON Schema of the routing table. For an editor's completion and checks."""
    typer.echo(json.dumps(json_schema(), indent=2))
