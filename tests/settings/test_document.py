"""From text to nodes: what is refused, where, and that nothing takes long."""

import time

import pytest

from proxy.settings.document import DEEPEST, MOST_BYTES, MOST_NODES, read
from proxy.settings.nodes import List, Map, Path, Scalar
from proxy.settings.problem import Code, SettingsError
from tests.settings.tables import codes, findings, place, problems, refused


def tree(text: str) -> Map:
    found = findings(text)
    root = read(found, hidden=lambda _: False)
    found.stop_at_errors()
    return root


def data(text: str) -> object:
    def plain(node: Scalar | List | Map) -> object:
        match node:
            case Scalar(value=value):
                return value
            case List(items=items):
                return [plain(item) for item in items]
            case Map(entries=entries):
                return {key: plain(entry.value) for key, entry in entries.items()}

    return plain(tree(text))


def test_plain_yaml_is_read() -> None:
    text = "# a comment\na: {b: 1, c: [x, 'y', true]}\nd:\n  - 1.5\n  - \"012\"\n"
    assert data(text) == {"a": {"b": 1, "c": ["x", "y", True]}, "d": [1.5, "012"]}


def test_json_is_read() -> None:
    assert data('{"a": {"b": [1, "x", false]}}') == {"a": {"b": [1, "x", False]}}


def test_a_byte_order_mark_is_no_part_of_the_table() -> None:
    assert data("\ufeffa: 1") == {"a": 1}


def test_nodes_know_where_they_stand() -> None:
    root = tree("a: 1\nbé:\n  - xyz\n")
    entry = root.entries["bé"]
    assert (entry.key.line, entry.key.column, entry.key.end_column) == (2, 1, 3)
    assert isinstance(entry.value, List)
    mark = entry.value.items[0].mark
    assert (mark.line, mark.column, mark.end_column) == (3, 5, 8)


@pytest.mark.parametrize(
    ("text", "needle", "code", "mend"),
    [
        ("a: &x 1", "&x", "FL107", "delete it"),
        ("a: {b: &x [1]}", "&x", "FL107", "delete it"),
        ("a: *-mini", "*-mini", "FL107", 'a glob needs quotes: `"*-mini"`'),
        ("a: {model: *mini}", "*mini", "FL107", 'a glob needs quotes: `"*mini"`'),
        ("&x a: 1", "&x", "FL107", "delete it"),
        ("a: !!str 1", "!!str", "FL109", "delete it"),
        ("a: !!python/object:os.system x", "!!python", "FL109", "delete it"),
        ("a: !x {b: 1}", "!x", "FL109", "delete it"),
        ("<<: {a: 1}", "<<", "FL108", "write the keys here"),
        ("a: 1\nb: 2\n'a': 3", "'a'", "FL110", "keep one"),
        ("a: {b: 1, c: 2, b : 3}", "b : 3", "FL110", "keep one"),
        ("a: on", "on", "FL111", "write `true`"),
        ("a: {no: 1}", "no", "FL111", 'write `"no":`'),
        ("a: [1:30]", "1:30", "FL112", '`"1:30"`'),
        ("a: 012", "012", "FL112", '`"012"`'),
        ("a: ~", "~", "FL116", "`none`"),
        ("1: x", "1", "FL114", ""),
        ("true: x", "true", "FL114", ""),
        ("? [a, b]\n: c", "[", "FL114", ""),
        ("---\na: 1\n---\nb: 2", "---\nb", "FL106", "delete this line"),
    ],
)
def test_what_could_mean_something_else_is_refused(
    text: str, needle: str, code: str, mend: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        tree(text)
    (problem,) = caught.value.problems
    assert problem.code == Code(code)
    assert (problem.line, problem.column) == place(text, needle)
    assert mend in problem.mend


def test_an_alias_as_a_key_is_refused() -> None:
    assert Code.ALIAS in codes("*a : 1")


def test_a_key_without_a_value_says_its_name() -> None:
    assert "`version` has no value" in [problem.reason for problem in problems("version:\n")]
    spaced = next(p for p in problems("{version:1}") if p.code is Code.EMPTY_VALUE)
    assert spaced.mend == "put a space behind the colon"


def test_a_value_without_a_key_is_refused() -> None:
    assert refused(": 1").reason == "in front of this colon a key is missing"
    assert refused("{: 1}").reason == "in front of this colon a key is missing"
    nameless = next(p for p in problems("?\n: 1") if p.code is Code.EMPTY_VALUE)
    assert nameless.mend == "write the name in front of the colon"


def test_all_that_is_refused_is_told_at_once() -> None:
    text = "a: on\nb: 012\nc: *x\nd: &y 1\na: 2\n1: x\n"
    told = [Code.AMBIGUOUS_WORD, Code.AMBIGUOUS_NUMBER, Code.ALIAS, Code.ALIAS]
    with pytest.raises(SettingsError) as caught:
        tree(text)
    assert [p.code for p in caught.value.problems] == [*told, Code.DUPLICATE_KEY, Code.BAD_KEY]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "\n\n"])
def test_an_empty_table_is_told_how_to_begin(text: str) -> None:
    problem = refused(text)
    assert problem.code is Code.EMPTY_TABLE
    assert "version: 1" in problem.mend


@pytest.mark.parametrize("text", ["just words", "[1, 2]", "- a\n- b"])
def test_a_table_is_a_mapping(text: str) -> None:
    assert refused(text).code is Code.WRONG_TYPE


@pytest.mark.parametrize(
    ("character", "column"), [("\0", 4), ("\x1b", 4), ("\ud800", 4), ("\ufffe", 4)]
)
def test_characters_that_no_text_has_are_refused(character: str, column: int) -> None:
    problem = refused(f"a: 1\nb: {character}x")
    assert problem.code is Code.NOT_TEXT
    assert (problem.line, problem.column) == (2, column)
    assert character not in problem.source


def test_depth_has_a_limit() -> None:
    tree("a: " + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1))
    assert refused("a: " + "[" * DEEPEST + "1" + "]" * DEEPEST).code is Code.TOO_DEEP


def test_hidden_values_are_told_to_the_source() -> None:
    def hidden(path: Path) -> bool:
        return path == ("a", "secret")

    found = findings("a: {secret: hunter2, b: on}")
    read(found, hidden)
    assert "hunter2" not in found.problems()[0].source


LEVELS = "".join(f"l{i}: &l{i} {{<<: [*l{i - 1}, *l{i - 1}]}}\n" for i in range(1, 25))
BOMB = f"l0: &l0 {{a: 1}}\n{LEVELS}"
"""24 levels that double: merged, 16 million keys."""


@pytest.mark.parametrize(
    "text",
    [
        BOMB[:638],
        BOMB,
        "a: 1\n" * 200_000,
        "x" * 1_000_000,
        "[" * MOST_BYTES,
        "{" * MOST_BYTES,
        "- " * (MOST_BYTES // 2),
        "? " * (MOST_BYTES // 2),
        "&a " * (MOST_BYTES // 3),
        "".join(f"k{i}: on\n" for i in range(25_000)),
        "".join(f"key{i}: x\n" for i in range(20_000)),
        "a: " + "9" * (MOST_BYTES - 3),
        "a: '" + "${" * (MOST_BYTES // 2 - 3) + "'",
        "backends: {" + ", ".join(f"b{i}: {{}}" for i in range(15_000)) + "}",
        "routes: [" + "x, " * 80_000 + "]",
        "key: " * (MOST_BYTES // 5),
        "a: 1 " + "//" * (MOST_BYTES // 2 - 5),
    ],
    ids=lambda text: f"{text[:8]!r}*{len(text)}",
)
def test_no_text_takes_a_second(text: str) -> None:
    began = time.process_time()
    problem = refused(text)
    assert time.process_time() - began < 1.0
    assert len(problem.reason + problem.mend + problem.source) < 400


def test_a_table_that_is_too_large_says_so() -> None:
    assert refused("a: 1\n" * 200_000).code is Code.TOO_LARGE
    assert refused("a: [" + "1, " * MOST_NODES + "1]").code is Code.TOO_LARGE
