"""The JSON Schema: whole, described, and in the form that a table is written in."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.settings.catalogue import providers
from proxy.settings.schema import Json, json_schema, keys_at

SCHEMA = json_schema()
COMMITTED = Path(__file__).parents[2] / "config" / "faultline.schema.json"


def nodes(node: Json, at: str = "") -> Iterator[tuple[str, dict[str, Json]]]:
    if isinstance(node, dict):
        yield at, node
        for key, inner in node.items():
            yield from nodes(inner, f"{at}/{key}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from nodes(inner, f"{at}/{index}")


def test_it_names_its_draft() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["additionalProperties"] is False


def test_every_reference_leads_somewhere() -> None:
    definitions = SCHEMA["$defs"]
    assert isinstance(definitions, dict)
    for _, node in nodes(SCHEMA):
        if "$ref" in node:
            assert str(node["$ref"]).removeprefix("#/$defs/") in definitions


def test_every_key_is_described_on_one_line() -> None:
    for at, node in nodes(SCHEMA):
        properties = node.get("properties")
        if isinstance(properties, dict) and not at.endswith("/properties"):
            for name, inner in properties.items():
                assert isinstance(inner, dict)
                # pydantic leaves out a description that its mapping has word by word
                assert "description" in inner or "$ref" in inner, f"{at}/{name}"
                assert "\n" not in str(inner.get("description")), f"{at}/{name}"


def test_nothing_is_said_that_would_mislead_an_editor() -> None:
    for at, node in nodes(SCHEMA):
        assert "oneOf" not in node, at
        assert node.get("type") != "null", at
        assert not ("default" in node and "pattern" in node), at


def test_numbers_may_be_references() -> None:
    definitions = SCHEMA["$defs"]
    assert isinstance(definitions, dict)
    forms = dict(nodes(definitions["Manner"]))["/properties/attempts"]["anyOf"]
    assert forms == [
        {"maximum": 20, "minimum": 1, "type": "integer"},
        {"type": "string", "pattern": r"^.*\$\{.*\}.*$"},
    ]


def test_editors_know_the_providers() -> None:
    definitions = SCHEMA["$defs"]
    assert isinstance(definitions, dict)
    assert dict(nodes(definitions["BackendEntry"]))["/properties/provider"]["enum"] == [
        *providers()
    ]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (("log",), {"level", "format"}),
        (("backends", "x", "key"), {"file"}),
        (("routes", 0, "tiers", 0), {"backend", "model", "context_window", "prefill", "static"}),
        (("routes", 0, "tiers", 0, 0), {"backend", "model", "context_window", "prefill", "static"}),
        (("routes", 0, "limits", "head"), {"stream", "unary"}),
        (("backends",), set()),
        (("nothing", "here"), set()),
        (("version", 0), set()),
    ],
)
def test_the_keys_of_a_place(path: tuple[str | int, ...], keys: set[str]) -> None:
    assert keys_at(path) == keys


def test_the_committed_schema_is_current() -> None:
    # After a change: faultline schema > config/faultline.schema.json
    assert json.loads(COMMITTED.read_text()) == SCHEMA
