"""A head that is known again says the same as when it was read, and nothing else is known."""

import re

import pytest
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage
from hypothesis import given
from hypothesis import strategies as st

from proxy.edge.admission import Errand, admit
from proxy.edge.connection import Connection
from proxy.edge.door import Door
from proxy.edge.familiar import Familiar, remember
from proxy.edge.visit import Visit, reply_to
from proxy.model import Refusal
from tests.edge.port import fleet, secrets
from tests.edge.test_fields import message

DOOR = Door(fleet(clients=secrets(app="t0ken")), {8080})
START = "POST /v1/messages HTTP/1.1"
USUAL = ("Host: localhost", "X-Api-Key: t0ken", "Content-Length: 7", "Anthropic-Version: 1")


def head_of(*lines: str, start: str = START) -> bytes:
    return "\r\n".join([start, *lines, "", ""]).encode("latin-1")


def let_in(parsed: RawRequestMessage) -> Errand | Refusal:
    visit = Visit("id", reply_to(Connection.__new__(Connection), parsed))
    return admit(visit, parsed, DOOR)


def remembered(*lines: str, start: str = START) -> Familiar | None:
    parsed = message(*lines, start=start)
    errand = let_in(parsed)
    assert isinstance(errand, Errand)
    return remember(head_of(*lines, start=start), parsed, errand, DOOR)


@pytest.fixture
def familiar() -> Familiar:
    known = remembered(*USUAL)
    assert known is not None
    return known


def with_length(length: str) -> bytes:
    return head_of(*USUAL[:2], f"Content-Length: {length}", USUAL[3])


@pytest.mark.parametrize("length", ["1", "7", "123", "999999999"])
def test_only_the_length_may_be_another(familiar: Familiar, length: str) -> None:
    head = with_length(length)
    assert familiar.measure(head + b"{}") == (len(head), int(length))
    assert familiar.measure(head) == (len(head), int(length))


@pytest.mark.parametrize(
    "length",
    ["", "0", "07", "-7", "+7", " 7", "7 ", "0x7", "7,7", "7\r\nX: y", "1234567890", "7\n"],
)
def test_a_length_that_is_not_plain_is_the_parsers(familiar: Familiar, length: str) -> None:
    assert familiar.measure(with_length(length)) is None


def test_a_head_that_is_not_whole_is_the_parsers(familiar: Familiar) -> None:
    head = with_length("7")
    assert all(familiar.measure(head[:end]) is None for end in range(len(head)))


@pytest.mark.parametrize(
    "lines",
    [
        USUAL[:3],
        (*USUAL, "X: y"),
        (USUAL[1], USUAL[0], *USUAL[2:]),
        (*USUAL[:1], "X-Api-Key: t1ken", *USUAL[2:]),
        (*USUAL[:2], "content-length: 7", USUAL[3]),
        (*USUAL, "Transfer-Encoding: chunked"),
    ],
)
def test_another_head_is_another(familiar: Familiar, lines: tuple[str, ...]) -> None:
    assert familiar.measure(head_of(*lines)) is None


@pytest.mark.parametrize(
    ("lines", "start"),
    [
        (("Expect: 100-continue",), START),
        (("Connection: close",), START),
        (("Connection: upgrade", "Upgrade: h2c"), START),
        ((), "POST /v1/messages HTTP/1.0"),
    ],
)
def test_what_needs_the_parser_is_not_remembered(lines: tuple[str, ...], start: str) -> None:
    assert remembered(*USUAL, *lines, start=start) is None


def test_without_a_length_nothing_is_remembered() -> None:
    assert remembered(*USUAL[:2]) is None
    assert remembered(*USUAL[:2], "Transfer-Encoding: chunked") is None


def test_bytes_that_are_not_this_head_are_not_remembered() -> None:
    parsed = message(*USUAL, start=START)
    errand = let_in(parsed)
    assert isinstance(errand, Errand)
    head = head_of(*USUAL)
    for other in (b"", b"\r\n" + head, head.replace(b"\r\n", b"\n")):
        assert remember(other, parsed, errand, DOOR) is None


LINES = st.sampled_from(
    [
        *USUAL,
        "content-length:8",
        "CONTENT-LENGTH:   9",
        "X-Api-Key: wr0ng",
        "Via: x",
        "X: Content-Length: 3",
    ]
)
FIELDS = st.lists(LINES, max_size=7)


@given(lines=FIELDS, length=st.integers(0, 10**10), swap=st.booleans(), other=FIELDS)
def test_what_is_known_is_what_would_have_been_read(
    lines: list[str], length: int, swap: bool, other: list[str]
) -> None:
    """Whatever `measure` recognises, parser and judges would have let in as the same errand."""
    lines = ["Host: localhost", "X-Api-Key: t0ken", *lines]
    try:
        parsed = message(*lines, start=START)
    except BadHttpMessage:
        return
    errand = let_in(parsed)
    if isinstance(errand, Refusal):
        return
    known = remember(head_of(*lines), parsed, errand, DOOR)
    if known is None:
        return
    later = [re.sub(r"(?i)^(content-length: *)\d+", rf"\g<1>{length}", line) for line in lines]
    later = other if swap else later
    measured = known.measure(head_of(*later))
    if measured is None:
        assert swap or length == 0 or length >= 10**9
        return
    again = message(*later, start=START)
    told = let_in(again)
    assert isinstance(told, Errand)
    assert (told.recognition, told.client) == (errand.recognition, errand.client)
    assert dict(told.fields) | {b"content-length": b""} == dict(errand.fields) | {
        b"content-length": b""
    }
    assert measured == (len(head_of(*later)), int(told.fields[b"content-length"]))
