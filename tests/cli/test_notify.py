"""`faultline notify`: who is told, whether they hear, and not a word of their addresses."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxy.cli import cli
from proxy.cli.notify import NOBODY, NOT_HEARD
from tests.settings.tables import GOOD

HEARD: list[bytes] = []


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        HEARD.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(404 if "gone" in self.path else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    HEARD.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run(tmp_path: Path, notify: str, *options: str, **env: str) -> tuple[int, str]:
    table = tmp_path / "faultline.yaml"
    table.write_text(f"{GOOD}{notify}\n")
    keys = {"KEY": "sk-1", "SPARE": "sk-2"}
    result = CliRunner().invoke(
        cli, ["notify", "--config", str(table), *options], env=keys | env, catch_exceptions=False
    )
    return result.exit_code, result.output


BOTH = 'notify: [{kind: slack, to: "${A}"}, {kind: webhook, to: "${B}", impact: major}]'


def test_without_test_nothing_is_sent(tmp_path: Path, url: str) -> None:
    code, said = run(tmp_path, BOTH, A=f"{url}/Canary4Hunter2", B=url)
    assert code == 0
    assert said.splitlines() == [
        "notify[0]  slack      from impact none on",
        "notify[1]  webhook    from impact major on",
    ]
    assert HEARD == []


def test_each_hears_a_test_message_or_it_is_said_why_not(tmp_path: Path, url: str) -> None:
    code, said = run(tmp_path, BOTH, "--test", A=f"{url}/a", B=f"{url}/gone/Canary4Hunter2")
    assert code == NOT_HEARD
    assert said.splitlines() == [
        "notify[0]  slack      has taken the test message",
        "notify[1]  webhook    failed: it answered 404",
    ]
    assert len(HEARD) == 2
    assert run(tmp_path, BOTH, "--test", A=url, B=url)[0] == 0


def test_a_table_that_tells_nobody_says_so(tmp_path: Path) -> None:
    code, said = run(tmp_path, "")
    assert code == NOBODY
    assert "no `notify`" in said


def test_a_bad_table_is_shown(tmp_path: Path) -> None:
    code, said = run(tmp_path, BOTH, A="nonsense", B="https://hooks.example")
    assert code == NOT_HEARD
    assert "not the URL of a webhook" in said
    assert "nonsense" not in said
