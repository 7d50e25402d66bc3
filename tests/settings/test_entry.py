"""A secret in a table: from the environment or a file, never a bare word."""

import pytest
from pydantic import ValidationError

from proxy.model import Secret
from proxy.settings.entry import Entry, Key, MaybeToken, SecretFile, Token


class Sample(Entry):
    key: Key = "none"
    token: Token = Secret("x")
    maybe: MaybeToken = None


@pytest.mark.parametrize("name", ["key", "token", "maybe"])
def test_a_secret_or_its_file(name: str) -> None:
    secret, file = Secret("s"), {"file": "f"}
    assert getattr(Sample.model_validate({name: secret}), name) == secret
    assert getattr(Sample.model_validate({name: file}), name) == SecretFile(file="f")


@pytest.mark.parametrize(
    ("name", "value"),
    [("key", "sk-1"), ("token", "none"), ("maybe", "none"), ("maybe", 5), ("key", None)],
)
def test_nothing_else(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match="is not a"):
        Sample.model_validate({name: value})


def test_a_key_may_be_a_word_and_a_maybe_nothing() -> None:
    sample = Sample(key="client", maybe=None)
    assert (sample.key, sample.maybe) == ("client", None)
