"""Moulds take only what a decoder would take."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects.mould import Mould, mould_of

MARK = b'"content":"'


def event(text: str) -> bytes:
    payload = {"id": "x", "choices": [{"index": 0, "delta": {"content": text}}]}
    return b"data: " + json.dumps(payload, separators=(",", ":")).encode() + b"\n\n"


def mould() -> Mould:
    made = mould_of(event("first"), MARK)
    assert made is not None
    return made


@given(st.lists(st.text(st.characters(codec="ascii", min_codepoint=0x20)), min_size=1))
def test_it_follows_until_the_first_text_with_an_escape(texts: list[str]) -> None:
    data = b"".join(map(event, texts))
    escaped = [any(c in text for c in '"\\\x7f') for text in texts]
    followed = mould().follow(data, 0)
    if True not in escaped:
        assert followed == (len(data), len(texts))
    elif followed is not None:
        end, count = followed
        assert count <= escaped.index(True)
        assert data[:end] == b"".join(map(event, texts[:count]))


@pytest.mark.parametrize(
    "tail",
    [
        b"data: [DONE]\n\n",
        b"data: {}\n\n",
        event("other").replace(b'"index":0', b'"index":1'),
        event("torn")[:-5],
        event("torn")[:60],
        b": ping\n\n",
    ],
)
def test_it_stops_where_events_differ(tail: bytes) -> None:
    run = event("a") + event("") + event("b c")
    assert mould().follow(run + tail + run, 0) == (len(run), 3)


def test_it_follows_from_where_it_is_told() -> None:
    data = b": ping\n\n" + event("a") + event("b")
    assert mould().follow(data, 0) == (0, 0)
    assert mould().follow(data, 8) == (len(data), 2)


@pytest.mark.parametrize("text", [b"a\nb", b"a\x00b", b"\xff", b"\xed\xa0\x80"])
def test_a_text_that_is_no_string_is_not_taken(text: bytes) -> None:
    bad = event("X").replace(b"X", text)
    assert mould().follow(event("a") + bad + event("b"), 0) is None


def test_other_scripts_are_taken() -> None:
    data = event("a") + event("X").replace(b"X", "größer 語".encode())
    assert mould().follow(data, 0) == (len(data), 2)


@pytest.mark.parametrize(
    "data", [b"data: {}\n\n", b'data: {"content":"', event('say "x"'), event("back\\slash")]
)
def test_nothing_is_learned_from_what_has_no_plain_text(data: bytes) -> None:
    assert mould_of(data, MARK) is None
