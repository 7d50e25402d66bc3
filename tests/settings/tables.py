"""Tables for tests, and what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.model import Fleet
from proxy.settings.findings import Findings
from proxy.settings.load import Loaded, loads
from proxy.settings.problem import Code, Problem, SettingsError
from proxy.settings.source import Source

ENV = {"KEY": "sk-from-the-environment", "SPARE": "sk-of-the-spare", "TOKEN": "the-app's-token"}

BACKENDS = """\
backends:
  openai: {provider: openai, key: "${KEY}"}
  spare: {provider: openai, key: "${SPARE}"}
  claude: {provider: anthropic, key: "${KEY}"}
"""

ROUTES = """\
routes:
  - {name: all, tiers: [openai, spare]}
"""

GOOD = f"version: 1\n{BACKENDS}{ROUTES}"
"""Loads without a warning."""


def loaded(text: str, env: Mapping[str, str] = ENV, base: Path = Path()) -> Loaded:
    return loads(text, name="t.yaml", env=env, base=base)


def fleet(text: str, env: Mapping[str, str] = ENV, base: Path = Path()) -> Fleet:
    return loaded(text, env, base).fleet


def problems(text: str, env: Mapping[str, str] = ENV, base: Path = Path()) -> tuple[Problem, ...]:
    """All that is wrong with a table, warnings included."""
    try:
        return loaded(text, env, base).warnings
    except SettingsError as error:
        return error.problems


def codes(text: str, env: Mapping[str, str] = ENV, base: Path = Path()) -> list[Code]:
    return [problem.code for problem in problems(text, env, base)]


def only(text: str, env: Mapping[str, str] = ENV, base: Path = Path()) -> Problem:
    """The one thing that is wrong with a table."""
    found = problems(text, env, base)
    assert len(found) == 1, [problem.reason for problem in found]
    return found[0]


def place(text: str, needle: str) -> tuple[int, int]:
    """Line and column, from 1, where `needle` stands in a table; it must stand there once."""
    assert text.count(needle) == 1, needle
    before = text[: text.index(needle)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def findings(text: str = "") -> Findings:
    return Findings(Source("t.yaml", text))


def refused(text: str) -> Problem:
    """Why a text is no table at all."""
    with pytest.raises(SettingsError) as caught:
        loaded(text)
    return caught.value.problems[-1]
