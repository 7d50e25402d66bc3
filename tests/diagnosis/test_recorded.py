"""Recorded answers in the forms that people have at hand."""

import base64

import pytest

from proxy.diagnosis.recorded import NotAnAnswerError, corpus_answer, har_answer, raw_answer


def test_a_raw_answer() -> None:
    found = raw_answer(
        b"HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nX-A:  1 \r\n\r\n<html>\r\n\r\n", "groq"
    )
    assert (found.status, found.body, found.provider) == (502, b"<html>\r\n\r\n", "groq")
    assert found.headers == ((b"Server", b"nginx"), (b"X-A", b"1"))


def test_a_raw_answer_with_bare_line_ends() -> None:
    found = raw_answer(b"HTTP/2 503\nretry-after: 5\n\nno\r\n\r\nroom")
    assert (found.status, found.body) == (503, b"no\r\n\r\nroom")
    assert found.headers == ((b"retry-after", b"5"),)


def test_interim_answers_are_skipped() -> None:
    found = raw_answer(
        b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 429 Too Many Requests\r\n\r\nx"
    )
    assert (found.status, found.body) == (429, b"x")


@pytest.mark.parametrize(
    ("body", "joined"),
    [
        (b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"3\r\nabc\r\nff\r\ncut", b"abccut"),
        (b"not chunked", b"not chunked"),
        (b"3\r\nabc\r\nrubbish", b"abc"),
    ],
)
def test_chunks_are_joined(body: bytes, joined: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert raw_answer(head + body).body == joined


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"HTTP/2 x"])
def test_what_is_no_answer(data: bytes) -> None:
    with pytest.raises(NotAnAnswerError, match="status line"):
        raw_answer(data)


def entry(status: int, text: str = "x", **content: str) -> dict[str, object]:
    headers = [{"name": "Server", "value": "nginx"}, {"name": "Content-Encoding", "value": "br"}]
    return {
        "response": {"status": status, "headers": headers, "content": {"text": text, **content}}
    }


def test_a_har_entry() -> None:
    found = har_answer(entry(503, "no room"), "xai")
    assert (found.status, found.body, found.provider) == (503, b"no room", "xai")
    assert found.headers == ((b"Server", b"nginx"),)


def test_a_har_file_gives_the_last_that_failed() -> None:
    tree = {"log": {"entries": [entry(200), entry(500, "a"), entry(502, "b"), entry(204)]}}
    assert har_answer(tree).body == b"b"
    assert har_answer({"log": {"entries": [entry(200), entry(204)]}}).status == 204


def test_a_har_body_in_base64() -> None:
    text = base64.b64encode(b"\x00\xff").decode()
    assert har_answer(entry(200, text, encoding="base64")).body == b"\x00\xff"
    with pytest.raises(NotAnAnswerError, match="base64"):
        har_answer(entry(200, "abcde", encoding="base64"))


def test_an_answer_that_never_came_has_no_status() -> None:
    assert har_answer(entry(0)).status is None


@pytest.mark.parametrize("tree", [{}, [], {"log": {"entries": []}}, {"response": {"status": "x"}}])
def test_what_is_no_har(tree: object) -> None:
    with pytest.raises(NotAnAnswerError, match="HAR"):
        har_answer(tree)


def test_a_case_of_a_corpus() -> None:
    case = {
        "status": 429,
        "headers": {"Retry-After": 5},
        "body": "x",
        "provider": "groq",
        "stream": True,
        "phase": "pre_content",
        "wire": "closes",
    }
    found = corpus_answer(case)
    assert found is not None
    assert found.headers == ((b"Retry-After", b"5"),)
    assert (found.body, found.stream, found.phase, found.wire) == (
        b"x",
        True,
        "pre_content",
        "closes",
    )


def test_a_case_that_has_only_prose() -> None:
    assert corpus_answer({"status": None, "wire": "refused"}) is None
    assert corpus_answer({"status": 200}) is not None
    assert corpus_answer({"body": "x"}) is not None
