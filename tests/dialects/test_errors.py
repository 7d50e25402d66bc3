"""The error inside a stream raises in the official SDKs."""

import json

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import errors, types

from proxy.dialects.errors import error_event
from proxy.dialects.watch import watch
from proxy.model import Api

MESSAGE = 'Faultline: "openai" was cut\n\ndata: [DONE]\n\n'
CHAT = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'
RESPONSES = (
    b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",'
    b'"item_id":"m","output_index":0,"content_index":0,"delta":"Hel","sequence_number":1}\n\n'
)
MESSAGES = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"Hel"}}\n\n'
)
GEMINI = b'data: {"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"}}]}\n\n'


def answering(stream: bytes) -> httpx2.MockTransport:
    """A network that answers each request with this stream."""
    fields = {"content-type": "text/event-stream"}
    return httpx2.MockTransport(lambda _: httpx2.Response(200, headers=fields, content=stream))


def openai_client(stream: bytes) -> openai.OpenAI:
    http = httpx2.Client(transport=answering(stream))
    return openai.OpenAI(api_key="k", base_url="http://test/v1", http_client=http)


def test_chat() -> None:
    client = openai_client(CHAT + error_event(Api.CHAT, MESSAGE))
    chunks = client.chat.completions.create(model="m", messages=[], stream=True)
    assert next(chunks).choices[0].delta.content == "Hel"
    with pytest.raises(openai.APIError, match="was cut"):
        next(chunks)


def test_responses() -> None:
    client = openai_client(RESPONSES + error_event(Api.RESPONSES, MESSAGE))
    events = client.responses.create(model="m", input="x", stream=True)
    assert next(events).type == "response.output_text.delta"
    with pytest.raises(openai.APIError, match="was cut"):
        next(events)


def test_responses_says_it_to_codex_too() -> None:
    last = error_event(Api.RESPONSES, MESSAGE).split(b"\n\n")[-2]
    assert last.startswith(b"event: response.failed\ndata: ")
    response = json.loads(last.partition(b"data: ")[2])["response"]
    assert (response["status"], response["error"]["code"]) == ("failed", "server_error")


def test_messages() -> None:
    http = httpx2.Client(transport=answering(MESSAGES + error_event(Api.MESSAGES, MESSAGE)))
    client = anthropic.Anthropic(api_key="k", base_url="http://test", http_client=http)
    events = client.messages.create(model="m", max_tokens=1, messages=[], stream=True)
    assert next(events).type == "content_block_delta"
    with pytest.raises(anthropic.APIStatusError, match="was cut"):
        next(events)


def test_gemini() -> None:
    transport = answering(GEMINI + error_event(Api.GEMINI, MESSAGE))
    options = types.HttpOptions(base_url="http://test", client_args={"transport": transport})
    client = genai.Client(api_key="k", http_options=options)
    chunks = client.models.generate_content_stream(model="m", contents="x")
    assert next(chunks).text == "Hel"
    with pytest.raises(errors.APIError, match="was cut"):
        next(chunks)


@pytest.mark.parametrize(
    "api", [Api.CHAT, Api.COMPLETIONS, Api.RESPONSES, Api.MESSAGES, Api.GEMINI]
)
def test_our_own_watch_sees_the_failure(api: Api) -> None:
    watched = watch(api)
    watched.feed(error_event(api, MESSAGE, code="x"))
    assert watched.failed is not None
    assert not watched.terminal


@pytest.mark.parametrize("api", [Api.EMBEDDINGS, Api.JSON, Api.OPAQUE])
def test_other_apis_have_no_word_for_it(api: Api) -> None:
    assert error_event(api, MESSAGE) == b""
