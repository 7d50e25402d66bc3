"""`faultline schema`: what an editor gets."""

import json

from typer.testing import CliRunner

from proxy.cli import cli
from proxy.settings.schema import json_schema


def test_the_schema_is_printed() -> None:
    result = CliRunner().invoke(cli, ["schema"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json_schema()
