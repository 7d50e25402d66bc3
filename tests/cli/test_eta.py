"""`faultline eta`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from proxy.cli import cli


def eta(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["eta", *arguments])


def test_machines_get_seconds_that_remain() -> None:
    told = eta("--provider", "openai", "--elapsed", "15m", "--cause", "capacity", "--json")
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert list(found) == ["low_s", "median_s", "high_s", "confidence", "basis"]
    assert 0 < found["low_s"] < found["median_s"] < found["high_s"]
    assert found["confidence"] == 0.8


def test_people_get_a_sentence() -> None:
    told = eta("--provider", "anthropic", "--elapsed", "2h")
    assert told.exit_code == 0
    assert told.stdout.startswith("Over in ")
    assert "80% sure" in told.stdout
    assert "Basis: " in told.stdout


def test_unknown_is_an_answer() -> None:
    arguments = ("--provider", "openai", "--elapsed", "15m", "--cause", "quota")
    told = eta(*arguments, "--json")
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert (found["low_s"], found["median_s"], found["high_s"]) == (None, None, None)
    assert "quota" in found["basis"]
    assert eta(*arguments).stdout.startswith("Unknown: ")


def test_a_history_of_ones_own_is_what_it_rests_on(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    lines = [f"mine,2024-01-{day:02}T00:00Z,{day}" for day in range(1, 29)]
    path.write_text("\n".join(["provider,started_at,minutes", *lines]))
    told = eta("--provider", "mine", "--elapsed", "0s", "--history", str(path), "--json")
    found = json.loads(told.stdout)
    assert "28 outages of this provider lasted (mine.csv)" in found["basis"]
    assert found["high_s"] < 3600


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--elapsed", "15"), "is not a length of time"),
        (("--elapsed", "15m", "--cause", "gremlins"), "gremlins"),
        (("--elapsed", "15m", "--history", "/nonexistent.csv"), "nonexistent.csv"),
    ],
)
def test_a_wrong_command_line_is_told(arguments: tuple[str, ...], said: str) -> None:
    told = eta("--provider", "openai", *arguments)
    assert told.exit_code == 2
    assert said in " ".join(told.output.split())
