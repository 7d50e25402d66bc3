"""The failure signatures: the file is strict, and what is written is what is matched."""

import time

import pytest

from proxy.diagnosis.pattern import compile_pattern
from proxy.diagnosis.signature import Form, Signature, Then, When
from proxy.model import Action, Cause, Fault, Layer, Scope
from proxy.settings.signatures import parse_signatures, signatures

ENTRY = """
- id: a-b
  name: A thing
  when: {WHEN}
  then: {THEN}
  source: somewhere
"""


def written(when: str = "{status: [503]}", then: str = "origin api model reroute") -> str:
    return ENTRY.replace("{WHEN}", when).replace("{THEN}", then)


def test_an_entry() -> None:
    when = (
        "{status: [429, 50x], status2: 1}".replace(", 50x], status2: 1", ", 520-521, none]")[:-1]
        + ", provider: [llama.cpp], fault: [eof], form: [json, empty], finish: [Content_Filter],"
        " word: [Rate_Limit], also: ['1015'], says: ['no room', ^a * b$], silent: [x],"
        " header: {server: '*', via: [a, b], x: c}, lacks: [retry-after, x-*], stream: true}"
    )
    assert parse_signatures(written(when)) == (
        Signature(
            id="a-b",
            name="A thing",
            when=When(
                status=frozenset({429, 520, 521, 0}),
                provider=frozenset({"llamacpp"}),
                fault=frozenset({Fault.EOF}),
                form=frozenset({Form.JSON, Form.EMPTY}),
                finish=frozenset({"contentfilter"}),
                word=frozenset({"ratelimit"}),
                also=frozenset({"1015"}),
                says=(compile_pattern("no room"), compile_pattern("^a * b$")),
                silent=(compile_pattern("x"),),
                header=(
                    ("server", ()),
                    ("via", (compile_pattern("a"), compile_pattern("b"))),
                    ("x", (compile_pattern("c"),)),
                ),
                lacks=("retry-after", "x-*"),
                stream=True,
            ),
            then=Then(
                cause=Cause.ORIGIN, layer=Layer.API, scope=Scope.MODEL, action=Action.REROUTE
            ),
        ),
    )


def test_a_class_of_statuses() -> None:
    (entry,) = parse_signatures(written("{status: [5xx]}"))
    assert entry.when.status == frozenset(range(500, 600))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (written("{colour: [red]}"), "unknown field"),
        (written("{status: [soon]}"), "a-b: 'soon' is no status"),
        (written("{status: [6xx]}"), "a-b: '6xx' is no status"),
        (written("{says: [Rate]}"), "a-b: 'Rate' is not plain"),
        (written("{says: ['']}"), "a-b: '' has an empty piece"),
        (written("{word: ['--']}"), "a-b: an empty word"),
        (written("{header: {Server: x}}"), "a-b: 'Server' is no lower-case"),
        (written("{lacks: ['*']}"), "is no lower-case"),
        (written("{fault: [nonsense]}"), "nonsense"),
        (written("{}"), "a-b: it has no condition"),
        (written(then="origin api model"), "a-b: `then` names"),
        (written(then="bug api model reroute"), "a-b: 'bug'"),
        (written().replace("a-b", "A b"), "id"),
        (written() + "  cooldown: 99999\n", "cooldown"),
        (written() + written(), "a-b: the id is given twice"),
        (written() + "  extra: 1\n", "unknown field"),
        (": [", "signatures: "),
        ("", "signatures: "),
    ],
)
def test_a_wrong_file_is_refused_with_its_reason(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("[", r"\[")):
        parse_signatures(text)


def test_the_packages_own_file_is_good_and_loads_fast() -> None:
    started = time.process_time()
    found = signatures()
    assert time.process_time() - started < 1.0
    assert len({entry.id for entry in found}) == len(found)
    assert all(entry.source for entry in found)


def test_the_packages_own_entries_say_what_they_mean() -> None:
    for entry in signatures():
        then = entry.then
        assert (then.cause is Cause.CONTENT_POLICY) <= (then.action is Action.PASS_THROUGH), (
            entry.id
        )
        assert (then.scope is Scope.KEY) <= (then.cause in KEYED), entry.id
        assert (then.action is Action.PASS_THROUGH) <= (then.cooldown is None), entry.id


KEYED = {Cause.AUTH, Cause.QUOTA, Cause.RATE_LIMIT}
