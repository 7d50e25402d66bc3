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
    escaped = [any(c in text for c in '"\\\x7f') for text in texts]
    plain = escaped.index(True) if True in escaped else len(texts)
    data = b"".join(map(event, texts))
    assert mould().follow(data) == len(b"".join(map(event, texts[:plain])))


@pytest.mark.parametrize(
    "odd",
    [
        b"data: [DONE]\n\n",
        b"data: {}\n\n",
        event("other").replace(b'"index":0', b'"index":1'),
        event("torn")[:-5],
        event("torn")[:60],
        event("").replace(b'""', b'"'),
        event("a\0").replace(b"\\u0000", b"\0"),
        b": ping\n\n",
    ],
)
def test_it_stops_where_events_differ(odd: bytes) -> None:
    run = event("a") + event("") + event("b c")
    for plain in (b"", event("a"), run):
        for rest in (b"", event("a"), run):
            assert mould().follow(plain + odd + rest) == len(plain)


@pytest.mark.parametrize("text", [b"a\nb", b"a\x00b", b'"', b'","x":"'])
def test_a_text_that_is_no_string_is_not_taken(text: bytes) -> None:
    bad = event("X").replace(b"X", text)
    assert mould().follow(bad) == 0
    assert mould().follow(event("a") + bad + event("b")) == len(event("a"))


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80", b"\xc3"])
def test_of_a_run_with_a_text_that_is_no_utf8_nothing_is_taken(text: bytes) -> None:
    bad = event("X").replace(b"X", text)
    assert mould().follow(bad) == 0
    assert mould().follow(event("a") + bad + event("X").replace(b"X", b"\xb6")) == 0


def test_a_long_run_is_followed_to_its_end() -> None:
    assert mould().follow(event("word") * 5000) == len(event("word")) * 5000


def test_other_scripts_are_taken() -> None:
    data = event("a") + event("X").replace(b"X", "größer 語".encode())
    assert mould().follow(data) == len(data)


@pytest.mark.parametrize(
    "data", [b"data: {}\n\n", b'data: {"content":"', event('say "x"'), event("back\\slash")]
)
def test_nothing_is_learned_from_what_has_no_plain_text(data: bytes) -> None:
    assert mould_of(data, MARK) is None
