"""The shape of the house: sizes, names, mirrors."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "proxy").rglob("*.py"))
MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 60


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 10


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_fits_in_a_head(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_FILE_LINES


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        f"{f.name}: {f.end_lineno - f.lineno + 1}"
        for f in functions(path)
        if f.end_lineno is not None and f.end_lineno - f.lineno + 1 > MOST_FUNCTION_LINES
    ]
    assert not long


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_says_what_it_knows(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_every_module_has_its_test_file() -> None:
    missing = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name not in {"__init__.py", "__main__.py"}
        and not (
            ROOT / "tests" / path.relative_to(ROOT / "proxy").parent / f"test_{path.name}"
        ).exists()
    ]
    assert not missing


def test_the_security_page_names_files_that_exist() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    named = set(re.findall(r"`([a-z0-9_/]+\.(?:py|yaml))`", text))
    assert len(named) > 30
    missing = [
        n for n in named if not ((ROOT / "proxy" / n).exists() or (ROOT / "tests" / n).exists())
    ]
    assert not missing
