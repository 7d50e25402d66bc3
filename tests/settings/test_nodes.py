"""Paths through a tree, and how people call the places of a table."""

from proxy.settings.document import read
from proxy.settings.nodes import Map, Scalar, child, dotted, key_mark, reach, walk
from tests.settings.tables import findings

TEXT = """\
a: 1
routes:
  - name: chat
    limits: {head: 20s}
  - match: {model: x}
"""


def tree() -> Map:
    return read(findings(TEXT), hidden=lambda _: False)


def test_a_child_is_found_by_its_key_or_its_place() -> None:
    root = tree()
    routes = child(root, "routes")
    assert routes is not None
    assert child(root, "nothing") is None
    assert child(root, 0) is None
    assert child(routes, 1) is not None
    assert child(routes, 2) is None
    assert child(routes, "name") is None


def test_a_path_is_walked_as_far_as_it_exists() -> None:
    root = tree()
    walked, node = reach(root, ("routes", 0, "limits", "head", "stream"))
    assert walked == ("routes", 0, "limits", "head")
    assert isinstance(node, Scalar)
    assert reach(root, ("routes", "<tag>", 0, "name"))[0] == ("routes", 0, "name")
    assert reach(root, ("nothing",)) == ((), root)


def test_keys_and_items_have_marks() -> None:
    root = tree()
    assert key_mark(root, ("routes", 0, "limits")).line == 4
    assert key_mark(root, ("routes", 0, "limits")).column == 5
    assert key_mark(root, ("routes", 1)).line == 5
    assert key_mark(root, ()).line == 1


def test_items_go_by_their_names() -> None:
    root = tree()
    assert dotted(root, ("routes", 0, "limits", "head")) == "routes.chat.limits.head"
    assert dotted(root, ("routes", 1, "match")) == "routes.1.match"
    assert dotted(None, ("routes", 0)) == "routes.0"
    assert dotted(root, ()) == ""


def test_walking_meets_every_setting_with_its_line() -> None:
    lines = {dotted(tree(), path): mark.line for path, mark in walk(tree())}
    assert lines == {
        "a": 1,
        "routes": 2,
        "routes.chat": 3,
        "routes.chat.name": 3,
        "routes.chat.limits": 4,
        "routes.chat.limits.head": 4,
        "routes.1": 5,
        "routes.1.match": 5,
        "routes.1.match.model": 5,
    }
