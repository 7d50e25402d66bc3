"""The catalogue: complete, strict, and each entry good for a backend."""

from importlib.resources import files

import pytest

from proxy.model import Dialect
from proxy.settings.catalogue import FILE, auth, path, providers
from tests.settings.tables import fleet

KNOWN = {
    "openai",
    "anthropic",
    "gemini",
    "azure-openai",
    "openai-compatible",
    "openrouter",
    "groq",
    "mistral",
    "deepseek",
    "xai",
    "together",
    "fireworks",
    "perplexity",
    "ollama",
    "vllm",
    "lmstudio",
    "cohere",
    "cerebras",
}


def test_the_usual_providers_are_in_it() -> None:
    assert set(providers()) >= KNOWN


@pytest.mark.parametrize("name", list(providers()))
def test_each_provider_makes_a_backend(name: str) -> None:
    provider = providers()[name]
    url = "" if provider.url else "url: https://host.example, "
    port = 9080 if name == "llama.cpp" else 8080
    text = (
        f"version: 1\nlisten: localhost:{port}\n"
        f'backends: {{x: {{provider: {name}, {url}key: "${{KEY}}"}}}}\n'
        "routes: [{name: all, tiers: [x]}]\n"
    )
    backend = fleet(text).backends["x"]
    assert backend.dialect is provider.dialect
    assert backend.credential.headers()


def test_each_provider_names_its_source() -> None:
    lines = files("proxy.settings").joinpath(FILE).read_text().splitlines()
    for number, line in enumerate(lines):
        if line and line[0] not in " #" and not line.endswith("-compatible:"):
            assert lines[number - 1].startswith("# "), line


def test_providers_with_a_key_say_where_people_keep_it() -> None:
    local = {"ollama", "vllm", "lmstudio", "llama.cpp"}
    for name, provider in providers().items():
        compatible = name.endswith("-compatible")
        assert bool(provider.env) is not (compatible or name in local), name
        assert provider.url is None or provider.url.tls or name in local, name
        assert provider.twin is None or provider.twin in providers(), name


@pytest.mark.parametrize(
    ("dialect", "header", "prefix", "base"),
    [
        (Dialect.OPENAI, "authorization", "Bearer ", "/v1"),
        (Dialect.ANTHROPIC, "x-api-key", "", "/v1"),
        (Dialect.GEMINI, "x-goog-api-key", "", "/v1beta"),
    ],
)
def test_each_dialect_has_its_header_and_path(
    dialect: Dialect, header: str, prefix: str, base: str
) -> None:
    found = auth(providers()["openai-compatible"], dialect)
    assert (found.header, found.prefix) == (header, prefix)
    assert path(providers()["openai-compatible"], dialect) == base


def test_azure_has_its_own() -> None:
    azure = providers()["azure-openai"]
    assert auth(azure, Dialect.OPENAI).header == "api-key"
    assert auth(azure, Dialect.ANTHROPIC).header == "x-api-key"
    assert path(azure, Dialect.OPENAI) == "/openai/v1"
    assert path(azure, Dialect.ANTHROPIC) == "/v1"
