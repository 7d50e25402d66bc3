"""References to the environment, and secrets that are secrets from the moment they are read."""

import pytest

from proxy.model import Secret
from proxy.settings.document import read
from proxy.settings.environment import Data, Filled, fill, hidden, secret, variable
from proxy.settings.problem import Code, Problem
from tests.settings.tables import findings, place

ENV = {"HOST": "llm", "N": "4", "EMPTY": "", "OPENAI_API_KEY": "sk-1", "BAD": "a b"}


def filled(text: str) -> tuple[dict[str, Data], tuple[Problem, ...]]:
    found = findings(text)
    root = found.root = read(found, hidden)
    return fill(root, ENV, found), found.problems()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"${HOST}"', "llm"),
        ("${HOST}", "llm"),
        ("http://${HOST}:${N}/v1", "http://llm:4/v1"),
        ("${NOPE:-spare}", "spare"),
        ("${EMPTY:-spare}", "spare"),
        ("${HOST:-spare}", "llm"),
        ('"${NOPE:-}"', ""),
        ("${EMPTY}", ""),
        ('"${NOPE:-a: b}"', "a: b"),
        ("$5", "$5"),
        ("$small", "$small"),
    ],
)
def test_a_reference_is_filled_in(value: str, expected: str) -> None:
    data, told = filled(f"a: {value}")
    assert data == {"a": expected}
    assert told == ()
    assert isinstance(data["a"], Filled) == ("${" in value)


def test_numbers_and_lists_pass() -> None:
    assert filled("a: {b: [1, true, 1.5, x]}")[0] == {"a": {"b": [1, True, 1.5, "x"]}}


@pytest.mark.parametrize(
    ("value", "code", "reason", "mend"),
    [
        ("${NOPE}", "FL300", "no variable `NOPE`", "`${NOPE:-...}`"),
        ("${OPENAI_API_KY}", "FL300", "no variable", "did you mean `OPENAI_API_KEY`?"),
        ('"${}"', "FL301", "`${}` is not a reference", "`${NAME}`"),
        ('"${a b}"', "FL301", "`${a b}` is not a reference", "`${NAME:-default}`"),
        ('"${1}"', "FL301", "`${1}` is not a reference", "`${NAME}`"),
        ('"${HOST"', "FL301", "`${HOST` is not a reference", "`${NAME}`"),
        ('"${HOST-x}"', "FL301", "`${HOST-x}` is not a reference", "`${NAME:-default}`"),
        ("$HOST", "FL301", "without braces", 'write `"${HOST}"`'),
    ],
)
def test_a_bad_reference_is_told_at_its_place(
    value: str, code: str, reason: str, mend: str
) -> None:
    text = f"a:\n  b: {value}"
    (problem,) = filled(text)[1]
    assert problem.code == Code(code)
    assert (problem.line, problem.column) == place(text, value)
    assert reason in problem.reason
    assert mend in problem.mend


def test_two_missing_variables_of_one_value_are_both_told() -> None:
    assert len(filled("a: ${NOPE}-${NADA}")[1]) == 2


def test_keys_and_tokens_are_secrets_at_once() -> None:
    data, told = filled(
        'backends: {a: {key: "${OPENAI_API_KEY}"}}\nclients: {app: {token: "${HOST}"}}'
    )
    assert data == {
        "backends": {"a": {"key": Secret("sk-1")}},
        "clients": {"app": {"token": Secret("llm")}},
    }
    assert told == ()
    assert "sk-1" not in repr(data)


@pytest.mark.parametrize("word", ["none", "client", '"${NOPE:-none}"'])
def test_words_for_keys_are_no_secrets(word: str) -> None:
    data, told = filled(f"backends: {{a: {{key: {word}}}}}")
    assert data in (
        {"backends": {"a": {"key": "none"}}},
        {"backends": {"a": {"key": "client"}}},
    )
    assert told == ()


@pytest.mark.parametrize("literal", ["sk-literal-1", '"${NOPE:-sk-literal-1}"'])
def test_a_literal_secret_is_accepted_with_a_warning(literal: str) -> None:
    data, (problem,) = filled(f"backends: {{my-ai: {{key: {literal}}}}}")
    assert data == {"backends": {"my-ai": {"key": Secret("sk-literal-1")}}}
    assert problem.code is Code.LITERAL_KEY
    assert "${MY_AI_API_KEY}" in problem.mend
    assert "literal" not in problem.source


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("EMPTY", Code.EMPTY_KEY),
        ("BAD", Code.UNSENDABLE_KEY),
        ("NOPE", Code.MISSING_VARIABLE),
    ],
)
def test_a_secret_that_cannot_be_used_is_an_error(name: str, code: Code) -> None:
    _, (problem,) = filled(f'backends: {{a: {{key: "${{{name}}}"}}}}')
    assert problem.code is code
    assert "a b" not in str(problem)


def test_a_missing_secret_may_come_from_a_file() -> None:
    _, (problem,) = filled('clients: {a: {token: "${NOPE}"}}')
    assert "{file: path}" in problem.mend


def test_where_secrets_stand() -> None:
    assert secret(("backends", "x", "key"))
    assert secret(("clients", "x", "token"))
    assert not secret(("backends", "x", "key", "file"))
    assert not secret(("key",))
    assert hidden(("notify", 0, "url"))
    assert hidden(("backends", "x", "key", 0))
    assert not hidden(("backends", "x", "key", "file"))
    assert variable(("clients", "my-app", "token")) == "MY_APP_TOKEN"
