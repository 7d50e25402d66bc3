"""What a client wants."""

from proxy.model import Dialect, Operation


def test_the_words_of_the_routing_table() -> None:
    assert [d.value for d in Dialect] == ["openai", "anthropic", "gemini"]
    assert {"generate", "embed", "count_tokens", "list_models", "stateful", "other"} == {
        o.value for o in Operation
    }
