"""2xx is not success: what whole answers of each API say."""

import gzip

import pytest

from proxy.dialects.whole import MOST_COUNTED, Whole, is_usual, read_whole, usage_of
from proxy.model import Api, Headers, Usage


@pytest.mark.parametrize("api", [api for api in Api if api is not Api.OPAQUE])
@pytest.mark.parametrize("body", [b"", b"<!DOCTYPE html>", b'{"choices":[', b"\xff"])
def test_what_is_not_json(api: Api, body: bytes) -> None:
    assert read_whole(api, body) is None


@pytest.mark.parametrize("api", [api for api in Api if api is not Api.OPAQUE])
def test_json_of_another_form(api: Api) -> None:
    assert read_whole(api, b'["x"]') == Whole(content=api is Api.JSON)
    hello = read_whole(api, b'{"hello":1}')
    assert hello == Whole(content=api is Api.JSON)


@pytest.mark.parametrize("api", [api for api in Api if api is not Api.OPAQUE])
def test_an_error_under_a_good_status(api: Api) -> None:
    body = b'{"error":{"message":"x"}}'
    whole = read_whole(api, body)
    assert whole is not None
    assert whole.failed == body


def test_each_api_reads_its_own() -> None:
    usage = b'"usage":{"prompt_tokens":3}'
    bodies = {
        Api.CHAT: b'{"choices":[{"message":{"content":"x"}}]}',
        Api.COMPLETIONS: b'{"choices":[{"text":"x"}]}',
        Api.RESPONSES: b'{"output":[{}]}',
        Api.MESSAGES: b'{"content":[{}]}',
        Api.GEMINI: b'{"candidates":[{"content":{"parts":[{"text":"x"}]}}]}',
        Api.EMBEDDINGS: b'{"data":[{"embedding":[0.1,2]}],' + usage + b"}",
    }
    for api, body in bodies.items():
        whole = read_whole(api, body)
        assert whole is not None
        assert (whole.content, whole.failed) == (True, None)
        assert whole.usage == (Usage(input=3) if api is Api.EMBEDDINGS else None)
    assert read_whole(Api.EMBEDDINGS, b'{"data":[]}') == Whole(content=False)


def test_of_any_bytes_nothing_is_said() -> None:
    assert read_whole(Api.OPAQUE, b"\x00") == Whole(content=True)
    assert read_whole(Api.OPAQUE, b"") == Whole(content=False)


def test_a_usual_answer_is_one_of_its_own_api() -> None:
    body = b'{"choices":[{"finish_reason":"stop","message":{"content":"x"}}]}'
    assert {api for api in Api if is_usual(api, body)} == {Api.CHAT}


COUNTED = {
    Api.CHAT: b'{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}',
    Api.COMPLETIONS: b'{"usage":{"prompt_tokens":3,"completion_tokens":4}}',
    Api.RESPONSES: b'{"output":[],"usage":{"input_tokens":3,"output_tokens":4}}',
    Api.MESSAGES: b'{"usage":{"input_tokens":1,"cache_read_input_tokens":2,"output_tokens":4}}',
    Api.GEMINI: b'{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4}}',
}


@pytest.mark.parametrize("api", COUNTED)
@pytest.mark.parametrize("encoded", [False, True])
def test_the_tokens_of_a_whole_answer(api: Api, encoded: bool) -> None:
    body = gzip.compress(COUNTED[api]) if encoded else COUNTED[api]
    headers = ((b"Content-Encoding", b"gzip"),) if encoded else ()
    assert usage_of(api, headers, body) == Usage(input=3, output=4)
    assert usage_of(api, headers, body) == read_usage(api)


def read_usage(api: Api) -> Usage | None:
    whole = read_whole(api, COUNTED[api])
    return None if whole is None else whole.usage


def test_the_tokens_of_an_embedding() -> None:
    body = b'{"data":[{"embedding":[0.1,0.2]}],"usage":{"prompt_tokens":5,"total_tokens":5}}'
    assert usage_of(Api.EMBEDDINGS, (), body) == Usage(input=5)


@pytest.mark.parametrize(
    ("api", "headers", "body"),
    [
        (Api.CHAT, (), b'{"choices":[]}'),
        (Api.CHAT, (), b'{"usage":null}'),
        (Api.CHAT, (), b""),
        (Api.CHAT, (), b"<html>"),
        (Api.CHAT, ((b"content-encoding", b"br"),), b"\x0b\x02\x80{}\x03"),
        (Api.CHAT, ((b"content-encoding", b"gzip"),), gzip.compress(b" " * (MOST_COUNTED + 1))),
        (Api.JSON, (), b'{"usage":{"prompt_tokens":3}}'),
        (Api.OPAQUE, (), b"\x00"),
    ],
)
def test_what_tells_no_tokens(api: Api, headers: Headers, body: bytes) -> None:
    assert usage_of(api, headers, body) is None
