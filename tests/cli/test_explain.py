"""`faultline explain`: the screen, the options, the exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from proxy.cli import cli
from tests.cli.test_explanation import ENV, TABLE

SCREEN = """\
POST /v1/chat/completions  gpt-5, stream
read as generate of the openai dialect

Route
  -  narrow  does not: it wants model o3*  t.yaml:16
  ✓  chat    takes it                      t.yaml:18

Targets
  1  a               fails    tier 1: first in the table's order                 t.yaml:21
  2  b               answers  tier 1: an equal of a                              t.yaml:21
  3  c/openai/gpt-5  spare    tier 2: the only one of its tier; tier 1 is spent  t.yaml:22

Request to b
  POST     https://eu.test/openai/v1/chat/completions
  model    my-gpt-5, where gpt-5 is asked for
  removes  Cookie
  adds     via: 1.1 faultline
           accept-encoding: identity
           x-team: ***
           x-api-token: ***
           api-key: ***

Limits of a streamed answer
  head      20 s    t.yaml:23
  stall     90 s    t.yaml:12
  total     60 s    t.yaml:23
  patience  1 s     t.yaml:24
  replay    always  t.yaml:13
  defaults  connect 3 s, tls 5 s, first_content 120 s, client_stall 120 s, attempts 4
            balance first, sticky auto, hedge none, resume none
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.yaml").write_text(TABLE)
    return tmp_path / "t.yaml"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["explain", "--config", "t.yaml", *arguments], env=ENV)


def test_the_screen_tells_the_whole_story(file: Path) -> None:
    result = run("--model", "gpt-5", "--down", "a", "--stream", "--header", "Cookie: a=b")
    assert result.exit_code == 0
    assert result.stdout == SCREEN


def test_a_refusal_ends_with_1(file: Path) -> None:
    result = run("--model", "gpt-5", "--down", "a", "--down", "b", "--down", "c")
    assert result.exit_code == 1
    assert "Refused: all_backends_failed." in result.stdout
    assert "Request to" not in result.stdout
    assert run("--path", "/v1/messages").exit_code == 1
    assert "no route takes it" in run("--path", "/v1/messages").stdout
    assert run("--path", "/v1/..").exit_code == 1


def test_machines_get_json(file: Path) -> None:
    result = run("--model", "gpt-5", "--json")
    told = json.loads(result.stdout)
    assert (told["route"], told["refused"]) == ("chat", "")
    assert [step["fate"] for step in told["steps"]] == ["answers", "spare", "spare"]
    assert "canary" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--down", "aa"), "no backend `aa`"),
        (("--header", "nothing"), "is not `name: value`"),
        (("--header", "a: b\nc: d"), "is not `name: value`"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    file: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())


def test_a_bad_table_ends_with_1(file: Path) -> None:
    file.write_text(TABLE + "nonsense: 1\n")
    result = run()
    assert result.exit_code == 1
    assert "nonsense" in result.stderr


def test_a_call_that_no_route_knows_is_explained_too(file: Path) -> None:
    file.write_text(TABLE.replace("  - name: rest\n    tiers: [a, b]\n", ""))
    result = run("--path", "/v1/files", "--method", "get")
    assert result.exit_code == 0
    assert "without failover" in result.stdout


def test_a_static_text_is_an_answer(file: Path) -> None:
    file.write_text(TABLE.replace("- [c/openai/gpt-5]", "- {static: {text: sorry}}"))
    result = run("--model", "gpt-5", "--down", "a", "--down", "b")
    assert result.exit_code == 0
    assert "Answered instead, as a static text: sorry" in result.stdout
