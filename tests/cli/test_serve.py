"""`faultline serve`: what it says before it serves (the rest is in tests/e2e/test_process.py)."""

import socket
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from proxy.cli import cli
from proxy.cli.serve import NO_ADDRESS
from proxy.cli.table import BAD_TABLE

TABLE = """\
version: 1
listen: "127.0.0.1:{port}"
console: none
backends:
  p: {{provider: openai-compatible, url: "http://127.0.0.1:9", key: none}}
routes:
  - name: all
    tiers: [p]
"""


def test_help_names_the_exit_codes() -> None:
    said = CliRunner().invoke(cli, ["serve", "--help"]).output
    assert "--config" in said
    assert "Ends with 1" in said


def test_a_bad_table_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "table.yaml"
    path.write_text("version: 2\n")
    ended = CliRunner().invoke(cli, ["serve", "--config", str(path)])
    assert ended.exit_code == BAD_TABLE
    assert "table.yaml:1:" in ended.stderr


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        path = tmp_path / "table.yaml"
        path.write_text(TABLE.format(port=taken.getsockname()[1]))
        with (tmp_path / "out").open("wb") as out:
            ended = subprocess.run(
                [sys.executable, "-m", "proxy", "serve", "--config", str(path)],
                stdout=out,
                stderr=subprocess.PIPE,
                timeout=30,
                check=False,
            )
    assert ended.returncode == NO_ADDRESS
    assert b"cannot listen" in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert b"stopped" not in (tmp_path / "out").read_bytes(), "what never started does not stop"
