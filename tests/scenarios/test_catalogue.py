"""Every behaviour that is specified by an id has a test whose name bears it."""

import re
from pathlib import Path

import pytest

from tests.scenarios.checker import RULES

TESTS = Path(__file__).parent.parent
SECTIONS = {"A": 15, "B": 22, "C": 14, "F": 22}
"""Connecting; before the first byte to the client; in the stream; policy: how many of each."""
SIXTEEN = {f"S{number:02}" for number in range(1, 17)}
"""The failures of a public bench of gateways."""
INVARIANTS = {f"I-{number}" for number in range(1, 15)}


def named_in(*files: Path) -> set[str]:
    """Return the ids in the names of tests: `test_A1_B2_what_is_so`."""
    names = [
        name for file in files for name in re.findall(r"def test(_\w+)", file.read_text("utf-8"))
    ]
    return {found for name in names for found in re.findall(r"_([A-Z]\d+)(?=_)", name)}


@pytest.mark.parametrize("section", SECTIONS)
def test_each_scenario_has_a_test(section: str) -> None:
    wanted = {f"{section}{number}" for number in range(1, SECTIONS[section] + 1)}
    assert wanted - named_in(*(TESTS / "scenarios").glob("test_*.py")) == set()


def test_each_invariant_is_a_rule_or_has_a_test() -> None:
    named = named_in(*(TESTS / "scenarios").glob("test_*.py"), *(TESTS / "e2e").glob("test_*.py"))
    apart = {f"I-{name[1:]}" for name in named if name.startswith("I")}
    assert INVARIANTS - RULES.keys() - apart == set()


def test_the_readme_may_say_sixteen_of_sixteen() -> None:
    file = TESTS / "scenarios" / "test_sixteen.py"
    assert named_in(file) == SIXTEEN
    readme = (TESTS.parent / "README.md").read_text("utf-8")
    assert "sixteen of sixteen" in readme
    assert str(file.relative_to(TESTS.parent)) in readme
