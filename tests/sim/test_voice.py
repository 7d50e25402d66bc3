import hashlib
import json
from dataclasses import replace

import pytest

from proxy.sim.voice import Tongue
from tests.sim.talk import chat, voice

KEYED = {"headers": ((b"x-goog-api-key", b"k"),), "method": "GET"}
VERSIONED = {"headers": ((b"anthropic-version", b"2023-06-01"),), "method": "GET"}


@pytest.mark.parametrize(
    ("path", "fields", "tongue"),
    [
        ("/v1/chat/completions", {}, Tongue.OPENAI),
        ("/v1/responses", {}, Tongue.RESPONSES),
        ("/v1/messages", {}, Tongue.ANTHROPIC),
        ("/v1/messages/count_tokens?beta=true", {}, Tongue.ANTHROPIC),
        ("/v1beta/models/g:countTokens", {}, Tongue.GEMINI),
        ("/v1/models", {}, Tongue.OPENAI),
        ("/v1/models", VERSIONED, Tongue.ANTHROPIC),
        ("/v1/models", KEYED, Tongue.GEMINI),
    ],
)
def test_the_tongue_follows_from_the_request(
    path: str, fields: dict[str, object], tongue: Tongue
) -> None:
    assert voice(path, None, **fields).tongue is tongue


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("/v1/chat/completions", b'data: {"error":{"message":"no"'),
        ("/v1/responses", b'event: error\ndata: {"type":"error","error":{'),
        ("/v1/messages", b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"'),
        ("/v1beta/models/g:x", b'data: {"error":{"code":529,"message":"no"'),
    ],
)
def test_a_failing_stream_says_so_in_its_tongue(path: str, event: bytes) -> None:
    assert voice(path).error_event(529, "no").startswith(event)


@pytest.mark.parametrize(
    ("path", "fields", "kind"),
    [
        ("/v1/chat/completions", {}, "invalid_request_error"),
        ("/v1/messages", {}, "authentication_error"),
        ("/v1beta/models/g:x", {}, "UNAUTHENTICATED"),
    ],
)
def test_an_error_has_its_tongues_word(path: str, fields: dict[str, object], kind: str) -> None:
    error = json.loads(voice(path, None, **fields).error(401, "no"))["error"]
    assert kind in error.values()


def test_a_ping_is_an_event_or_a_comment() -> None:
    assert voice("/v1/messages").ping().startswith(b"event: ping\n")
    assert voice().ping().startswith(b":")


@pytest.mark.parametrize("fields", [{"method": "GET"}, KEYED, VERSIONED])
def test_models_are_listed(fields: dict[str, object]) -> None:
    assert b"sim-large" in voice("/v1/models", None, **fields).answer().content[0]


def test_a_head_request_gets_no_body() -> None:
    good = voice("/api/hello", method="HEAD").answer()
    assert b"content-length: 0" in good.begin()
    assert good.events == ()


def test_the_stamp_reaches_the_text() -> None:
    said = voice(payload=chat(stream=False))
    assert b"@alpha" not in said.answer().content[0]
    assert replace(said, stamp=True).answer().content[0].count(b"@alpha") == 6


def test_an_unknown_path_is_echoed_with_the_hash_of_the_body() -> None:
    digest = hashlib.sha256(b"abc").hexdigest()
    fields = {"length": 3, "sha256": digest, "headers": ((b"content-type", b"image/png"),)}
    echo = json.loads(voice("/v1/files?x=1", None, **fields).answer().content[0])
    assert echo["sha256"] == digest
    assert echo["length"] == 3
    assert (echo["path"], echo["query"]) == ("/v1/files", "x=1")
    assert echo["content_type"] == "image/png"
    assert echo["provider"] == "alpha"
