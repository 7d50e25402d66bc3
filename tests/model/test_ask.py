"""What a client wants."""

import dataclasses

import pytest

from proxy.model import Api, Ask, Dialect, Operation


def test_an_ask_is_frozen() -> None:
    ask = Ask(
        dialect=Dialect.OPENAI,
        api=Api.CHAT,
        operation=Operation.GENERATE,
        method="POST",
        path="/v1/chat/completions",
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        ask.model = "other"  # type: ignore[misc]


def test_the_words_of_the_routing_table() -> None:
    assert [d.value for d in Dialect] == ["openai", "anthropic", "gemini"]
    assert {"generate", "embed", "count_tokens", "list_models", "stateful", "other"} == {
        o.value for o in Operation
    }
