"""Where a key may go, as far as a table shows it."""

import pytest

from proxy.settings.problem import Code
from tests.settings.tables import BACKENDS, ROUTES, only, place, problems


def table(url: str, more: str = "") -> str:
    backend = f"  x: {{provider: openai-compatible, url: {url}, key: none{more}}}\n"
    return f"version: 1\n{BACKENDS}{backend}{ROUTES}"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/v1",
        "http://api.localhost/v1",
        "http://127.0.0.1:8000/v1",
        "http://10.0.0.7:8000/v1",
        "http://192.168.1.2/v1",
        '"http://[::1]:8000/v1"',
        '"http://[fd00::1]/v1"',
        "https://llm.example.com/v1",
        "https://8.8.8.8/v1",
    ],
)
def test_local_addresses_and_encrypted_ones_need_no_word(url: str) -> None:
    assert problems(table(url)) == ()


@pytest.mark.parametrize(
    ("url", "code", "reason"),
    [
        ("http://llm.example.com/v1", Code.PLAIN_HTTP, "`llm.example.com` in the clear"),
        ("http://8.8.8.8/v1", Code.PLAIN_HTTP, "`8.8.8.8` in the clear"),
        ("http://vllm:8000/v1", Code.NEEDS_PRIVATE, "`vllm` looks like a name of the local"),
        ("https://llm.svc/v1", Code.NEEDS_PRIVATE, "`llm.svc` looks like"),
        ("http://gpu.local/v1", Code.NEEDS_PRIVATE, "`gpu.local` looks like"),
        ("http://169.254.169.254/v1", Code.FORBIDDEN_HOST, "no place for a key"),
        ("http://metadata.google.internal/v1", Code.FORBIDDEN_HOST, "no place for a key"),
        ("http://100.100.100.200/v1", Code.FORBIDDEN_HOST, "no place for a key"),
        ('"http://[fd00:ec2::254]/v1"', Code.FORBIDDEN_HOST, "no place for a key"),
        ('"http://[fe80::1]/v1"', Code.FORBIDDEN_HOST, "no place for a key"),
        ("http://224.0.0.1/v1", Code.FORBIDDEN_HOST, "no place for a key"),
        ("http://0.0.0.0:8000/v1", Code.FORBIDDEN_HOST, "an address to listen on"),
        ('"http://[::]:8000/v1"', Code.FORBIDDEN_HOST, "an address to listen on"),
        ("http://localhost:8080/v1", Code.FORBIDDEN_HOST, "is this Faultline itself"),
        ("http://127.0.0.1:8081/v1", Code.FORBIDDEN_HOST, "is this Faultline itself"),
        ('"http://[::1]:8080/v1"', Code.FORBIDDEN_HOST, "is this Faultline itself"),
    ],
)
def test_doubtful_hosts_are_told_at_the_url(url: str, code: Code, reason: str) -> None:
    text = table(url)
    problem = only(text)
    assert problem.code is code
    assert reason in problem.reason
    assert (problem.line, problem.column) == place(text, url)
    assert problem.mend


@pytest.mark.parametrize("url", ["http://vllm:8000/v1", "http://llm.corp.example/v1"])
def test_a_host_of_the_own_network_is_declared(url: str) -> None:
    assert problems(table(url, ", private: true")) == ()


def test_private_opens_no_metadata_service() -> None:
    text = table("http://169.254.169.254/v1", ", private: true")
    assert only(text).code is Code.FORBIDDEN_HOST


def test_the_providers_own_url_is_looked_at_too() -> None:
    text = table("x").replace("openai-compatible, url: x", "llama.cpp")
    assert "is this Faultline itself" in only(text).reason
