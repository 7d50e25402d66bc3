"""Requests recognised, and what is refused before a backend hears of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects.recognise import MOST_URL, Recognition, recognise
from proxy.model import Api, Dialect, Headers, Operation, Refusal

OPENAI, CLAUDE, GEMINI = Dialect.OPENAI, Dialect.ANTHROPIC, Dialect.GEMINI
ANTHROPIC: Headers = ((b"Anthropic-Version", b"2023-06-01"),)
X_API_KEY: Headers = ((b"X-Api-Key", b"k"),)
GOOGLE: Headers = ((b"x-goog-api-key", b"k"),)
MULTIPART: Headers = ((b"Content-Type", b"Multipart/form-data; boundary=x"),)


def seen(method: str, target: str, headers: Headers = ()) -> Recognition:
    recognition = recognise(method, target, headers)
    assert isinstance(recognition, Recognition), recognition
    return recognition


def refused(method: str, target: str, headers: Headers = ()) -> Refusal:
    refusal = recognise(method, target, headers)
    assert isinstance(refusal, Refusal), refusal
    return refusal


@pytest.mark.parametrize(
    ("target", "dialect", "api", "operation", "path"),
    [
        ("/v1/chat/completions", OPENAI, Api.CHAT, Operation.GENERATE, "/v1/chat/completions"),
        ("/chat/completions", OPENAI, Api.CHAT, Operation.GENERATE, "/v1/chat/completions"),
        ("/v1/v1/chat/completions", OPENAI, Api.CHAT, Operation.GENERATE, "/v1/chat/completions"),
        (
            "/openai/v1/chat/completions",
            OPENAI,
            Api.CHAT,
            Operation.GENERATE,
            "/v1/chat/completions",
        ),
        ("/api/v1/chat/completions", OPENAI, Api.CHAT, Operation.GENERATE, "/v1/chat/completions"),
        ("/v1/completions", OPENAI, Api.COMPLETIONS, Operation.GENERATE, "/v1/completions"),
        ("/v1/responses", OPENAI, Api.RESPONSES, Operation.GENERATE, "/v1/responses"),
        ("/v1/responses/compact", OPENAI, Api.JSON, Operation.GENERATE, "/v1/responses/compact"),
        (
            "/v1/responses/input_tokens",
            OPENAI,
            Api.JSON,
            Operation.COUNT_TOKENS,
            "/v1/responses/input_tokens",
        ),
        ("/v1/embeddings", OPENAI, Api.EMBEDDINGS, Operation.EMBED, "/v1/embeddings"),
        ("/v1/moderations", OPENAI, Api.JSON, Operation.GENERATE, "/v1/moderations"),
        ("/v1/images/generations", OPENAI, Api.JSON, Operation.GENERATE, "/v1/images/generations"),
        ("/v1/audio/speech", OPENAI, Api.OPAQUE, Operation.GENERATE, "/v1/audio/speech"),
        ("/v1/messages", CLAUDE, Api.MESSAGES, Operation.GENERATE, "/v1/messages"),
        ("/messages", CLAUDE, Api.MESSAGES, Operation.GENERATE, "/v1/messages"),
        (
            "/v1/messages/count_tokens",
            CLAUDE,
            Api.JSON,
            Operation.COUNT_TOKENS,
            "/v1/messages/count_tokens",
        ),
    ],
)
def test_json_operations(
    target: str, dialect: Dialect, api: Api, operation: Operation, path: str
) -> None:
    found = seen("POST", target)
    assert (found.dialect, found.api, found.operation) == (dialect, api, operation)
    assert found.path == path
    assert found.reads_body
    assert (found.model, found.model_at, found.stream) == (None, None, False)


@pytest.mark.parametrize(
    ("method", "target", "dialect"),
    [
        ("GET", "/v1/responses/resp_1", OPENAI),
        ("POST", "/v1/responses/resp_1/cancel", OPENAI),
        ("GET", "/v1/chat/completions/c1/messages", OPENAI),
        ("POST", "/v1/files", OPENAI),
        ("GET", "/v1/files/f1/content", OPENAI),
        ("POST", "/v1/uploads/u1/parts", OPENAI),
        ("POST", "/v1/batches", OPENAI),
        ("GET", "/v1/vector_stores/v1", OPENAI),
        ("POST", "/v1/conversations", OPENAI),
        ("POST", "/v1/threads/runs", OPENAI),
        ("GET", "/assistants", OPENAI),
        ("POST", "/v1/fine_tuning/jobs", OPENAI),
        ("POST", "/v1/realtime/client_secrets", OPENAI),
        ("POST", "/v1/messages/batches", CLAUDE),
        ("GET", "/v1/messages/batches/b1/results", CLAUDE),
        ("GET", "/v1beta/cachedContents", GEMINI),
        ("POST", "/upload/v1beta/files", GEMINI),
        ("POST", "/v1beta/models/m:predictLongRunning", GEMINI),
    ],
)
def test_what_an_account_holds_is_stateful(method: str, target: str, dialect: Dialect) -> None:
    found = seen(method, target)
    assert (found.dialect, found.operation) == (dialect, Operation.STATEFUL)
    assert found.api is Api.OPAQUE
    assert not found.reads_body


@pytest.mark.parametrize(
    ("headers", "dialect", "version"),
    [
        ((), OPENAI, "/v1"),
        (ANTHROPIC, CLAUDE, "/v1"),
        (X_API_KEY, CLAUDE, "/v1"),
        (GOOGLE, GEMINI, "/v1beta"),
    ],
)
def test_a_shared_path_is_of_the_dialect_that_the_fields_tell(
    headers: Headers, dialect: Dialect, version: str
) -> None:
    for path in ("/models", "/files", "/something/new"):
        found = seen("GET", "/v1" + path, headers)
        assert (found.dialect, found.path) == (dialect, version + path)


def test_models() -> None:
    found = seen("GET", "/v1/models?limit=1000", ANTHROPIC)
    assert (found.operation, found.model, found.query) == (
        Operation.LIST_MODELS,
        None,
        "limit=1000",
    )
    assert seen("GET", "/v1beta/models").dialect is GEMINI
    assert seen("HEAD", "/models/openai/gpt-5").model == "openai/gpt-5"
    assert seen("GET", "/v1/models/gpt%2D5").model == "gpt-5"
    assert seen("DELETE", "/v1/models/ft:mine").operation is Operation.OTHER


@pytest.mark.parametrize(
    ("method", "api", "operation", "stream"),
    [
        ("generateContent", Api.GEMINI, Operation.GENERATE, False),
        ("streamGenerateContent", Api.GEMINI, Operation.GENERATE, True),
        ("countTokens", Api.JSON, Operation.COUNT_TOKENS, False),
        ("embedContent", Api.JSON, Operation.EMBED, False),
        ("batchEmbedContents", Api.JSON, Operation.EMBED, False),
        ("somethingNew", Api.OPAQUE, Operation.OTHER, False),
    ],
)
@pytest.mark.parametrize("version", ["/v1beta", "/v1", "", "/v1alpha", "/v1beta/v1beta"])
def test_gemini_names_the_model_in_the_path(
    method: str, api: Api, operation: Operation, stream: bool, version: str
) -> None:
    found = seen("POST", f"{version}/models/gemini-2.5-pro:{method}?alt=sse")
    assert (found.dialect, found.api, found.operation) == (GEMINI, api, operation)
    assert found.path == f"/v1beta/models/gemini-2.5-pro:{method}"
    assert found.stream is stream
    assert found.model == "gemini-2.5-pro"
    assert found.model_at is not None
    start, end = found.model_at
    assert found.path[start:end] == "gemini-2.5-pro"


def test_a_gemini_stream_without_sse_is_one_array() -> None:
    found = seen("POST", "/v1beta/models/m:streamGenerateContent")
    assert (found.api, found.stream) == (Api.OPAQUE, True)


def test_azure_names_the_model_in_the_path_and_dates_its_api() -> None:
    found = seen("POST", "/openai/deployments/gpt%2D5/chat/completions?api-version=2024-10-21&x=1")
    assert (found.api, found.path, found.query) == (Api.CHAT, "/v1/chat/completions", "x=1")
    assert (found.model, found.model_at) == ("gpt-5", None)
    assert seen("POST", "/openai/responses?api-version=2025-01-01").query == ""
    assert seen("POST", "/openai/v1/responses?api-version=preview").query == "api-version=preview"


def test_forms_with_files_pass_unread() -> None:
    for path in ("/v1/images/edits", "/v1/audio/transcriptions"):
        found = seen("POST", path, MULTIPART)
        assert (found.dialect, found.api, found.operation) == (OPENAI, Api.OPAQUE, Operation.OTHER)
        assert not found.reads_body


def test_paths_at_the_hosts_root_stay_there() -> None:
    found = seen("HEAD", "/api/hello")
    assert (found.dialect, found.operation, found.path) == (CLAUDE, Operation.OTHER, "/api/hello")
    assert seen("POST", "/api/chat").path == "/api/chat"
    assert seen("POST", "/upload/v1beta/files", GOOGLE).path == "/upload/v1beta/files"


def test_a_closing_slash_does_not_hide_a_call() -> None:
    assert seen("POST", "/v1/chat/completions/").operation is Operation.GENERATE


@pytest.mark.parametrize("name", ["key", "%6bey", "access_token", "api-key"])
def test_a_credential_does_not_stay_in_the_query(name: str) -> None:
    found = seen("POST", f"/v1beta/models/m:countTokens?a=%2F&{name}=s%33cret&b=")
    assert found.query == "a=%2F&b="
    assert found.key is not None
    assert found.key.reveal() == "s3cret"
    assert "s3cret" not in repr(found)
    assert seen("GET", "/v1/files?after=x").key is None


@pytest.mark.parametrize("value", ["a%0d%0ax-evil:1", "%00", "%c3%a9"])
def test_a_credential_cannot_break_out_of_its_field(value: str) -> None:
    found = seen("POST", f"/v1beta/models/m:countTokens?key={value}&a=1")
    assert (found.query, found.key) == ("a=1", None)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../admin",
        "/v1/.",
        "/v1/./x",
        "/..",
        "/v1/..;/x",
        "/v1/%2e%2e/x",
        "/v1/%2E/x",
        "/v1/a%2fb",
        "/v1/a%2Fb",
        "/v1/a%5cb",
        "/v1/a\\b",
        "/v1/%00",
        "/v1/%0d%0aX",
        "/v1/%7f",
        "/v1/\x00",
        "/v1/\x7f",
        "/v1/é",
        "/v1/\udcff",
        "//v1/files",
        "/v1//files",
        "/v1/a b",
        "/v1/files#x",
        "",
        "*",
        "v1/files",
        "localhost:443",
        "http://evil.example/v1/files",
        "http://localhost",
        "ftp://localhost/v1/files",
        "http:///v1/files",
        "/v1/files?a=\x01",
        "/v1/files?a=é",
        "/v1/files?a#b",
        "/v1/files?a b",
    ],
)
def test_what_servers_read_in_different_ways_is_refused(path: str) -> None:
    refusal = refused("GET", path, ((b"Host", b"localhost"),))
    assert (refusal.status, refusal.code) == (400, "bad_request")


@pytest.mark.parametrize(
    "target", ["http://LocalHost:8080/v1/files", "HTTP://localhost:8080/files"]
)
def test_an_absolute_target_of_this_host_is_a_path(target: str) -> None:
    assert seen("GET", target, ((b"host", b"localhost:8080"),)).path == "/v1/files"


def test_a_long_url_is_refused() -> None:
    seen("GET", "/v1/" + "a" * (MOST_URL - 4))
    assert refused("GET", "/v1/" + "a" * (MOST_URL - 3)).status == 400


def test_a_websocket_is_told_to_use_http() -> None:
    upgrade: Headers = ((b"Connection", b"Upgrade"), (b"Upgrade", b"WebSocket"))
    refusal = refused("GET", "/v1/responses", upgrade)
    assert (refusal.status, refusal.code, refusal.close) == (426, "upgrade_required", True)
    seen("GET", "/v1/responses", ((b"Upgrade", b"h2c"),))


@pytest.mark.parametrize(
    "fields",
    [
        ((b"Via", b"1.1 faultline"),),
        ((b"via", b"1.1 proxy, 1.1 FaultLine (x), 1.0 other"),),
        ((b"Via", b"1.1 faultline"), (b"Via", b"2 edge")),
    ],
)
def test_a_circle_is_refused(fields: Headers) -> None:
    assert refused("POST", "/v1/messages", fields).status == 508


def test_another_proxys_via_is_no_circle() -> None:
    seen("POST", "/v1/messages", ((b"Via", b"1.1 not-faultline, 1.1"),))


@given(st.text(st.characters(max_codepoint=0x200), max_size=40), st.sampled_from(["GET", "POST"]))
def test_whatever_comes_is_refused_or_normal(target: str, method: str) -> None:
    for raw in (target, "/" + target, "/v1/" + target, "/v1/models/" + target):
        found = recognise(method, raw, ())
        if isinstance(found, Recognition):
            assert re.fullmatch(r"/[!-~]*", found.path)
            assert "//" not in found.path
            assert "\\" not in found.path
            assert not re.search(r"/\.\.?(/|$)", found.path)
        else:
            assert found.status == 400
