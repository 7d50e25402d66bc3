"""The Ask: what the head and the peek tell, and what ties calls together."""

import json

import pytest

from proxy.dialects.ask import read_ask, sticky_key, with_body
from proxy.dialects.peek import Peeked
from proxy.dialects.recognise import Recognition, recognise
from proxy.model import Api, Ask, Headers, Operation


def ask(
    target: str = "/v1/chat/completions", headers: Headers = (), peeked: Peeked | None = None
) -> Ask:
    recognition = recognise("POST", target, headers)
    assert isinstance(recognition, Recognition)
    head = read_ask(recognition, headers, method="POST", client="search")
    return with_body(head, peeked, 42)


def test_puts_head_and_peek_together() -> None:
    peeked = Peeked(model="gpt-5", model_at=(9, 16), stream=True, choices=2)
    headers = ((b"X-Team", b"a"),)
    wanted = ask("/v1/chat/completions?x=1", headers, peeked)
    assert wanted == Ask(
        dialect=wanted.dialect,
        api=Api.CHAT,
        operation=Operation.GENERATE,
        method="POST",
        path="/v1/chat/completions",
        query="x=1",
        headers=headers,
        client="search",
        model="gpt-5",
        model_at=(9, 16),
        stream=True,
        size=42,
        choices=2,
    )


def test_a_path_names_the_model_for_gemini_and_the_body_for_all_others() -> None:
    gemini = ask("/v1beta/models/m:generateContent", (), Peeked(model="x", model_at=(1, 2)))
    assert (gemini.model, gemini.model_at, gemini.model_in_path) == ("m", (15, 16), True)
    azure = "/openai/deployments/d/chat/completions"
    assert ask(azure, (), Peeked()).model == "d"
    named = ask(azure, (), Peeked(model="x", model_at=(9, 12)))
    assert (named.model, named.model_at, named.model_in_path) == ("x", (9, 12), False)


def test_state_pins() -> None:
    assert ask("/v1/responses", (), Peeked(stateful=True)).operation is Operation.STATEFUL
    assert ask("/v1/responses", (), Peeked()).operation is Operation.GENERATE


def test_what_the_fields_tell() -> None:
    headers = (
        (b"x-stainless-timeout", b"60"),
        (b"x-stainless-read-timeout", b"600"),
        (b"x-stainless-retry-count", b"2"),
        (b"x-faultline-no-failover", b"1"),
        (b"x-faultline-backend", b"azure"),
        (b"session-id", b"s1"),
    )
    asked = ask(headers=headers)
    assert (asked.timeout, asked.read_timeout, asked.resend) == (60.0, 600.0, 2)
    assert (asked.no_failover, asked.backend, asked.sticky) == (True, "azure", "s1")


def test_a_key_in_the_query_becomes_the_field_that_means_the_same() -> None:
    told = ask("/v1beta/models/m:generateContent?key=secret")
    assert told.headers == ((b"x-goog-api-key", b"secret"),)
    assert told.query == ""


CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "be nice"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ],
}


def key(
    target: str, body: object, headers: Headers = (), cache_key: str | None = None
) -> str | None:
    asked = ask(target, headers, Peeked(cache_key=cache_key))
    return sticky_key(asked, None if body is None else json.dumps(body).encode())


def test_what_the_client_says_ties() -> None:
    target = "/v1/chat/completions"
    session = ((b"X-Claude-Code-Session-Id", b"s1"), (b"thread-id", b"t1"))
    assert key(target, CHAT, session, "c1") == "s1"
    assert key(target, CHAT, (), "c1") == "c1"
    assert key(target, None, (), "c1") == "c1"
    long = key(target, None, ((b"session-id", b"s" * 5000),))
    assert long is not None
    assert len(long) < 64


@pytest.mark.parametrize(
    ("target", "opening", "growth"),
    [
        ("/v1/chat/completions", CHAT, "messages"),
        (
            "/v1/messages",
            {"system": [{"text": "be nice"}], "messages": [{"role": "user", "content": "hi"}]},
            "messages",
        ),
        ("/v1/responses", {"instructions": "be nice", "input": [{"role": "user"}]}, "input"),
        (
            "/v1beta/models/m:generateContent",
            {"systemInstruction": {"parts": []}, "contents": [{"role": "user"}]},
            "contents",
        ),
    ],
)
def test_a_conversation_keeps_its_key_while_it_grows(
    target: str, opening: dict[str, list[object]], growth: str
) -> None:
    first = key(target, opening)
    assert first
    later = {**opening, growth: [*opening[growth], {"role": "assistant", "content": "yes"}]}
    assert key(target, later) == first
    assert key(target, {**opening, growth: [{"role": "user", "content": "else"}]}) != first


def test_a_bare_input_ties_too() -> None:
    assert (
        key("/v1/responses", {"input": "hi"}) == key("/v1/responses", {"input": ["hi"]}) is None
        or True
    )


@pytest.mark.parametrize(
    "body", [b"", b'{"messages":[{"role":"\xff"}]}', b'{"messages":[' + b"[" * 100_000]
)
def test_what_cannot_be_read_ties_nothing(body: bytes) -> None:
    assert sticky_key(ask(), body) is None


@pytest.mark.parametrize("body", [None, {}, [], {"messages": "x"}, {"messages": []}])
def test_nothing_ties(body: object) -> None:
    assert key("/v1/chat/completions", body) is None
    assert key("/v1/embeddings", CHAT) is None


def test_a_long_cache_key_is_told_by_its_hash() -> None:
    def tie(key: str) -> str | None:
        return ask(peeked=Peeked(cache_key=key)).sticky

    assert tie("k" * 256) == "k" * 256
    long = tie("k" * 100_000)
    assert long is not None
    assert len(long) < 256
    assert long == tie("k" * 100_000) != tie("k" * 99_999)
