"""A head alone decides, and the first to refuse wins."""

from itertools import permutations

import pytest
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage
from hypothesis import given
from hypothesis import strategies as st

from proxy.edge.admission import Errand, Familiar, admit
from proxy.edge.connection import Connection
from proxy.edge.door import UNKNOWN_CLIENT, WRONG_HOST, Door
from proxy.edge.visit import Visit
from proxy.model import Api, Dialect, Refusal
from tests.edge.port import fleet, secrets
from tests.edge.test_fields import message

TOKENS = fleet(clients=secrets(app="t0ken"))


def come(*lines: str, start: str = "POST /v1/messages HTTP/1.1") -> tuple[Errand | Refusal, Visit]:
    head = message("Host: localhost", *lines, start=start)
    visit = Visit("id", Connection.__new__(Connection), head)
    return admit(visit, head, Door(TOKENS, {8080})), visit


def refusal(*lines: str, start: str = "POST /v1/messages HTTP/1.1") -> Refusal:
    found, _ = come(*lines, start=start)
    assert isinstance(found, Refusal)
    return found


def test_who_comes_in_is_told_without_the_token() -> None:
    errand, visit = come("X-Api-Key: t0ken", "anthropic-beta: a")
    assert isinstance(errand, Errand)
    assert errand.client == "app"
    assert errand.headers == ((b"Host", b"localhost"), (b"anthropic-beta", b"a"))
    assert (visit.dialect, visit.api) == (Dialect.ANTHROPIC, Api.MESSAGES)


def test_a_token_in_the_url_goes_no_further() -> None:
    errand, _ = come(start="POST /v1beta/models/g:generateContent?key=t0ken&a=b HTTP/1.1")
    assert isinstance(errand, Errand)
    assert errand.recognition.key is None
    assert errand.recognition.query == "a=b"


def test_bytes_come_first_then_who_then_what() -> None:
    bad = "POST /v1/../x HTTP/1.1"
    assert refusal("Origin: a", "Origin: b", start=bad).message.startswith("Faultline: The header")
    assert refusal(start=bad) is UNKNOWN_CLIENT
    assert "URL" in refusal("X-Api-Key: t0ken", start=bad).message


def test_a_wrong_host_is_told_nothing_else() -> None:
    head = message("Host: evil", start="POST /v1/messages HTTP/1.1")
    visit = Visit("id", Connection.__new__(Connection), head)
    assert admit(visit, head, Door(TOKENS, {8080})) is WRONG_HOST
    assert visit.dialect is Dialect.ANTHROPIC


def test_the_dialect_of_an_unclear_path_is_that_of_the_key() -> None:
    for line, dialect in {
        "x-api-key: a": Dialect.ANTHROPIC,
        "x-goog-api-key: a": Dialect.GEMINI,
        "authorization: a": Dialect.OPENAI,
    }.items():
        _, visit = come(line, start="POST /v1/../x HTTP/1.1")
        assert visit.dialect is dialect


USUAL = ("Host: localhost", "X-Api-Key: t0ken", "Anthropic-Version: 1", "Content-Length: 7")
DOOR = Door(TOKENS, {8080})


def post(*lines: str, start: str = "POST /v1/messages HTTP/1.1") -> RawRequestMessage:
    return message(*lines, start=start)


def visited(head: RawRequestMessage) -> Visit:
    return Visit("id", Connection.__new__(Connection), head)


@pytest.fixture
def familiar() -> Familiar:
    familiar = Familiar()
    head = post(*USUAL)
    assert isinstance(familiar.admit(visited(head), head, DOOR), Errand)
    return familiar


def test_a_familiar_head_is_let_in_as_before(familiar: Familiar) -> None:
    for lines in ((*USUAL[:3], "Content-Length: 9000"), *permutations(USUAL)):
        again = post(*lines)
        visit = visited(again)
        errand = familiar.admit(visit, again, DOOR)
        assert errand is familiar.admit(visit, again, DOOR)
        assert isinstance(errand, Errand)
        assert (visit.dialect, visit.api) == (Dialect.ANTHROPIC, Api.MESSAGES)


def test_another_table_judges_anew(familiar: Familiar) -> None:
    head = post(*USUAL)
    other = Door(fleet(clients=secrets(app="0ther")), {8080})
    assert familiar.admit(visited(head), head, other) is UNKNOWN_CLIENT


LINES = st.sampled_from([*USUAL, "content-length: 8", "X-Api-Key: wr0ng", "Host: evil", "Via: x"])
STARTS = st.sampled_from(["POST /v1/messages HTTP/1.1", "POST /v1/chat/completions HTTP/1.1"])


@given(heads=st.lists(st.tuples(STARTS, st.lists(LINES, max_size=6)), max_size=4))
def test_who_is_familiar_is_told_the_same_as_a_stranger(
    heads: list[tuple[str, list[str]]],
) -> None:
    familiar = Familiar()
    for start, lines in [("POST /v1/messages HTTP/1.1", [*USUAL]), *heads]:
        try:
            head = post(*lines, start=start)
        except BadHttpMessage:  # never comes so far
            continue
        known, new = visited(head), visited(head)
        told, fresh = familiar.admit(known, head, DOOR), admit(new, head, DOOR)
        assert (known.dialect, known.api) == (new.dialect, new.api)
        if isinstance(fresh, Refusal):
            assert told == fresh
        else:
            assert isinstance(told, Errand)
            assert (told.recognition, told.client) == (fresh.recognition, fresh.client)
            assert others(told) == others(fresh)


def others(errand: Errand) -> set[tuple[bytes, bytes]]:
    return {field for field in errand.headers if field[0].lower() != b"content-length"}
