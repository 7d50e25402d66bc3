"""Signatures by status."""

from dataclasses import replace

import pytest

from proxy.diagnosis.index import Index
from proxy.diagnosis.pattern import compile_pattern
from proxy.diagnosis.reading import Reading
from proxy.diagnosis.signature import Answer, Form, Signature, When
from proxy.model import Api, Fault, Operation, Phase
from tests.diagnosis.test_signature import THEN

READING = Reading(
    status=503,
    http=503,
    provider="groq",
    fault=None,
    phase=Phase.END,
    api=Api.CHAT,
    operation=Operation.GENERATE,
    stream=False,
    reused=False,
    headers={"server": "Cloudflare", "x-a-b": "1"},
    form=Form.JSON,
    answer=Answer.ERROR,
    text="no room for you",
    words={"overloaded", "1015"},
    finish={"error"},
    title="503 no",
    source="<div id=x>",
)


def entry(name: str, **conditions: object) -> Signature:
    return Signature(id=name, name=name, when=replace(When(), **conditions), then=THEN)  # type: ignore[arg-type]


def patterns(*written: str) -> tuple[object, ...]:
    return tuple(compile_pattern(text) for text in written)


HOLDS = [
    {"status": frozenset({503})},
    {"provider": frozenset({"groq"})},
    {"phase": frozenset({Phase.END})},
    {"api": frozenset({Api.CHAT})},
    {"operation": frozenset({Operation.GENERATE})},
    {"stream": False},
    {"reused": False},
    {"form": frozenset({Form.JSON, Form.TEXT})},
    {"answer": frozenset({Answer.ERROR})},
    {"finish": frozenset({"error"})},
    {"header": (("server", ()),)},
    {"header": (("server", patterns("cloudflare")),)},
    {"lacks": ("retry-after", "x-b-*")},
    {"word": frozenset({"overloaded"})},
    {"word": frozenset({"nothing"}), "says": patterns("no room")},
    {"also": frozenset({"1015"})},
    {"says": patterns("busy", "no room")},
    {"silent": patterns("busy")},
    {"title": patterns("^503")},
    {"markup": patterns("id=x")},
]
FAILS = [
    {"status": frozenset({502})},
    {"provider": frozenset({"xai"})},
    {"fault": frozenset({Fault.EOF})},
    {"phase": frozenset({Phase.HEAD})},
    {"api": frozenset({Api.JSON})},
    {"operation": frozenset({Operation.OTHER})},
    {"stream": True},
    {"reused": True},
    {"form": frozenset({Form.TEXT})},
    {"answer": frozenset({Answer.GOOD})},
    {"finish": frozenset({"stop"})},
    {"header": (("via", ()),)},
    {"header": (("server", patterns("nginx")),)},
    {"lacks": ("server",)},
    {"lacks": ("x-a-*",)},
    {"word": frozenset({"nothing"})},
    {"word": frozenset({"overloaded"}), "also": frozenset({"1020"})},
    {"says": patterns("busy")},
    {"silent": patterns("no room")},
    {"title": patterns("502")},
    {"markup": patterns("id=y")},
]


@pytest.mark.parametrize("conditions", HOLDS, ids=str)
def test_a_condition_holds(conditions: dict[str, object]) -> None:
    found = Index([entry("one", **conditions)]).find(replace(READING))
    assert found is not None


@pytest.mark.parametrize("conditions", FAILS, ids=str)
def test_a_condition_does_not_hold(conditions: dict[str, object]) -> None:
    assert Index([entry("one", **conditions)]).find(replace(READING)) is None


def test_the_first_entry_wins() -> None:
    index = Index([entry("no", stream=True), entry("one", stream=False), entry("two")])
    found = index.find(replace(READING))
    assert found is not None
    assert found.id == "one"


def test_an_entry_with_a_fault_waits_for_it() -> None:
    index = Index([entry("cut", fault=frozenset({Fault.EOF}), status=frozenset({503}))])
    found = index.find(replace(READING, fault=Fault.EOF))
    assert found is not None
    assert index.find(replace(READING, fault=Fault.RESET)) is None


def test_a_reading_hears_what_is_said() -> None:
    reading = replace(READING)
    Index([entry("one", says=patterns("no room", "busy"))]).find(reading)
    assert reading.said == {"no room"}
