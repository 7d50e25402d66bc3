"""`faultline check`: what it prints, and its exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from proxy.cli import cli
from tests.settings.tables import ENV, GOOD

BAD = GOOD + "budgets: {}\ndrain: 5\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FAULTLINE_CONFIG", raising=False)
    return tmp_path


def check(*arguments: str, env: dict[str, str] = ENV) -> Result:
    return CliRunner().invoke(cli, ["check", *arguments], env=env)


def test_a_good_table_says_where_requests_go(folder: Path) -> None:
    rest = (
        '  - {name: claude, match: {model: "claude-*", header: {x-team: a}}, tiers: [claude/x]}\n'
    )
    (folder / "t.yaml").write_text(GOOD + rest)
    result = check("--config", "t.yaml")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-3:] == [
        "t.yaml is good, 1 warning.",
        "  all     openai                        openai > spare",
        "  claude  anthropic claude-* x-team: a  claude/x",
    ]
    assert "warning[FL422]" in result.stdout


def test_a_good_table_without_warnings_is_short(folder: Path) -> None:
    (folder / "faultline.yaml").write_text(GOOD)
    result = check()
    assert result.exit_code == 0
    assert result.stdout == "faultline.yaml is good.\n  all  openai  openai > spare\n"


def test_a_bad_table_shows_each_problem_with_its_line(folder: Path) -> None:
    (folder / "t.yaml").write_text(BAD)
    result = check("--config", "t.yaml")
    assert result.exit_code == 1
    assert result.stdout.count("\n  | ^") == 1
    assert "8 | budgets: {}\n  | ^^^^^^^\n  = help: did you mean `budget`?" in result.stdout
    assert result.stdout.endswith("t.yaml is not good: 2 errors.\n")


def test_machines_get_a_list(folder: Path) -> None:
    (folder / "t.yaml").write_text(BAD)
    result = check("--config", "t.yaml", "--json")
    assert result.exit_code == 1
    first, second = json.loads(result.stdout)
    assert first == {
        "code": "FL200",
        "severity": "error",
        "file": "t.yaml",
        "line": 8,
        "column": 1,
        "where": "budgets",
        "reason": "`budgets` is not a key of the table",
        "mend": "did you mean `budget`?",
        "source": "budgets: {}",
        "caret": 0,
        "length": 7,
    }
    assert second["code"] == "FL204"


def test_machines_get_an_empty_list_for_a_good_table(folder: Path) -> None:
    (folder / "t.yaml").write_text(GOOD)
    result = check("--config", "t.yaml", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_a_table_that_is_not_there_is_bad(folder: Path) -> None:
    result = check("--config", "missing.yaml")
    assert result.exit_code == 1
    assert "error[FL100]: the table cannot be read: No such file or directory" in result.stdout


def test_the_environment_may_name_the_table(folder: Path) -> None:
    (folder / "other.yaml").write_text(GOOD)
    assert check(env=ENV | {"FAULTLINE_CONFIG": "other.yaml"}).exit_code == 0


def test_without_a_table_there_is_nothing_to_check(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.settings.load.PLACES", (Path("faultline.yaml"),))
    result = check()
    assert result.exit_code == 2
    assert "$FAULTLINE_CONFIG" in result.stderr
    assert result.stdout == ""


def test_a_wrong_command_line_is_a_usage_error(folder: Path) -> None:
    assert check("--confg", "x").exit_code == 2


def test_no_secret_is_printed(folder: Path) -> None:
    (folder / "t.yaml").write_text(
        GOOD.replace('"${SPARE}"', "sk-literal-secret") + "budgets: {}\n"
    )
    for arguments in ([], ["--json"]):
        result = check("--config", "t.yaml", *arguments)
        assert "literal-secret" not in result.output
        assert ENV["KEY"] not in result.output


def test_a_static_answer_stands_behind_the_tiers(folder: Path) -> None:
    table = GOOD.replace("[openai, spare]", "[openai, spare, {static: {text: sorry}}]")
    (folder / "faultline.yaml").write_text(table)
    assert check().stdout.endswith("  all  openai  openai > spare > a static answer\n")
