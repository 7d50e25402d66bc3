"""A table for somebody who has none, and the lines that point an app at it."""

from pathlib import Path

import pytest

from proxy.model import Fleet
from proxy.settings.catalogue import providers
from proxy.settings.discover import discover, exports
from proxy.settings.load import loads
from proxy.settings.problem import Code
from tests.settings.tables import GOOD, fleet

AZURE = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com/"}
ALL = AZURE | {variable: "k" for provider in providers().values() for variable in provider.env}


def table(env: dict[str, str]) -> str:
    text = discover(env)
    assert text is not None
    return text


def made(env: dict[str, str]) -> Fleet:
    """The fleet of the discovered table; a route without fallback is all it may be warned of."""
    loaded = loads(table(env), name="environment", env=env, base=Path())
    assert {warning.code for warning in loaded.warnings} <= {Code.NO_FALLBACK}
    return loaded.fleet


def routes(env: dict[str, str]) -> list[tuple[str, str | None, str]]:
    return [
        (str(route.match.dialect), route.match.model, " > ".join(str(t[0]) for t in route.tiers))
        for route in made(env).routes
    ]


@pytest.mark.parametrize(
    "env", [{}, {"PATH": "/bin"}, {"OPENAI_API_KEY": ""}, {"OPENAI_API_KEY": " "}]
)
def test_without_a_key_there_is_no_table(env: dict[str, str]) -> None:
    assert discover(env) is None


@pytest.mark.parametrize("variable", sorted(ALL))
def test_each_key_alone_makes_a_table(variable: str) -> None:
    env = {variable: "k"} | (AZURE if variable.startswith("AZURE") else {})
    assert len(made(env).backends) == 1


def test_all_keys_together_make_a_table() -> None:
    fleet = made(ALL)
    assert {route.match.dialect for route in fleet.routes} == {"openai", "anthropic", "gemini"}
    assert len(fleet.backends) == sum(bool(provider.env) for provider in providers().values())


def test_the_table_reads_as_a_person_would_write_it() -> None:
    assert table({"OPENAI_API_KEY": "sk-1"} | AZURE) == (
        "# Made by Faultline of the keys in the environment; "
        "save it as faultline.yaml to change it.\n"
        "version: 1\n"
        "backends:\n"
        '  openai: {provider: openai, key: "${OPENAI_API_KEY}"}\n'
        '  azure-openai: {provider: azure-openai, url: "${AZURE_OPENAI_ENDPOINT}", '
        'key: "${AZURE_OPENAI_API_KEY}"}\n'
        "routes:\n"
        "  - {name: openai, match: {dialect: openai}, tiers: [openai, azure-openai]}\n"
    )


def test_no_key_stands_in_the_table() -> None:
    assert "sk-secret" not in table(dict.fromkeys(ALL, "sk-secret") | AZURE)


def test_a_model_goes_to_whom_its_name_tells_and_nowhere_else() -> None:
    env = dict.fromkeys(["OPENAI_API_KEY", "DEEPSEEK_API_KEY", "XAI_API_KEY"], "k")
    assert routes(env) == [
        ("openai", "deepseek-*", "deepseek"),
        ("openai", "grok-*", "xai"),
        ("openai", None, "openai"),
    ]


def test_of_two_that_names_do_not_tell_apart_the_first_is_used_and_the_other_named() -> None:
    env = {"OPENROUTER_API_KEY": "k", "TOGETHER_API_KEY": "k", "CEREBRAS_API_KEY": "k"}
    assert routes(env) == [("openai", None, "openrouter")]
    assert "# together is in no route yet: add one that names it\n" in table(env)
    assert "# cerebras is in no route yet" in table(env)


def test_the_first_variable_of_a_provider_wins() -> None:
    env = {"GEMINI_API_KEY": "g", "GOOGLE_API_KEY": "h"}
    assert 'key: "${GEMINI_API_KEY}"' in table(env)
    assert 'key: "${GOOGLE_API_KEY}"' in table({"GOOGLE_API_KEY": "h"})


@pytest.mark.parametrize(
    ("env", "remark"),
    [
        ({"XAI_API_KEY": "a b"}, "# XAI_API_KEY is left out: this secret has a space"),
        (
            AZURE | {"AZURE_OPENAI_ENDPOINT": "x.openai.azure.com"},
            "# AZURE_OPENAI_API_KEY is left out: the value of `${AZURE_OPENAI_ENDPOINT}` in ",
        ),
    ],
)
def test_what_cannot_be_used_is_left_out_and_said(env: dict[str, str], remark: str) -> None:
    env = {"OPENAI_API_KEY": "k"} | env
    assert remark in table(env)
    assert list(made(env).backends) == ["openai"]


def test_a_url_that_is_missing_leaves_its_provider_out() -> None:
    assert discover({"AZURE_OPENAI_API_KEY": "k"}) is None


def test_exports_are_of_the_dialects_that_are_served() -> None:
    assert exports(made(ALL)) == [
        "export OPENAI_BASE_URL=http://localhost:8080/v1",
        "export ANTHROPIC_BASE_URL=http://localhost:8080",
        "export GOOGLE_GEMINI_BASE_URL=http://localhost:8080",
    ]
    assert exports(fleet(GOOD)) == ["export OPENAI_BASE_URL=http://localhost:8080/v1"]


@pytest.mark.parametrize(
    ("listen", "place"),
    [
        ("localhost:9000", "localhost:9000"),
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        ('"[::1]:9000"', "[::1]:9000"),
        ("0.0.0.0:9000", "localhost:9000"),
        ('"[::]:9000"', "localhost:9000"),
    ],
)
def test_exports_say_where_faultline_listens(listen: str, place: str) -> None:
    text = f'{GOOD}listen: {listen}\nclients: {{app: {{token: "${{TOKEN}}"}}}}\n'
    assert exports(fleet(text)) == [f"export OPENAI_BASE_URL=http://{place}/v1"]


def test_no_sdk_speaks_to_a_unix_socket() -> None:
    assert exports(fleet(f"{GOOD}listen: unix:/run/x.sock\n")) == []
