"""A head that is known again says the same as when it was read, and nothing else is known."""

import pytest
from aiohttp.http import RawRequestMessage
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
    return remember(parsed, errand, DOOR)


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
        ((), "PUT /v1/messages HTTP/1.1"),
        ((), "HEAD /v1/messages HTTP/1.1"),
    ],
)
def test_what_needs_the_parser_is_not_remembered(lines: tuple[str, ...], start: str) -> None:
    assert remembered(*USUAL, *lines, start=start) is None


def test_without_a_length_nothing_is_remembered() -> None:
    assert remembered(*USUAL[:2]) is None
    assert remembered(*USUAL[:2], "Transfer-Encoding: chunked") is None


def test_another_way_to_write_the_same_is_the_parsers() -> None:
    known = remembered(*USUAL[:2], "Content-Length:   7", "Anthropic-Version: 1")
    assert known is not None
    assert known.measure(with_length("7")) is not None
    assert known.measure(head_of(*USUAL[:2], "Content-Length:   7", USUAL[3])) is None
    assert known.measure(with_length("7").replace(b"\r\n", b"\n")) is None
    assert known.measure(b"\r\n" + with_length("7")) is None


LENGTHS = st.sampled_from(["Content-Length: ", "content-length: ", "CONTENT-LENGTH: "])
MORE = st.lists(st.sampled_from(["Via: x", "X: Content-Length: 3", "Accept: a"]), max_size=3)
CHANGES = st.sampled_from(["nothing", "drop", "double", "swap", "case"])


def test_each_head_keeps_its_own_of_what_passes(familiar: Familiar) -> None:
    other = remembered(*USUAL)
    assert other is not None
    assert familiar.errand.head.passed == other.errand.head.passed == {}
    assert familiar.errand.head.passed is not other.errand.head.passed


@given(name=LENGTHS, more=MORE, length=st.integers(0, 10**10), change=CHANGES, data=st.data())
def test_what_is_known_is_what_would_have_been_read(
    name: str, more: list[str], length: int, change: str, data: st.DataObject
) -> None:
    """Whatever `measure` recognises, parser and judges would have let in as the same errand."""
    order = data.draw(st.permutations([*USUAL[:2], f"{name}7", *more]))
    parsed = message(*order, start=START)
    errand = let_in(parsed)
    assert isinstance(errand, Errand)
    known = remember(parsed, errand, DOOR)
    assert known is not None
    later = [f"{name}{length}" if line == f"{name}7" else line for line in order]
    at = data.draw(st.integers(0, len(later) - 1))
    match change:
        case "drop":
            del later[at]
        case "double":
            later.insert(at, later[at])
        case "swap":
            later[at], later[-1] = later[-1], later[at]
        case _ if change == "case":
            later[at] = later[at].swapcase()
    measured = known.measure(head_of(*later))
    if measured is None:
        assert change != "nothing" or length == 0 or length >= 10**9
        return
    told = let_in(message(*later, start=START))
    assert isinstance(told, Errand)
    assert (told.recognition, told.head.client) == (errand.recognition, errand.head.client)
    assert without_length(told) == without_length(errand)
    assert measured == (len(head_of(*later)), int(told.fields[b"content-length"]))


def without_length(errand: Errand) -> dict[bytes, bytes]:
    return {name: value for name, value in errand.fields.items() if name != b"content-length"}
