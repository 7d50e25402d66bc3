"""2xx is not success: what whole answers of each API say."""

import pytest

from proxy.dialects.whole import Whole, is_usual, read_whole
from proxy.model import Api, Usage


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
