"""The routing table's nouns."""

from dataclasses import replace

import pytest

from proxy.model import (
    Address,
    Backend,
    Credential,
    CredentialKind,
    Dialect,
    Secret,
    Target,
    Url,
)

URL = Url(tls=True, host="api.openai.com", port=443, path="/v1")


def backend(**models: str) -> Backend:
    return Backend(
        name="openai",
        provider="openai",
        dialect=Dialect.OPENAI,
        url=URL,
        credential=Credential(kind=CredentialKind.OWN, secret=Secret("sk-canary")),
        models=models,
    )


@pytest.mark.parametrize(
    ("url", "text", "authority"),
    [
        (URL, "https://api.openai.com/v1", "api.openai.com"),
        (Url(tls=False, host="vllm", port=8000, path=""), "http://vllm:8000", "vllm:8000"),
        (Url(tls=False, host="::1", port=80, path="/x"), "http://[::1]/x", "[::1]"),
        (Url(tls=False, host="a", port=443, path=""), "http://a:443", "a:443"),
    ],
)
def test_a_url_says_its_authority(url: Url, text: str, authority: str) -> None:
    assert (str(url), url.authority) == (text, authority)


@pytest.mark.parametrize(
    ("address", "loopback", "text"),
    [
        (Address(port=8080), True, "localhost:8080"),
        (Address(host="127.0.0.2", port=1), True, "127.0.0.2:1"),
        (Address(host="::1", port=1), True, "[::1]:1"),
        (Address(host="0.0.0.0", port=1), False, "0.0.0.0:1"),
        (Address(unix="/run/f.sock"), True, "unix:/run/f.sock"),
    ],
)
def test_an_address_knows_who_can_reach_it(address: Address, loopback: bool, text: str) -> None:
    assert (address.loopback, str(address)) == (loopback, text)


@pytest.mark.parametrize(
    ("models", "named", "asked", "served"),
    [
        ({}, None, "gpt-5", "gpt-5"),
        ({"gpt-5": "deployment"}, None, "gpt-5", "deployment"),
        ({}, "qwen", "gpt-5", "qwen"),
        ({"qwen": "q3"}, "qwen", "gpt-5", "q3"),
        ({}, None, None, None),
    ],
)
def test_the_model_that_a_target_serves(
    models: dict[str, str], named: str | None, asked: str | None, served: str | None
) -> None:
    assert Target(backend=backend(**models), model=named).served_model(asked) == served


def test_a_target_is_said_as_in_the_table() -> None:
    assert str(Target(backend=backend())) == "openai"
    assert str(Target(backend=backend(), model="qwen/3")) == "openai/qwen/3"


def test_only_an_own_key_adds_a_header_and_it_never_shows_in_a_repr() -> None:
    own = backend()
    assert own.credential.headers() == ((b"authorization", b"Bearer sk-canary"),)
    assert Credential(kind=CredentialKind.CLIENT).headers() == ()
    assert "canary" not in repr(own)


def test_a_way_of_speaking_is_no_vendor() -> None:
    known, other = backend(), replace(backend(), provider="openai-compatible")
    assert known.vendor == "openai"
    assert other.vendor == "api.openai.com"
    elsewhere = replace(other, url=Url(tls=False, host="vllm", port=8000, path="/v1"))
    assert other.vendor != elsewhere.vendor == "vllm:8000"


def test_what_a_backend_adds_to_requests_never_shows() -> None:
    made = replace(backend(), headers=((b"x-team", b"sk-canary"),))
    assert "sk-canary" not in f"{made} {Target(backend=made)!r}"
