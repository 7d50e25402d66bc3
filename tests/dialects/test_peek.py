"""The ways of the peek have one result, and it is what every reader of the body will read."""

import gzip
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects import peek
from proxy.dialects.peek import MOST_DECOMPRESSED, MOST_MODEL, SMALL, Peek, Peeked, peek_at
from proxy.dialects.scan import MOST_DEPTH, Scanner
from proxy.model import Refusal

GZIP = ((b"Content-Encoding", b"gzip"),)


def look(*pieces: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Peeked | Refusal:
    it = Peek(headers)
    for piece in pieces:
        it.feed(piece)
    return it.finish()


def closely(body: bytes) -> Peeked | Refusal:
    """The way of what is unusual, which takes what is usual, too."""
    fields = peek._decoded(body)
    return exactly(body) if fields is None else peek._interpret(fields)


def seen(*pieces: bytes) -> Peeked:
    peeked = look(*pieces)
    assert isinstance(peeked, Peeked)
    return peeked


def exactly(body: bytes) -> Peeked | Refusal:
    """The slow way, whatever the size."""
    scanner = Scanner(peek._KEYS)
    scanner.feed(body)
    return peek._scanned(scanner)


def test_reads_what_routing_needs() -> None:
    body = b'{"model": "gpt-5", "stream": true, "n": 3, "prompt_cache_key": "c1", "input": []}'
    assert seen(body) == Peeked(
        model="gpt-5", model_at=(10, 17), stream=True, cache_key="c1", choices=3
    )


def test_a_models_name_has_a_length_that_may_be_remembered() -> None:
    assert seen(json.dumps({"model": "m" * MOST_MODEL}).encode()).model == "m" * MOST_MODEL
    assert isinstance(look(json.dumps({"model": "m" * (MOST_MODEL + 1)}).encode()), Refusal)


@pytest.mark.parametrize(
    ("body", "usual"),
    [
        (b'{"model":"m"}', True),
        (b'{"messages":[{"model":"x"}],"stream":false}', True),
        ('{"prompt_cache_key":"c","model":"é","stream":true}'.encode(), True),
        (b'{"messages":[],"contents":[]}', True),
        (b'{"model":"m","n":1}', False),
        (b'{"model":"m","background":null}', False),
        (b'{"model":"m","stream":null}', False),
        (b'{"model":"m","stream":false,"stream":true}', False),
        (b'{"model":"m","prompt_cache_key":"a","prompt_cache_key":"b"}', False),
        (b'{"model":"m","prompt_cache_key":""}', False),
        (b'{"model":"m","x":{"model":"m"}}', False),
        (b'{"model":""}', False),
        (b'{"model":"a\\/b","x":"a/b"}', False),
        (b'{"model":"m\\n"}', False),
        (b'{"model":"m","x":"\\u0061"}', False),
    ],
)
def test_what_most_bodies_say_and_no_more_is_read_at_one_go(body: bytes, usual: bool) -> None:
    peeked = peek._usual(body)
    assert (peeked is not None) is usual
    assert peeked in {None, exactly(body)}


def test_an_empty_object_says_nothing() -> None:
    assert seen(b" {} ") == Peeked()


@pytest.mark.parametrize(
    ("value", "model"),
    [
        ('"gpt-5"', "gpt-5"),
        ('"gpt\\u002d5"', "gpt-5"),
        ('"openai\\/gpt-5"', "openai/gpt-5"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"é"', "é"),
        ("null", None),
    ],
)
def test_the_model_in_every_spelling(value: str, model: str | None) -> None:
    body = f'{{"a":"\\"model\\":1","b":{{"model":"x"}},\n"model" :\t{value} }}'.encode()
    peeked = seen(body)
    assert peeked == exactly(body)
    assert peeked.model == model
    if peeked.model_at is not None:
        start, end = peeked.model_at
        assert body[start:end] == value.encode()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b'"x"', b'{"model":"a"', b'{"model":"a",}', b'{"model":"a"} x',
        b'\xef\xbb\xbf{"model":"a"}', b'{"model":"a","x":NaN}', b'{"model":"a","x":"\xff"}',
        b'{"\xff":1,"model":"a"}', b'{"model":"a","model":"b"}', b'{"model":"a","mod\\u0065l":"b"}',
        b'{"stream":true,"stream":false}', b'{"model":5}', b'{"model":["a"]}',
        b'{"model":"\\ud800"}', b'{"model":"a\\u0000"}', b'{"model":"a\\n"}',
        b'{"model":true}', b'{"stream":"true"}', b'{"stream":1}', b'{"stream":{}}',
        b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(body: bytes) -> None:
    for result in (look(body), exactly(body), look(*(body[i : i + 1] for i in range(len(body))))):
        assert isinstance(result, Refusal)
        assert result.status == 400
        assert result.message.startswith("Faultline: ")


@pytest.mark.parametrize(
    ("field", "stateful"),
    [
        ('"previous_response_id":"resp_1"', True),
        ('"previous_response_id":null', False),
        ('"previous_response_id":""', False),
        ('"conversation":{"id":"conv_1"}', True),
        ('"cachedContent":"cachedContents/x"', True),
        ('"container":"container_1"', True),
        ('"background":true', True),
        ('"background":false', False),
        ('"background":"transparent"', False),
        ('"store":true', False),
    ],
)
def test_only_an_explicit_reference_to_state_pins(field: str, stateful: bool) -> None:
    body = f'{{"model":"m",{field}}}'.encode()
    assert seen(body).stateful is stateful
    assert exactly(body) == seen(body)


@pytest.mark.parametrize(
    ("count", "choices"), [("2", 2), ("0", 1), ("null", 1), ('"2"', 1), ("1e9", 1), ("1" * 99, 1)]
)
def test_choices(count: str, choices: int) -> None:
    body = f'{{"n":{count}}}'.encode()
    assert seen(body).choices == choices
    assert exactly(body) == seen(body)


names = st.sampled_from(
    ["model", "stream", "n", "background", "prompt_cache_key", "previous_response_id", "x"]
)
leaves: list[object] = [
    None,
    True,
    False,
    1,
    2.5,
    "",
    "a",
    "é",
    "model",
    '"model":"x"',
    "\\",
    [],
    ["model"],
]
inner: list[object] = ["m", None, [[{}]]]
values: st.SearchStrategy[object] = st.sampled_from(leaves) | st.dictionaries(
    names, st.sampled_from(inner), max_size=3
)


@given(
    st.lists(st.tuples(names, values), max_size=6),
    st.booleans(),
    st.sampled_from([None, (",", ":"), (" ,\n", "\t: ")]),
    st.data(),
)
def test_two_ways_one_result(
    members: list[tuple[str, object]],
    ascii_only: bool,
    separators: tuple[str, str] | None,
    data: st.DataObject,
) -> None:
    comma, colon = separators or (", ", ": ")
    dump = json.JSONEncoder(ensure_ascii=ascii_only, separators=separators).encode
    body = (
        "{" + comma.join(dump(key) + colon + dump(value) for key, value in members) + "}"
    ).encode()
    fault = data.draw(st.sampled_from([b"", b"", b"", b",", b"]", b"\\", b'"']))
    place = data.draw(st.integers(0, len(body)))
    body = body[:place] + fault + body[place:]
    cut = data.draw(st.integers(0, len(body)))
    result = exactly(body)
    if isinstance(result, Refusal):
        assert isinstance(look(body), Refusal)
        assert isinstance(peek_at(body), Refusal)
        return
    assert look(body) == look(body[:cut], body[cut:]) == result
    assert peek_at(body) == closely(body) == result
    read = json.loads(body)
    assert result.model == read.get("model")
    assert result.stream is bool(read.get("stream"))
    if result.model_at is not None:
        start, end = result.model_at
        assert json.loads(body[start:end]) == result.model


def test_depth_is_measured_in_both_ways_alike() -> None:
    for depth in range(MOST_DEPTH - 3, MOST_DEPTH + 2):
        for opener, closer in [(b"[", b"]"), (b'{"]":[', b"]}")]:
            levels = depth // (2 if b"{" in opener else 1)
            nest = b'{"s":"\\\\\\"[[[","x":' + opener * levels + closer * levels + b"}"
            assert look(nest) == exactly(nest)


def test_a_large_body_is_scanned_as_it_comes() -> None:
    filler = b'{"image":"' + b"QUJD" * SMALL
    body = filler + b'","model":"gpt-5","stream":true}'
    peeked = seen(*(body[i : i + 65_536] for i in range(0, len(body), 65_536)))
    assert peeked == seen(body) == peek_at(body) == exactly(body)
    at = body.index(b'"gpt-5"')
    assert peeked.model_at == (at, at + 7)


@pytest.mark.parametrize(
    ("headers", "pack"),
    [
        (GZIP, gzip.compress),
        (((b"content-encoding", b"DEFLATE"),), zlib.compress),
        (((b"content-encoding", b"identity"),), bytes),
    ],
)
def test_a_compressed_body_is_looked_into(
    headers: tuple[tuple[bytes, bytes], ...], pack: object
) -> None:
    assert callable(pack)
    body = pack(b'{"model":"gpt-5","stream":true}')
    peeked = look(body[:9], body[9:], headers=headers)
    assert isinstance(peeked, Peeked)
    assert (peeked.model, peeked.stream) == ("gpt-5", True)
    assert (peeked.model_at is None) is (pack is not bytes)


@pytest.mark.parametrize(
    "body",
    [
        b"not gzip at all",
        gzip.compress(b'{"model":"a","model":"b"}'),
        gzip.compress(b'{"model":"a"}')[:-12],
        gzip.compress(b'{"model":"a","x":"' + b" " * MOST_DECOMPRESSED + b'"}'),
        b"x" * (MOST_DECOMPRESSED + 1),
        b"x" * 2 * MOST_DECOMPRESSED,
    ],
)
def test_a_compressed_body_that_cannot_be_read_is_routed_by_its_path(body: bytes) -> None:
    assert look(body, headers=GZIP) == Peeked()
    assert look(body[:MOST_DECOMPRESSED], body[MOST_DECOMPRESSED:], b"x", headers=GZIP) == Peeked()
    assert look(body, headers=((b"content-encoding", b"br"),)) == Peeked()
