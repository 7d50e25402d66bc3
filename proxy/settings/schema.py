"""The JSON Schema of the routing table, for editors; and what keys there are at a place of it."""

from collections.abc import Iterator
from functools import cache
from typing import TypeAlias

from pydantic.json_schema import GenerateJsonSchema

from proxy.settings.catalogue import providers
from proxy.settings.fields import REFERENCE
from proxy.settings.nodes import Path
from proxy.settings.table import Table

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Schema: TypeAlias = dict[str, Json]

_NUMBERS = {"integer", "boolean"}


def json_schema() -> Schema:
    """Return the schema of the whole table (draft 2020-12)."""
    schema: Schema = Table.model_json_schema()
    backend = _mapping(_mapping(schema, "$defs"), "BackendEntry")
    _mapping(_mapping(backend, "properties"), "provider")["enum"] = [*providers()]
    clean = _for_editors(schema)
    assert isinstance(clean, dict)
    return {"$schema": GenerateJsonSchema.schema_dialect, **clean}


def keys_at(path: Path) -> frozenset[str]:
    """Return the keys that the mapping at `path` may have; empty where any name may stand."""
    schema = _cached()
    here = [schema]
    for step in path:
        here = [inner for node in here for inner in _step(node, step, schema)]
    return frozenset(
        key
        for node in here
        for form in _forms(node, schema)
        for key in _mapping(form, "properties")
    )


@cache
def _cached() -> Schema:
    return json_schema()


def _for_editors(node: Json) -> Json:
    """Say what may stand in the text of a table, where pydantic says what it is made into."""
    if isinstance(node, list):
        return [_for_editors(item) for item in node]
    if not isinstance(node, dict):
        return node
    clean = {key: _for_editors(value) for key, value in node.items() if not _noise(key, node)}
    if isinstance(clean.get("description"), str):
        clean["description"] = " ".join(str(clean["description"]).split())
    choices = clean.pop("oneOf", clean.pop("anyOf", None))
    if isinstance(choices, list):
        choices = [choice for choice in choices if choice != {"type": "null"}]
    elif clean.get("type") in _NUMBERS:
        told: Schema = {k: clean.pop(k) for k in ("description", "default") if k in clean}
        choices, clean = [clean, {"type": "string", "pattern": f"^{REFERENCE}$"}], told
    match choices:
        case None:
            return clean
        case [dict() as only]:
            return {**only, **clean}
        case _:
            return {**clean, "anyOf": choices}


def _noise(key: str, node: Schema) -> bool:
    """Titles repeat the key; a default in another form than the table's would mislead."""
    if key == "title":
        return isinstance(node[key], str)
    return key == "default" and ("pattern" in node or not isinstance(node[key], str | int))


def _step(node: Schema, step: str | int, schema: Schema) -> Iterator[Schema]:
    """Yield the schemas one step further: of a key, of any key, of an item."""
    for form in _forms(node, schema):
        if isinstance(step, int):
            inner = form.get("items")
        else:
            inner = _mapping(form, "properties").get(step, form.get("additionalProperties"))
        if isinstance(inner, dict):
            yield inner


def _forms(node: Schema, schema: Schema) -> Iterator[Schema]:
    """Yield the forms that a value may have, references followed."""
    reference, choices = node.get("$ref"), node.get("anyOf")
    if isinstance(reference, str):
        target = _mapping(schema, "$defs").get(reference.rpartition("/")[2])
        assert isinstance(target, dict)
        yield from _forms(target, schema)
    elif isinstance(choices, list):
        for choice in choices:
            assert isinstance(choice, dict)
            yield from _forms(choice, schema)
    else:
        yield node


def _mapping(node: Schema, key: str) -> Schema:
    inner = node.get(key)
    return inner if isinstance(inner, dict) else {}
