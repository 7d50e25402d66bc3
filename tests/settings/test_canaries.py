"""No problem ever says a secret, wherever the slip is (S11)."""

import pytest

from tests.settings.tables import BACKENDS, ENV, GOOD, ROUTES, problems

CANARY = "Canary4Hunter2"
LINE = "  x: {provider: openai, key: PLACE}\n"


def table(key: str) -> str:
    return f"version: 1\n{BACKENDS}{LINE.replace('PLACE', key)}{ROUTES}"


@pytest.mark.parametrize(
    "key",
    [
        CANARY,
        f"'{CANARY}'",
        f"'{CANARY} x'",
        f"*{CANARY}",
        f"&{CANARY}",
        f"!{CANARY}",
        f"!{CANARY} x",
        f"@{CANARY}",
        f"%{CANARY}",
        f"'${CANARY.upper()}-{CANARY}'",
        f"'${{NOPE:-{CANARY}}}'",
        f"${{NOPE:-{CANARY}}}",
        f"'${{NOPE-{CANARY}}}'",
        f"'${{{CANARY}'",
        f"'{CANARY}${{KEY}}'",
        f"[{CANARY}]",
        f"{{fil: {CANARY}}}",
        f"{{a: {CANARY}, b: *x}}",
        f"'{CANARY}",
        f"{CANARY}: x",
        f"{CANARY} #: x}}: y",
    ],
)
def test_a_literal_key_is_never_said(key: str) -> None:
    for text in (table(key), table(key).replace("key:", "key:\n     "), table(f"{key}\n  y: on")):
        found = problems(text)
        assert found
        assert CANARY not in repr(found)


@pytest.mark.parametrize(
    "number",
    ["4711081547110815", "04711081547", "4711:08:15", "2024-08-15", "0x47110815", "47_11"],
)
def test_a_key_that_looks_like_a_number_is_never_said(number: str) -> None:
    found = problems(table(number))
    assert found
    assert number not in repr(found)
    assert "0815" not in repr(found)


@pytest.mark.parametrize(
    "line",
    [
        "drain: ${CANARY}",
        'listen: "${CANARY}"',
        'hosts: ["${CANARY} x"]',
        'log: {level: "${CANARY}"}',
        'budget: {extra: "${CANARY}"}',
        'defaults: {attempts: "${CANARY}", balance: "${CANARY}", hedge: {after: "${CANARY}"}}',
        'clients: {app: {token: "${BAD}"}}',
        'clients: {app: {token: {file: "${CANARY}", fil: x}}}',
        "notify: [{url: https://hooks.example/Canary4Hunter2, x: on}]",
    ],
)
def test_what_the_environment_holds_is_never_said(line: str) -> None:
    env = ENV | {"CANARY": CANARY, "BAD": f"{CANARY} {CANARY}"}
    found = problems(f"{GOOD}{line}\n", env)
    assert found
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("provider: anthropic", 'provider: "${CANARY}"'),
        ("provider: anthropic", 'provider: anthropic, url: "${CANARY}"'),
        ("provider: anthropic", 'provider: anthropic, url: "https://${CANARY}@host"'),
        ("provider: anthropic", 'provider: anthropic, proxy: "http://a:${CANARY}@host"'),
        ("provider: anthropic", 'provider: anthropic, account: "${CANARY} x"'),
        ("provider: anthropic", 'provider: anthropic, headers: {a: "${CANARY}\\n"}'),
        ("[openai, spare]", '[openai, "${CANARY}/gpt-5"]'),
        ("[openai, spare]", '[openai, {backend: "${CANARY}"}]'),
    ],
)
def test_not_even_in_the_wrong_place(old: str, new: str) -> None:
    found = problems(GOOD.replace(old, new), ENV | {"CANARY": CANARY})
    assert found
    assert CANARY not in repr(found)
