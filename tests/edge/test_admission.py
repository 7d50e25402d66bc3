"""A head alone decides, and the first to refuse wins."""

import gzip

from aiohttp.http import RawRequestMessage

from proxy.edge.admission import Errand, admit
from proxy.edge.connection import Connection
from proxy.edge.door import UNKNOWN_CLIENT, WRONG_HOST, Door
from proxy.edge.visit import Visit, reply_to
from proxy.model import Api, Ask, Dialect, Refusal
from tests.edge.port import fleet, secrets
from tests.edge.test_fields import message

TOKENS = fleet(clients=secrets(app="t0ken"))


def visited(head: RawRequestMessage) -> Visit:
    return Visit("id", reply_to(Connection.__new__(Connection), head))


def come(*lines: str, start: str = "POST /v1/messages HTTP/1.1") -> tuple[Errand | Refusal, Visit]:
    head = message("Host: localhost", *lines, start=start)
    visit = visited(head)
    return admit(visit, head, Door(TOKENS, {8080})), visit


def refusal(*lines: str, start: str = "POST /v1/messages HTTP/1.1") -> Refusal:
    found, _ = come(*lines, start=start)
    assert isinstance(found, Refusal)
    return found


def test_who_comes_in_is_told_without_the_token() -> None:
    errand, visit = come("X-Api-Key: t0ken", "anthropic-beta: a")
    assert isinstance(errand, Errand)
    assert errand.head.client == "app"
    assert errand.head.headers == ((b"Host", b"localhost"), (b"anthropic-beta", b"a"))
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
    visit = visited(head)
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


def test_a_body_is_looked_into_where_that_tells_something() -> None:
    errand, _ = come("X-Api-Key: t0ken")
    assert isinstance(errand, Errand)
    peek = errand.peek()
    assert peek is not None
    peek.feed(b'{"model":"m","stream":true}')
    ask = errand.ask(peek, size=27, replayable=True)
    assert isinstance(ask, Ask)
    assert (ask.method, ask.model, ask.stream, ask.size) == ("POST", "m", True, 27)
    assert errand.ask_at_once(b'{"model":"m","stream":true}') == ask
    errand, _ = come("X-Api-Key: t0ken", start="GET /v1/files HTTP/1.1")
    assert isinstance(errand, Errand)
    assert errand.peek() is None
    assert isinstance(errand.ask(None, size=0, replayable=True), Ask)
    assert isinstance(errand.ask_at_once(b"{"), Ask)


def test_what_cannot_be_read_is_refused_unless_it_only_passes_through() -> None:
    errand, _ = come("X-Api-Key: t0ken")
    assert isinstance(errand, Errand)
    peek = errand.peek()
    assert peek is not None
    peek.feed(b'{"model":')
    assert isinstance(errand.ask(peek, size=9, replayable=True), Refusal)
    assert isinstance(errand.ask_at_once(b'{"model":'), Refusal)
    passed = errand.ask(peek, size=9, replayable=False)
    assert isinstance(passed, Ask)
    assert passed.model is None


def test_a_compressed_body_is_looked_into_too() -> None:
    errand, _ = come("X-Api-Key: t0ken", "Content-Encoding: gzip")
    assert isinstance(errand, Errand)
    peek = errand.peek()
    assert peek is not None
    peek.feed(gzip.compress(b'{"model":"m"}'))
    ask = errand.ask(peek, size=33, replayable=True)
    assert isinstance(ask, Ask)
    assert ask.model == "m"
    at_once = errand.ask_at_once(gzip.compress(b'{"model":"m"}'))
    assert isinstance(at_once, Ask)
    assert at_once.model == "m"
