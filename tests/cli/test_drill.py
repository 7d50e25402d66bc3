"""`faultline drill`: what it asks the console for, and what it says."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner, Result

from proxy.cli import cli

TABLE = """\
version: 1
console: {console}
clients: {{search: {{token: "${{TOKEN}}"}}}}
backends:
  p: {{provider: openai-compatible, url: "http://127.0.0.1:9", key: none}}
routes:
  - name: all
    tiers: [p]
"""
ENV = {"TOKEN": "token-canary-in-the-table", "FAULTLINE_TOKEN": ""}


@dataclass
class Console:
    """Answers as it is told to, and keeps what it was asked."""

    status: int
    said: bytes = b""
    url: str = ""
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)


@contextmanager
def console(status: int, said: bytes = b"") -> Iterator[Console]:
    here = Console(status, said)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            shown = self.headers.get("authorization", "")
            here.asked.append((self.command, self.path, shown, body))
            self.send_response(here.status)
            self.end_headers()
            self.wfile.write(here.said)

        do_DELETE = do_POST  # noqa: N815 - the name that the library looks for

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def drill(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(cli, ["drill", *arguments], env=ENV | env)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "t.yaml"


def test_the_console_and_the_token_are_those_of_the_table(table: Path) -> None:
    with console(201) as here:
        table.write_text(TABLE.format(console=f'"{here.url.removeprefix("http://")}"'))
        result = drill("p", "--fault", "silence", "--for", "2m", "--config", str(table))
    assert result.exit_code == 0
    ((method, path, shown, body),) = here.asked
    assert (method, path, shown) == ("POST", "/api/drills", f"Bearer {ENV['TOKEN']}")
    assert json.loads(body) == {"backend": "p", "fault": "silence", "seconds": 120.0}
    assert "p plays silence for 120 s" in result.output
    assert "canary" not in result.output


def test_a_token_of_the_environment_needs_no_table() -> None:
    with console(204) as here:
        result = drill("a/b", "--end", "--url", here.url, FAULTLINE_TOKEN="other")
    assert here.asked == [("DELETE", "/api/drills/a%2Fb", "Bearer other", "")]
    assert (result.exit_code, result.output) == (0, "The drill at a/b is over.\n")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b'{"error": "no drill runs there"}', "no drill: no drill runs there"),
        (b"Faultline: a drill needs one of the tokens.\n", "no drill: a drill needs one of"),
        (b'["odd"]', 'no drill: ["odd"]'),
    ],
)
def test_a_refusal_is_said_and_ends_with_1(said: bytes, told: str) -> None:
    with console(404, said) as here:
        result = drill("p", "--url", here.url, FAULTLINE_TOKEN="other")
    assert result.exit_code == 1
    assert told in result.stderr


def test_nobody_there_ends_with_1() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = drill("p", "--url", url, FAULTLINE_TOKEN="other")
    assert result.exit_code == 1
    assert "does not answer" in result.stderr


def test_without_a_token_nothing_is_asked(table: Path) -> None:
    text = TABLE.format(console="localhost:1").replace("clients", "#")
    table.write_text(text)
    result = drill("p", "--config", str(table))
    assert result.exit_code == 1
    assert "needs a token" in result.stderr


def test_a_bad_table_ends_with_1(table: Path) -> None:
    table.write_text(TABLE.format(console="localhost:1") + "nonsense: 1\n")
    url = "http://127.0.0.1:1"
    result = drill("p", "--config", str(table), "--url", url)
    assert result.exit_code == 1
    assert "nonsense" in result.stderr


@pytest.mark.parametrize("wrong", [("--fault", "fire"), ("--for", "soon")])
def test_a_wrong_command_line_ends_with_2(wrong: tuple[str, str]) -> None:
    assert drill("p", *wrong, FAULTLINE_TOKEN="x").exit_code == 2
