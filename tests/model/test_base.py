"""Units, header fields and secrets."""

import pickle
from dataclasses import field, fields, replace

import pytest

from proxy.model import Secret, changed, header, noun

HEADERS = ((b"Content-Type", b"text/html"), (b"content-type", b"second"), (b"X", b""))


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"content-type", b"text/html"), (b"x", b""), (b"absent", None)],
)
def test_header_finds_the_first_value_in_any_letter_case(name: bytes, value: bytes | None) -> None:
    assert header(HEADERS, name) == value


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("sk-canary")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", f"{secret!r}", "%s" % secret]  # noqa: UP031
    assert set(shown) == {"***"}
    assert secret.reveal() == "sk-canary"


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("sk-canary"))


def test_secrets_compare_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1


@noun
class Pair:
    """Two numbers."""

    first: int
    second: int = 2

    @property
    def total(self) -> int:
        return self.first + self.second


def test_a_noun_is_slotted_keyword_only_and_compares_by_value() -> None:
    assert Pair(first=1) == Pair(first=1, second=2)
    assert len({Pair(first=1), Pair(first=1)}) == 1
    assert not hasattr(Pair(first=1), "__dict__")
    with pytest.raises(TypeError):
        Pair(1)  # type: ignore[call-arg]


def test_a_noun_is_frozen_and_what_is_replaced_makes_another() -> None:
    pair = Pair(first=1)
    with pytest.raises(AttributeError):
        pair.first = 3  # type: ignore[misc]
    assert (replace(pair, first=3), pair) == (Pair(first=3), Pair(first=1))
    assert (changed(pair, first=3), pair) == (Pair(first=3), Pair(first=1))
    with pytest.raises(TypeError):
        changed(pair, third=3)
    assert [each.name for each in fields(Pair)] == ["first", "second"]


def test_a_noun_keeps_what_its_class_says_and_does() -> None:
    assert (Pair.__doc__, Pair.__module__) == ("Two numbers.", __name__)
    assert Pair(first=1).total == 3
    assert repr(Pair(first=1)) == "Pair(first=1, second=2)"


@pytest.mark.parametrize("hidden", [field(repr=False), field(default_factory=tuple)])
def test_a_noun_hides_no_field_and_makes_no_default(hidden: object) -> None:
    class Odd:
        """Not to be."""

        first: object = hidden

    with pytest.raises(AssertionError):
        noun(Odd)
