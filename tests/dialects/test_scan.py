"""The scanner against Python's own JSON reader, at every split."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects.scan import MOST_DEPTH, Field, Scanner

KEYS = frozenset({"model", "stream", "n"})

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
) | st.text(max_size=12)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=25,
)
bodies = st.dictionaries(
    st.sampled_from(["model", "stream", "n", "a", "é"]) | st.text(max_size=6), trees
)


NOISE = [b"", b"\\", b"\n", b"\x00", b"\xff", *(b',"{]0-.e:n'[i : i + 1] for i in range(10))]


def scan(*pieces: bytes) -> tuple[dict[str, Field], str]:
    scanner = Scanner(KEYS)
    for piece in pieces:
        scanner.feed(piece)
    scanner.finish()
    return scanner.fields, scanner.trouble


def is_object(body: bytes) -> bool:
    """Whether a strict reader takes it for a JSON object."""
    try:
        read = json.loads(body.decode(), parse_constant=lambda _: 1 / 0)
    except (ValueError, ZeroDivisionError):
        return False
    return isinstance(read, dict)


def dump(tree: object, style: int) -> bytes:
    text = json.dumps(
        tree,
        ensure_ascii=bool(style & 1),
        indent=1 if style & 2 else None,
        separators=(",", ":") if style & 4 else None,
    )
    return text.encode()


@given(bodies, st.integers(0, 7))
def test_finds_what_is_there(body: dict[str, object], style: int) -> None:
    data = dump(body, style)
    fields, trouble = scan(data)
    assert trouble == ""
    assert fields.keys() == body.keys() & KEYS
    for key, field in fields.items():
        value = body[key]
        if isinstance(value, dict | list):
            assert field == Field(dump(value, 0)[:1])
        elif isinstance(value, str):
            assert json.loads(field.raw) == value
            assert data[field.start : field.end] == field.raw
        elif value is None or isinstance(value, bool) or len(json.dumps(value)) < 9:
            assert json.loads(field.raw) == value


@given(bodies, st.integers(0, 7), st.lists(st.integers(0, 400), max_size=8))
def test_a_split_changes_nothing(body: dict[str, object], style: int, cuts: list[int]) -> None:
    data = dump(body, style)
    places = sorted(cut % (len(data) + 1) for cut in cuts)
    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    assert scan(*pieces) == scan(data)


SAMPLE = (
    b' {"a\\"b": [1, -2.50e+3, {"x": null}, []], "model" : "g\\u0070t-\xc3\xa95" ,\n'
    b'"n":10,"deep": {"messages": [{"role": "user", "content": ["hi\\n", true]}, {}]}, '
    b'"stream": false, "big": 12345678901234567890.5, "s": "\\\\"}\r\n '
)


def test_every_split_of_a_sample() -> None:
    whole = scan(SAMPLE)
    assert whole[1] == ""
    name = b'"g\\u0070t-\xc3\xa95"'
    place = SAMPLE.index(name)
    assert whole[0]["model"] == Field(name, place, place + len(name))
    assert {key: field.raw for key, field in whole[0].items() if key != "model"} == {
        "n": b"10",
        "stream": b"false",
    }
    for first in range(len(SAMPLE) + 1):
        assert scan(SAMPLE[:first], SAMPLE[first:]) == whole
        assert scan(SAMPLE[:first], SAMPLE[first : first + 1], SAMPLE[first + 1 :]) == whole
    assert scan(*(SAMPLE[i : i + 1] for i in range(len(SAMPLE)))) == whole


@given(bodies, st.data())
def test_takes_and_refuses_what_a_strict_reader_does(
    body: dict[str, object], data: st.DataObject
) -> None:
    good = dump(body, data.draw(st.integers(0, 7)))
    place = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(place, min(len(good), place + 2)))
    noise = data.draw(st.sampled_from(NOISE))
    bad = good[:place] + noise + good[end:]
    _, trouble = scan(bad)
    if "twice" in trouble:
        return
    assert (trouble == "") == is_object(bad)
    middle = data.draw(st.integers(0, len(bad)))
    assert (scan(bad[:middle], bad[middle:])[1] == "") == (trouble == "")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"   ", b"[]", b'"x"', b"1", b"{", b'{"a"', b'{"a":', b'{"a":1',
        b'{"a":1,', b'{"a":1,}', b"{,}", b'{"a":01}', b'{"a":1.}', b'{"a":.5}', b'{"a":+1}',
        b'{"a":1e}', b'{"a":-}', b'{"a":NaN}',
        b'{"a":Infinity}', b'{"a":tru}', b'{"a":truex}', b'{"a":[1,]}', b'{"a":[,1]}',
        b'{"a":[1 2]}',
        b'{"a":{"b":1,}}', b'{"a":{"b"}}', b'{"a":"\x01"}', b'{"a":"\\x"}', b'{"a":"\\u12g4"}',
        b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b'\xef\xbb\xbf{"a":1}', b'{"a":1}x', b'{"a":1}{}',
        b"{'a':1}", b'{"a":/*x*/1}', b'{"a":1]', b'{"a":[1}', b"\xff\xfe{\x00}\x00", b'{"a":"\xc3',
    ],
)  # fmt: skip
def test_refuses(body: bytes) -> None:
    assert scan(body)[1]
    assert scan(*(body[i : i + 1] for i in range(len(body))))[1]


@pytest.mark.parametrize(
    "body",
    [b'{"model":1,"model":2}', b'{"model":1,"x":0,"m\\u006fdel":2}', b'{"n":{},"n":[]}'],
)
def test_a_key_given_twice_is_refused(body: bytes) -> None:
    assert "twice" in scan(body)[1]


def test_keys_below_the_top_are_not_meant() -> None:
    fields, trouble = scan(b'{"a":{"model":1},"b":[{"model":2,"model":3}],"model":4}')
    assert trouble == ""
    assert fields["model"].raw == b"4"


def test_half_a_surrogate_pair_is_a_string_of_its_own() -> None:
    assert scan(b'{"\\ud800":"\\udc00","model":1}')[0]["model"].raw == b"1"


@pytest.mark.parametrize("opener", [b"[", b'{"a":'])
def test_depth_is_bounded(opener: bytes) -> None:
    closer = b"]" if opener == b"[" else b"}"
    last = b"0" if opener == b'{"a":' else b""
    for depth, fits in [(MOST_DEPTH - 1, True), (MOST_DEPTH, False)]:
        body = b'{"x":' + opener * depth + last + closer * depth + b"}"
        assert (scan(body)[1] == "") is fits
        assert (scan(*(body[i : i + 7] for i in range(0, len(body), 7)))[1] == "") is fits


def test_a_bomb_of_brackets_ends_at_once() -> None:
    scanner = Scanner(KEYS)
    scanner.feed(b'{"x":' + b"[" * 1_000_000)
    assert "deeper" in scanner.trouble


@pytest.mark.parametrize("number", [b"1" * 50_000, b"-0." + b"0" * 50_000, b"1e" + b"0" * 50_000])
def test_a_huge_number_is_crossed_at_every_chunk(number: bytes) -> None:
    body = b'{"x":' + number + b',"model":"m"}'
    whole = scan(body)
    assert whole[1] == ""
    pieces = [body[i : i + 999] for i in range(0, len(body), 999)]
    assert scan(*pieces) == whole


def test_a_huge_number_with_a_fault_is_refused() -> None:
    body = b'{"x":0' + b"1" * 10_000 + b"}"
    assert scan(*(body[i : i + 999] for i in range(0, len(body), 999)))[1]
    body = b'{"x":' + b"1" * 10_000 + b".}"
    assert scan(*(body[i : i + 999] for i in range(0, len(body), 999)))[1]


def test_a_long_string_is_crossed_chunk_by_chunk() -> None:
    text = b"QUJD" * 100_000
    body = b'{"image":"' + text + b'","model":"' + text + b'"}'
    fields, trouble = scan(*(body[i : i + 65_536] for i in range(0, len(body), 65_536)))
    assert trouble == ""
    assert fields["model"] == Field(b'"' + text + b'"', len(text) + 20, 2 * len(text) + 22)
