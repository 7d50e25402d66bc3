"""`faultline diagnose`: what it reads, what it explains, and its exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from proxy.cli import cli

RAW = (
    "HTTP/1.1 429 Too Many Requests\r\nDate: Thu, 28 May 2026 20:26:40 GMT\r\n"
    "Retry-After: Thu, 28 May 2026 20:27:10 GMT\r\n\r\n"
    '{"error":{"message":"Rate limit reached for gpt"}}'
)
RAY = "8f0000000000abcd-FRA"
CORPUS = """
cases:
- id: right
  provider: any
  status: 503
  headers: {retry-after: 5}
  body: ''
  stream: false
  phase: pre_headers
  verdict: {action: reroute, scope: backend}
  cause: capacity
- id: wrong
  provider: any
  status: 503
  headers: {}
  body: ''
  stream: false
  phase: pre_headers
  verdict: {action: reroute, scope: model}
  cause: origin
- id: prose
  status: null
  headers: {}
  wire: refused
  verdict: {action: reroute, scope: backend}
  cause: tcp
"""


def diagnose(*arguments: str, given: str | bytes = "") -> Result:
    return CliRunner().invoke(cli, ["diagnose", *arguments], input=given)


def test_an_answer_by_its_parts(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html><h1>502</h1><hr><center>cloudflare</center></html>")
    result = diagnose(
        "--status", "502", "--header", "server: cloudflare", "-H", f"CF-Ray: {RAY}",
        "--body", str(page),
    )  # fmt: skip
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "cdn_edge: the CDN or firewall before the provider refused or failed by itself",
        "  to blame   the provider's edge",
        "  Faultline  sends the request to the next target, and holds it against the backend",
        f"  because    Cloudflare's own page; status 502; says 'cloudflare'; ray {RAY}",
        "  signature  cloudflare-own-page",
    ]


def test_a_raw_answer_on_standard_input() -> None:
    result = diagnose(given=RAW)
    assert "leaves this model at this backend alone for 30 s" in result.stdout
    assert diagnose("-", given=RAW).stdout == result.stdout


def test_a_raw_answer_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    path.write_bytes(RAW.encode())
    assert diagnose(str(path), "--provider", "cohere").stdout.startswith("rate_limit: ")


def test_a_har_entry(tmp_path: Path) -> None:
    path = tmp_path / "entry.har"
    content = {"text": '{"error":{"type":"overloaded_error"}}'}
    path.write_text(json.dumps({"response": {"status": 529, "headers": [], "content": content}}))
    assert diagnose(str(path)).stdout.startswith("capacity: ")


def test_the_body_on_standard_input() -> None:
    result = diagnose("--status", "400", "--body", "-", given='{"error": "prompt is too long"}')
    assert result.stdout.startswith("context_length: ")
    assert "hands the answer to the app as it came" in result.stdout


def test_a_stream_of_events() -> None:
    body = 'data: {"error": {"message": "overloaded"}}\n\n'
    result = diagnose("--status", "200", "--stream", "--body", "-", given=body)
    assert result.stdout.startswith("capacity: ")


def test_a_good_answer_is_good() -> None:
    body = '{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'
    result = diagnose("--status", "200", "--body", "-", given=body)
    assert result.stdout.splitlines() == [
        "none: nothing went wrong",
        "  to blame   nobody",
        "  Faultline  relays it",
    ]


def test_for_machines() -> None:
    found = json.loads(diagnose("--json", given=RAW).stdout)
    assert found["cause"] == "rate_limit"
    assert found["scope"] == "model"
    assert found["action"] == "reroute"
    assert found["cooldown_s"] == 30.0
    assert found["signature"] == "status-429"
    assert found["fault"] == "the traffic"


def test_a_corpus(tmp_path: Path) -> None:
    path = tmp_path / "corpus.yaml"
    path.write_text(CORPUS)
    result = diagnose("--corpus", str(path), "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    cases = found.pop("cases")
    assert found == {"total": 2, "skipped": 1, "action": 2, "scope": 1, "cause": 1, "all": 1}
    assert [case["id"] for case in cases] == ["right", "wrong"]
    assert cases[1] == {
        "id": "wrong",
        "want": {"action": "reroute", "scope": "model", "cause": "origin"},
        "got": {"action": "reroute", "scope": "backend", "cause": "capacity"},
        "signature": "status-503-page",
    }
    assert diagnose("--corpus", str(path)).stdout.splitlines() == [
        "wrong: reroute backend capacity, not reroute model origin (status-503-page)",
        "Of 2 cases right: action 2, scope 1, cause 1, all 1. Skipped: 1.",
    ]


def test_the_projects_own_corpus_is_right() -> None:
    path = Path(__file__).parent.parent / "diagnosis" / "corpus.yaml"
    found = json.loads(diagnose("--corpus", str(path), "--json").stdout)
    assert found["action"] == found["scope"] == found["cause"] == found["all"] == found["total"]
    assert found["total"] + found["skipped"] == 171


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        ((), "rubbish", "status line"),
        ((), "{}", "HAR"),
        ((), "{", "ANSWER"),
        (("--status", "502", "--header", "server"), "", "is no field"),
        (("--body", "/nonexistent"), "", "No such file"),
        (("--corpus", "/nonexistent"), "", "--corpus"),
    ],
)
def test_what_cannot_be_read(arguments: tuple[str, ...], given: str, says: str) -> None:
    result = diagnose(*arguments, given=given)
    assert result.exit_code == 2
    assert says in result.output.replace("\n│ ", " ").replace("\n", " ")


def test_a_corpus_without_cases(tmp_path: Path) -> None:
    path = tmp_path / "corpus.yaml"
    path.write_text("meta: {}\n")
    result = diagnose("--corpus", str(path))
    assert result.exit_code == 2
    assert "cases" in result.output
