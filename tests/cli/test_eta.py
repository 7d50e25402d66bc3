"""`faultline eta`."""

import json
from importlib import resources
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from proxy.cli import cli
from proxy.report.outages import PUBLISHED


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


def record(path: Path, *rows: str, columns: str = "provider,started_at,minutes,cause") -> str:
    path.write_text("\n".join([columns, *rows]))
    return str(path)


def test_a_history_of_ones_own_joins_the_published_one(tmp_path: Path) -> None:
    rows = [f"openai,2026-01-{day}T00:00Z,0.{day},capacity" for day in range(10, 30)]
    mine = record(tmp_path / "mine.csv", *rows)
    told = eta("--provider", "openai", "--elapsed", "0s", "--history", mine, "--json")
    found = json.loads(told.stdout)
    assert "20 times before (mine.csv)" in found["basis"]
    assert "ICPE 2025" in found["basis"]
    assert found["median_s"] < 60


def test_only_what_fits_the_question_counts(tmp_path: Path) -> None:
    rows = ("openai,2026-01-01T00:00Z,0.3,capacity", "other,2026-01-01T00:00Z,0.3,")
    mine = record(tmp_path / "mine.csv", *rows * 10)
    arguments = ("--provider", "openai", "--elapsed", "10s", "--history", mine)
    assert "10 times before" in eta(*arguments, "--cause", "capacity").stdout
    assert "before (" not in eta(*arguments, "--cause", "tcp").stdout


def test_what_was_published_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text((resources.files("proxy.report") / "data" / PUBLISHED).read_text())
    arguments = ("--provider", "anthropic", "--elapsed", "0s", "--json")
    assert eta(*arguments, "--history", str(file)).stdout == eta(*arguments).stdout


def test_a_wrong_history_is_told_once(tmp_path: Path) -> None:
    file = record(tmp_path / "mine.csv", "openai,2026-01-01T00:00Z,-1,")
    told = eta("--provider", "openai", "--elapsed", "1m", "--history", file)
    assert told.exit_code == 2
    assert told.output.count("mine.csv") == 1
    assert "line 2: an outage has a start" in " ".join(told.output.split())


def test_what_the_provider_told_is_a_source() -> None:
    arguments = ("--provider", "openai", "--elapsed", "5s", "--cause", "rate_limit")
    assert eta(*arguments).stdout.startswith("Unknown: ")
    told = eta(*arguments, "--told", "30s", "--json")
    assert json.loads(told.stdout)["low_s"] > 30


def test_a_provider_is_known_in_any_letter_case() -> None:
    known, meant = (eta("--provider", name, "--elapsed", "1h") for name in ("openai", "OpenAI"))
    assert known.stdout == meant.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--elapsed", "15"), "is not a length of time"),
        (("--elapsed", "15m", "--cause", "gremlins"), "gremlins"),
        (("--elapsed", "15m", "--history", "/nonexistent.csv"), "nonexistent.csv"),
        (("--elapsed", "15m", "--told", "soon"), "is not a length of time"),
    ],
)
def test_a_wrong_command_line_is_told(arguments: tuple[str, ...], said: str) -> None:
    told = eta("--provider", "openai", *arguments)
    assert told.exit_code == 2
    assert said in " ".join(told.output.split())
