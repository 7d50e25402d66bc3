"""The container's own probe."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from proxy.cli.healthcheck import UNHEALTHY, check, console_url

TABLE = """\
version: 1
console: {console}
backends:
  p: {{provider: openai-compatible, url: "http://127.0.0.1:9", key: none}}
routes:
  - name: all
    tiers: [p]
"""


@contextmanager
def answering(status: int) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, UNHEALTHY)])
def test_readiness_is_the_exit_code(
    status: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(status) as url:
        assert check(url) == code
    assert ("not ready" in capsys.readouterr().err) is (code != 0)


def test_nobody_there_is_unhealthy_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert check(f"http://127.0.0.1:{taken.getsockname()[1]}") == UNHEALTHY
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("console", "url"),
    [
        ("localhost:8081", "http://localhost:8081"),
        ('"[::1]:9000"', "http://[::1]:9000"),
    ],
)
def test_the_table_says_where_to_ask(tmp_path: Path, console: str, url: str) -> None:
    path = tmp_path / "table.yaml"
    path.write_text(TABLE.format(console=console))
    assert console_url(path) == url
