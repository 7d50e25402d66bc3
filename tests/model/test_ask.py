"""What a client wants."""

from proxy.model import (
    Api,
    Ask,
    Backend,
    Credential,
    CredentialKind,
    Dialect,
    Operation,
    Passed,
    Url,
)


def test_the_words_of_the_routing_table() -> None:
    assert [d.value for d in Dialect] == ["openai", "anthropic", "gemini"]
    assert {"generate", "embed", "count_tokens", "list_models", "stateful", "other"} == {
        o.value for o in Operation
    }


def test_what_became_of_a_heads_fields_never_shows() -> None:
    backend = Backend(
        name="b",
        provider="b",
        dialect=Dialect.OPENAI,
        url=Url(tls=True, host="b", port=443, path="/v1"),
        credential=Credential(kind=CredentialKind.CLIENT),
    )
    passed = Passed({("b", False): (backend, (), ((b"authorization", b"canary"),))})
    ask = Ask(
        dialect=Dialect.OPENAI,
        api=Api.CHAT,
        operation=Operation.GENERATE,
        method="POST",
        path="/",
        passed=passed,
    )
    assert "canary" not in repr(ask) + str(passed) + f"{passed}"
