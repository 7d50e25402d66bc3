"""The whole way from text to fleet: files, properties, and that nothing ever slips through."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.settings.load import PLACES, default_path, load, loads
from proxy.settings.problem import Code, Problem, SettingsError, Severity
from tests.settings.tables import ENV, GOOD, problems

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def error(path: Path) -> Problem:
    with pytest.raises(SettingsError) as caught:
        load(path, ENV)
    return caught.value.problems[0]


def test_a_table_is_loaded_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faultline.yaml"
    path.write_text("\ufeff" + GOOD.replace('"${SPARE}"', "{file: spare.key}"))
    (tmp_path / "spare.key").write_text("sk-file")
    loaded = load(path, ENV)
    assert list(loaded.fleet.backends) == ["openai", "spare", "claude"]
    assert loaded.fleet.files == (str(path), str(tmp_path / "spare.key"))
    assert loaded.fleet.origins["version"] == f"{path}:1"
    assert [warning.code for warning in loaded.warnings] == [Code.OPEN_KEY]
    assert loaded.warnings[0].severity is Severity.WARNING


def test_errors_come_with_the_warnings_and_in_order() -> None:
    text = GOOD.replace('"${SPARE}"', "sk-literal") + "budgets: {}\n"
    with pytest.raises(SettingsError) as caught:
        loads(text, name="t.yaml", env=ENV, base=Path())
    assert [p.code for p in caught.value.problems] == [Code.LITERAL_KEY, Code.UNKNOWN_KEY]
    assert "t.yaml:8:1: error FL200: `budgets` is not a key of the table" in str(caught.value)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    problem = error(tmp_path / "missing.yaml")
    assert (problem.code, problem.line) == (Code.UNREADABLE, 0)
    assert "No such file" in problem.reason
    assert "Is a directory" in error(tmp_path).reason


def test_a_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes(GOOD.encode() + b"# caf\xe9\n")
    assert error(path).code is Code.NOT_TEXT
    path.write_bytes(GOOD.encode("utf-16"))
    assert error(path).code is Code.NOT_TEXT


@pytest.mark.parametrize("content", [b"a: 1\n" * 200_000, b"\xff" * 1_000_000])
def test_s25_a_file_of_a_megabyte_is_refused_within_a_second(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes(content)
    began = time.process_time()
    assert error(path).code is Code.TOO_LARGE
    assert time.process_time() - began < 1.0


def test_s25_a_bomb_of_638_bytes_is_refused_within_a_second() -> None:
    levels = "".join(f"l{i}: &l{i} {{<<: [*l{i - 1}, *l{i - 1}]}}\n" for i in range(1, 21))
    bomb = f"l0: &l0 {{a: 1}}\n{levels}".ljust(638, "#")[:638]
    began = time.process_time()
    assert {p.code for p in problems(bomb)} >= {Code.ALIAS, Code.MERGE}
    assert time.process_time() - began < 1.0


def test_a_half_written_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    for end in range(0, len(GOOD) - 2, 7):
        path.write_text(GOOD[:end])
        assert error(path).severity is Severity.ERROR


def test_the_table_is_looked_for_in_three_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_path({"FAULTLINE_CONFIG": "/x/y.yaml"}) == Path("/x/y.yaml")
    assert default_path({"FAULTLINE_CONFIG": ""}) == default_path({})
    assert default_path({}) in {None, PLACES[1]}
    (tmp_path / "faultline.yaml").mkdir()
    assert default_path({}) in {None, PLACES[1]}
    (tmp_path / "faultline.yaml").rmdir()
    (tmp_path / "faultline.yaml").write_text(GOOD)
    assert default_path({}) == Path("faultline.yaml")


def test_the_environment_is_an_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "KEY", "of-the-process")
    assert {p.code for p in problems(GOOD, env={})} == {Code.MISSING_VARIABLE}


_WORDS = [
    *"{}[]:,-?&*!|>'\"%@`#~ \n\t",
    *("\n  ", "\n    ", "- ", ": ", "${", "${KEY}", "on", "012", "<<", "---", "x", "none", "3s"),
    *("version", "backends", "routes", "openai", "provider", "key", "tiers", "name", "match"),
    *("limits", "head", "url", "clients", "token", "file", "listen", "backend", "model", "1"),
    *("\x00", "\x1b", "\x85", "\u2028", "\ufeff", "\ud800", "é", "日", "\U0001f600"),
]


@QUICK
@given(text=st.text(max_size=200) | st.lists(st.sampled_from(_WORDS), max_size=40).map("".join))
def test_any_text_raises_nothing_but_settings_errors(text: str) -> None:
    for problem in problems(text):
        assert problem.reason
        assert problem.line >= 1
        assert problem.column >= 1
        assert 0 <= problem.caret <= len(problem.source)
        assert problem.source.isprintable()


@QUICK
@given(at=st.integers(0, len(GOOD)), word=st.sampled_from(_WORDS), cut=st.integers(0, 12))
def test_a_damaged_table_raises_nothing_but_settings_errors(at: int, word: str, cut: int) -> None:
    problems(GOOD[:at] + word + GOOD[at + cut :])


_TREES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["x", "openai", "3s", "${KEY}", "none", 1, -5, 1.5, True]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([w for w in _WORDS if w.isalpha()]), inner, max_size=4)
    ),
    max_leaves=12,
)


@QUICK
@given(
    section=st.sampled_from(["backends", "routes", "defaults", "clients", "log", "notify"]),
    tree=_TREES,
)
def test_any_tree_raises_nothing_but_settings_errors(section: str, tree: object) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(section)]
    text = "\n".join(
        line for line in lines if section not in {"backends", "routes"} or line[0] != " "
    )
    problems(f"{text}\n{section}: {json.dumps(tree)}\n")


def test_a_table_that_is_refused_says_which_files_may_mend_it(tmp_path: Path) -> None:
    path = tmp_path / "faultline.yaml"
    path.write_text(GOOD.replace('"${SPARE}"', "{file: spare.key}"))
    with pytest.raises(SettingsError) as caught:
        load(path, ENV)
    assert caught.value.files == (str(path), str(tmp_path / "spare.key"))
