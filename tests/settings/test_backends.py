"""Backends: what the catalogue gives, what the table says, what is missing."""

from pathlib import Path

import pytest
import trustme

from proxy.model import Backend, CredentialKind, Dialect, Secret, Url
from proxy.settings.problem import Code
from tests.settings.tables import BACKENDS, ROUTES, fleet, only, place, problems


def table(entry: str) -> str:
    return f"version: 1\n{BACKENDS}  x: {{{entry}}}\n{ROUTES}"


def backend(entry: str, base: Path = Path()) -> Backend:
    return fleet(table(entry), base=base).backends["x"]


def test_a_provider_brings_url_dialect_and_header() -> None:
    x = backend('provider: anthropic, key: "${KEY}"')
    assert str(x.url) == "https://api.anthropic.com/v1"
    assert x.dialect is Dialect.ANTHROPIC
    assert x.credential.headers() == ((b"x-api-key", b"sk-from-the-environment"),)
    assert x.cdn == "cloudflare"
    assert x.status_page == "https://status.claude.com"
    assert (x.name, x.provider, x.account) == ("x", "anthropic", "x")


@pytest.mark.parametrize(
    ("entry", "header"),
    [
        ("provider: openai", (b"authorization", b"Bearer sk-from-the-environment")),
        ("provider: gemini", (b"x-goog-api-key", b"sk-from-the-environment")),
        (
            "provider: azure-openai, url: https://x.openai.azure.com",
            (b"api-key", b"sk-from-the-environment"),
        ),
        (
            "provider: azure-openai, dialect: anthropic, url: https://x.azure.com/anthropic/v1",
            (b"x-api-key", b"sk-from-the-environment"),
        ),
    ],
)
def test_each_provider_has_its_header(entry: str, header: tuple[bytes, bytes]) -> None:
    assert backend(f'{entry}, key: "${{KEY}}"').credential.headers() == (header,)


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("provider: openai-compatible, url: https://h", "https://h/v1"),
        ("provider: openai-compatible, url: https://h/", "https://h/v1"),
        ("provider: openai-compatible, url: https://h/api/v3/", "https://h/api/v3"),
        ("provider: anthropic-compatible, url: https://h", "https://h/v1"),
        ("provider: gemini-compatible, url: https://h", "https://h/v1beta"),
        ("provider: azure-openai, url: https://h", "https://h/openai/v1"),
        ("provider: openai, url: https://eu.api.openai.com", "https://eu.api.openai.com/v1"),
        ("provider: deepseek, dialect: anthropic, url: https://h", "https://h/v1"),
        ("provider: perplexity", "https://api.perplexity.ai"),
        ("provider: ollama", "http://localhost:11434/v1"),
    ],
)
def test_a_url_without_a_path_gets_the_dialects_own(entry: str, url: str) -> None:
    text = table(f"{entry.replace('https://h', 'https://h.example')}, key: none")
    assert str(fleet(text).backends["x"].url) == url.replace("https://h", "https://h.example", 1)


def test_a_gateway_in_front_of_a_provider_is_not_behind_its_cdn() -> None:
    assert backend("provider: openai, url: https://gw.example.com, key: none").cdn is None
    assert backend("provider: openai, url: https://eu.api.openai.com, key: none").cdn


def test_all_that_a_table_can_say(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "corp.pem"))
    x = backend(
        "provider: openai, key: client, account: eu, models: {gpt-5: my-deployment}, "
        "headers: {X-Team: search}, max_in_flight: 200, weight: 3, "
        'proxy: "http://proxy.corp:3128/", ca: corp.pem, private: true',
        tmp_path,
    )
    assert x.account == "eu"
    assert x.models == {"gpt-5": "my-deployment"}
    assert x.headers == ((b"x-team", b"search"),)
    assert (x.max_in_flight, x.weight, x.private) == (200, 3, True)
    assert x.proxy == Url(tls=False, host="proxy.corp", port=3128, path="")
    assert x.ca == str(tmp_path / "corp.pem")


def test_the_apps_own_key_and_no_key() -> None:
    assert backend("provider: openai, key: client").credential.kind is CredentialKind.CLIENT
    assert backend("provider: openai, key: none").credential.kind is CredentialKind.NONE
    own = backend('provider: openai, key: "${KEY}"').credential
    assert own.kind is CredentialKind.OWN
    assert own.secret == Secret("sk-from-the-environment")


@pytest.mark.parametrize("proxy", ["none", '"${HTTPS_PROXY:-}"'])
def test_no_proxy(proxy: str) -> None:
    assert backend(f"provider: openai, key: none, proxy: {proxy}").proxy is None


@pytest.mark.parametrize(
    ("entry", "needle", "code", "mend"),
    [
        ("provider: opena, key: none", "opena,", Code.UNKNOWN_PROVIDER, "did you mean `openai`?"),
        ("provider: zebra, key: none", "zebra", Code.UNKNOWN_PROVIDER, "known: anthropic, "),
        ("provider: azure-openai, key: none", "x: {", Code.NO_URL, "https://host/openai/v1`"),
        ("provider: openai-compatible, key: none", "x: {", Code.NO_URL, "https://host/v1`"),
        ("provider: openai, dialect: gemini, key: none", "x: {", Code.NO_URL, "host/v1beta`"),
        (
            'provider: openai, key: none, proxy: "https://proxy:1"',
            '"https://proxy:1"',
            Code.URL,
            "`http://host:port`",
        ),
        (
            'provider: openai, key: none, proxy: "http://proxy:1/x"',
            '"http://proxy:1/x"',
            Code.URL,
            "`http://host:port`",
        ),
        ("provider: openai, key: none, ca: no.pem", "no.pem", Code.UNREADABLE_FILE, ""),
        ("provider: openai, key: {file: no.txt}", "{file", Code.UNREADABLE_FILE, "relative path"),
    ],
)
def test_what_is_missing_or_wrong(entry: str, needle: str, code: Code, mend: str) -> None:
    text = table(entry)
    problem = only(text)
    assert problem.code is code
    assert (problem.line, problem.column) == place(text, needle)
    assert mend in problem.mend


def test_several_wrongs_of_one_backend_are_told_at_once() -> None:
    text = table('provider: azure-openai, key: {file: no.txt}, ca: no.pem, proxy: "https://p"')
    assert {p.code for p in problems(text)} == {Code.NO_URL, Code.UNREADABLE_FILE, Code.URL}
    assert len(problems(text)) == 4
