"""Signatures catch families: other hosts, ids, numbers, white space, key order, letter case.

Each case of the corpus is changed in everything that a verdict must not rest on.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from proxy.diagnosis.recorded import corpus_answer
from proxy.diagnosis.transcript import Transcript, mended, outcome_of
from tests.diagnosis.desk import corpus, judged, recorded, short, wanted

RECORDED = [case for case in corpus() if corpus_answer(case) is not None]
HOST = re.compile(r"\b(?:api|console|help|dashboard|docs)\.[a-z0-9-]+\.[a-z]{2,3}\b")
IDENTIFIER = re.compile(
    r"\b(?:(?=\d*[a-f])[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|(?:req|org|resp|gen|user)_\w+)\b"
)
NUMBER = re.compile(r"(?<![\d.])\d{5,}(?![\d.])")
PROSE_NUMBER = re.compile(r"(?<= )\d{4}(?= tokens)")
MARKUP_GAP = re.compile(r">\s*<")


def text_of(record: Transcript) -> str:
    return record.body.decode()


def with_text(record: Transcript, change: Callable[[str], str]) -> Transcript:
    return replace(record, body=change(text_of(record)).encode())


def other_hosts(record: Transcript) -> Transcript:
    return with_text(record, lambda text: HOST.sub("llm.internal.test", text))


def other_ids(record: Transcript) -> Transcript:
    return with_text(record, lambda text: IDENTIFIER.sub("req_0a1b2c3d", text))


def other_numbers(record: Transcript) -> Transcript:
    def shifted(match: re.Match[str]) -> str:
        digits = match.group()
        return digits[0] + "".join(str((int(digit) + 3) % 10) for digit in digits[1:])

    return with_text(record, lambda text: PROSE_NUMBER.sub(shifted, NUMBER.sub(shifted, text)))


def other_space(record: Transcript) -> Transcript:
    return each_json(record, lambda tree: json.dumps(tree, indent=4), spaced_text)


def spaced_text(text: str) -> str:
    if text.lstrip().startswith("<"):
        return "\n\n" + MARKUP_GAP.sub(">\r\n\t <", text) + "\n"
    return f"{text}\r\n"


def other_order(record: Transcript) -> Transcript:
    return each_json(record, lambda tree: json.dumps(reversed_keys(tree)), str)


def other_case(record: Transcript) -> Transcript:
    loud = each_json(record, lambda tree: json.dumps(shouted(tree)), lambda text: text.upper())
    headers = tuple((name.decode().title().encode(), value) for name, value in record.headers)
    return replace(loud, headers=headers)


def other_escapes(record: Transcript) -> Transcript:
    return each_json(record, lambda tree: json.dumps(tree, ensure_ascii=True), str)


def each_json(
    record: Transcript, change: Callable[[object], str], otherwise: Callable[[str], str]
) -> Transcript:
    """Change the JSON of a body, of each event, or the text where there is none."""
    text = text_of(replace(record, body=mended(record.body)))
    try:
        return replace(record, body=change(json.loads(text)).encode())
    except ValueError:
        pass
    if "data: {" in text:
        lines = [changed_line(line, change) for line in text.split("\n")]
        return replace(record, body="\n".join(lines).encode())
    is_json = text.lstrip().startswith(("{", "[", "data:", "event:", "error:", ":"))
    return record if is_json else replace(record, body=otherwise(text).encode())


def changed_line(line: str, change: Callable[[object], str]) -> str:
    field, colon, value = line.partition(": ")
    try:
        return field + colon + change(json.loads(mended(value.encode()))).replace("\n", " ")
    except ValueError:
        return line


def reversed_keys(tree: object) -> object:
    if isinstance(tree, dict):
        return {key: reversed_keys(tree[key]) for key in reversed(tree)}
    return [reversed_keys(item) for item in tree] if isinstance(tree, list) else tree


def shouted(tree: object) -> object:
    """Upper-case what is said, not the names of fields and not what frames events."""
    if isinstance(tree, dict):
        return {key: tree[key] if key == "object" else shouted(tree[key]) for key in tree}
    if isinstance(tree, list):
        return [shouted(item) for item in tree]
    return tree.upper() if isinstance(tree, str) else tree


MUTATIONS = [
    other_hosts,
    other_ids,
    other_numbers,
    other_space,
    other_order,
    other_case,
    other_escapes,
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["id"])
def test_the_verdict_stays(
    case: Mapping[str, Any], mutation: Callable[[Transcript], Transcript]
) -> None:
    assert short(judged(outcome_of(mutation(recorded(case))))) == wanted(case)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["id"])
def test_all_changes_at_once(case: Mapping[str, Any]) -> None:
    record = recorded(case)
    for mutation in MUTATIONS:
        record = mutation(record)
    assert short(judged(outcome_of(record))) == wanted(case)


def test_the_mutations_do_change_something() -> None:
    for mutation in MUTATIONS:
        changed = sum(mutation(recorded(case)) != recorded(case) for case in RECORDED)
        assert changed >= 5, mutation.__name__
