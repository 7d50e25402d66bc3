"""What holds for the command line as a whole."""

from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from proxy.cli import cli


def test_it_says_which_it_is() -> None:
    said = CliRunner().invoke(cli, ["--version"])
    assert said.exit_code == 0
    assert said.output == f"faultline {version('faultline')}\n"


def test_help_says_what_it_is() -> None:
    assert "reverse proxy with failover" in CliRunner().invoke(cli, ["--help"]).output


def test_no_commands_first_sentence_is_cut() -> None:
    said = CliRunner().invoke(cli, ["--help"], terminal_width=80).output
    assert "Commands:" in said
    assert "..." not in said.partition("Commands:")[2]


@pytest.mark.parametrize("command", [["healthcheck"], ["drill", "p"]])
def test_an_address_that_is_none_is_told(command: list[str]) -> None:
    said = CliRunner().invoke(cli, [*command, "--url", "localhost:8081"])
    assert said.exit_code == 2
    assert "http://localhost:8081" in said.output
    said = CliRunner().invoke(cli, [*command, "--url", "nonsense"])
    assert said.exit_code == 2


def test_a_length_of_time_that_is_none_is_told_with_its_option() -> None:
    said = CliRunner().invoke(cli, ["drill", "p", "--for", "2y"])
    assert said.exit_code == 2
    assert "--for" in said.output
