"""A table as a tree of nodes that know where they stand; and paths through it.

Pure: knows neither YAML's syntax nor what a table means.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from proxy.settings.source import Mark

Path = tuple[str | int, ...]
"""The way to a node: keys of mappings and places in lists (from 0)."""

Value = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A single value."""

    mark: Mark
    text: str
    """As it stands in the table, references to the environment unresolved."""
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """A list."""

    mark: Mark
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key of a mapping, where it stands, and its value."""

    key: Mark
    value: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A mapping."""

    mark: Mark
    entries: Mapping[str, Entry]


Node = Scalar | List | Map


def child(node: Node, step: str | int) -> Node | None:
    """Return the node one step further, or None."""
    match node:
        case Map(entries=entries) if isinstance(step, str) and step in entries:
            return entries[step].value
        case List(items=items) if isinstance(step, int) and step < len(items):
            return items[step]
        case _:
            return None


def reach(root: Node, path: Path) -> tuple[Path, Node]:
    """Walk a path as far as it exists; steps that are not there are skipped.

    A schema's path has steps of its own (the branch of a union, a bare value that stands for two).
    """
    node, walked = root, Path()
    for step in path:
        following = child(node, step)
        if following is not None:
            node, walked = following, (*walked, step)
    return walked, node


def key_mark(root: Node, path: Path) -> Mark:
    """Mark the key that a path ends with; for a place in a list the item itself."""
    parent = reach(root, path[:-1])[1]
    match parent, path[-1:]:
        case Map(entries=entries), (str(key),) if key in entries:
            return entries[key].key
        case _:
            return reach(root, path)[1].mark


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Mark]]:
    """Yield every setting below a node with the mark of its key, or of the list's item."""
    match node:
        case Map(entries=entries):
            for key, entry in entries.items():
                yield (*path, key), entry.key
                yield from walk(entry.value, (*path, key))
        case List(items=items):
            for index, item in enumerate(items):
                yield (*path, index), item.mark
                yield from walk(item, (*path, index))
        case Scalar():
            return


def dotted(root: Node | None, path: Path) -> str:
    """Write a path for people: `routes.chat.limits.head`; an item with a name goes by its name."""
    parts: list[str] = []
    for depth, step in enumerate(path):
        if isinstance(step, str):
            parts.append(step)
        else:
            item = None if root is None else reach(root, path[: depth + 1])[1]
            parts.append((item and name_of(item)) or str(step))
    return ".".join(parts)


def name_of(node: Node) -> str | None:
    """Return what a mapping calls itself."""
    name = child(node, "name")
    return name.text if isinstance(name, Scalar) else None
