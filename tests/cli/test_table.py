"""Where a command gets its table from."""

from pathlib import Path

import pytest
import typer

from proxy.cli.table import NO_TABLE, complain, loader_for
from proxy.settings.problem import SettingsError

TABLE = """\
version: 1
backends:
  p: {provider: openai-compatible, url: "http://127.0.0.1:9", key: none}
routes:
  - tiers: [p]
    name: all
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("FAULTLINE_CONFIG", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_a_named_file_is_read_anew_at_each_call(tmp_path: Path) -> None:
    path = tmp_path / "table.yaml"
    path.write_text(TABLE)
    loader = loader_for(path)
    assert loader().fleet.routes[0].name == "all"
    path.write_text(TABLE.replace("name: all", "name: other"))
    assert loader().fleet.routes[0].name == "other"


def test_the_file_of_this_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "faultline.yaml").write_text(TABLE)
    assert loader_for(None)().fleet.routes[0].name == "all"


def test_keys_of_the_environment_make_a_table_which_is_printed_without_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0815")
    assert "openai" in loader_for(None)().fleet.backends
    said = capsys.readouterr().err
    assert "provider: openai" in said
    assert "canary" not in said


def test_with_nothing_to_load_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        loader_for(None)
    assert ended.value.exit_code == NO_TABLE
    said = capsys.readouterr().err
    assert "no routing table" in said
    assert "OPENAI_API_KEY" in said
    assert "faultline demo" in said


def test_problems_are_shown_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "table.yaml"
    path.write_text("bakends: {}\n" + TABLE)
    with pytest.raises(SettingsError) as refused:
        loader_for(path)()
    complain(refused.value.problems)
    said = capsys.readouterr().err
    assert "table.yaml:1:1" in said
    assert "did you mean `backends`?" in said


def test_no_problems_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    complain(())
    assert capsys.readouterr().err == ""
