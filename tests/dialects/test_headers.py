"""Which fields cross, in both directions, and which are added."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects.headers import (
    answer_headers,
    degraded_headers,
    drill_headers,
    refusal_headers,
    request_headers,
    reroute_headers,
    response_headers,
)
from proxy.model import (
    Api,
    Ask,
    AttemptRecord,
    Backend,
    Cause,
    Credential,
    CredentialKind,
    Degraded,
    Dialect,
    Drill,
    Headers,
    Instant,
    Operation,
    Passed,
    Phase,
    Secret,
    Sent,
    Url,
    Verdict,
)

APPS_KEYS: Headers = (
    (b"Authorization", b"Bearer app"),
    (b"X-Api-Key", b"app"),
    (b"api-key", b"app"),
    (b"x-goog-api-key", b"app"),
    (b"x_api_key", b"app"),
)
REROUTED = (
    b'faultline; next-hop="openai"; error=destination_unavailable; received-status=502; '
    b'details="cdn_edge"'
)
ADDED: Headers = ((b"X", b"table"),)
VIA = (b"via", b"1.1 faultline")


def ask(headers: Headers, *, stream: bool = False) -> Ask:
    return Ask(
        dialect=Dialect.OPENAI,
        api=Api.CHAT,
        operation=Operation.GENERATE,
        method="POST",
        path="/v1/chat/completions",
        headers=headers,
        stream=stream,
    )


def backend(kind: CredentialKind = CredentialKind.OWN, headers: Headers = ()) -> Backend:
    return Backend(
        name="b",
        provider="openai",
        dialect=Dialect.OPENAI,
        url=Url(tls=True, host="api.example.com", port=443, path="/v1"),
        credential=Credential(
            kind=kind, secret=Secret("own") if kind is CredentialKind.OWN else None
        ),
        headers=headers,
    )


def attempt(name: str, cause: Cause, status: int | None = None) -> AttemptRecord:
    return AttemptRecord(
        number=1,
        backend=name,
        provider="p",
        model=None,
        started=Instant(0.0),
        ended=Instant(1.0),
        verdict=Verdict(cause=cause),
        phase=Phase.HEAD,
        sent=Sent.HEAD_SEEN,
        status=status,
    )


def test_what_is_not_known_passes_as_it_came() -> None:
    headers = (
        (b"Content-Type", b"application/json"),
        (b"anthropic-beta", b"a, b"),
        (b"X-Claude-Code-New", b"1"),
        (b"OpenAI-Organization", b"org"),
        (b"traceparent", b"00-1"),
        (b"Accept-Encoding", b"gzip"),
        (b"Content-Encoding", b"gzip"),
        (b"Via", b"1.1 office"),
    )
    sent = request_headers(ask(headers), backend())
    assert sent == (*headers, VIA, (b"authorization", b"Bearer own"))


@pytest.mark.parametrize(
    "name",
    [
        "Host", "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Expect", "Content-Length", "content_length", "Transfer_Encoding", "Proxy-Authorization",
        "Proxy-Connection", "Cookie", "Origin", "Referer", "Sec-Fetch-Site", "Forwarded",
        "X-Forwarded-For", "X_Forwarded_Host", "X-Real-IP", "X-Faultline-Backend", "HTTP2-Settings",
    ],
)  # fmt: skip
def test_what_never_passes(name: str) -> None:
    sent = request_headers(ask(((name.encode(), b"x"),)), backend())
    assert sent == (VIA, (b"authorization", b"Bearer own"))


def test_a_backend_sees_its_own_key_only() -> None:
    assert request_headers(ask(APPS_KEYS), backend()) == (VIA, (b"authorization", b"Bearer own"))
    assert request_headers(ask(APPS_KEYS), backend(CredentialKind.NONE)) == (VIA,)


def test_the_apps_own_key_passes_where_the_table_says_so() -> None:
    sent = request_headers(ask((*APPS_KEYS, (b"Cookie", b"x"))), backend(CredentialKind.CLIENT))
    assert sent == (*APPS_KEYS, VIA)


def test_what_connection_names_is_hop_by_hop() -> None:
    headers = ((b"Connection", b"X-Hop, keep-alive"), (b"x-hop", b"1"), (b"X-Stay", b"2"))
    sent = request_headers(ask(headers), backend(CredentialKind.NONE))
    assert sent == ((b"X-Stay", b"2"), VIA)
    assert response_headers(headers) == ((b"X-Stay", b"2"),)


def test_connection_cannot_take_the_key_away() -> None:
    headers = ((b"Connection", b"authorization"), (b"Authorization", b"Bearer app"))
    assert (b"authorization", b"Bearer own") in request_headers(ask(headers), backend())


def test_a_stream_comes_unencoded() -> None:
    headers = ((b"Accept-Encoding", b"gzip, br"),)
    sent = request_headers(ask(headers, stream=True), backend(CredentialKind.NONE))
    assert sent == (VIA, (b"accept-encoding", b"identity"))


def test_the_tables_own_fields_replace_the_clients() -> None:
    table = backend(CredentialKind.NONE, ((b"X-Team", b"search"),))
    sent = request_headers(ask(((b"x-team", b"mine"), (b"x-other", b"1"))), table)
    assert sent == ((b"x-other", b"1"), VIA, (b"X-Team", b"search"))


def test_what_an_answer_keeps() -> None:
    headers = (
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"12"),
        (b"Content-Encoding", b"gzip"),
        (b"x-request-id", b"r\t1"),
        (b"retry-after", b"7"),
        (b"anthropic-ratelimit-tokens-reset", b"x"),
        (b"Proxy-Status", b"office"),
    )
    assert response_headers(headers) == headers


@pytest.mark.parametrize(
    "name",
    [
        "Connection", "Keep-Alive", "Transfer-Encoding", "Trailer", "Upgrade", "Proxy-Authenticate",
        "Set-Cookie", "Strict-Transport-Security", "Alt-Svc", "Access-Control-Allow-Origin",
        "Server", "X-Faultline-Backend", "", "a b", "x\n", "x:",
    ],
)  # fmt: skip
def test_what_an_answer_loses(name: str) -> None:
    assert response_headers(((name.encode(), b"x"), (b"X-Stay", b"1"))) == ((b"X-Stay", b"1"),)


def test_a_field_with_controls_is_dropped() -> None:
    headers = tuple((b"x-%d" % code, b"a" + bytes([code]) + b"b") for code in range(256))
    kept = {int(name[2:]) for name, _ in response_headers(headers)}
    assert kept == {9, *range(0x20, 0x7F), *range(0x80, 0x100)}


def test_an_answer_says_who_gave_it() -> None:
    headers = answer_headers(
        ((b"server", b"cloudflare"), (b"x-request-id", b"r")),
        backend="azure",
        model="gpt-5\r\né",
        request_id="id1",
        sent=2,
        failed=[attempt("openai", Cause.CDN_EDGE, 502)],
    )
    assert headers == (
        (b"x-request-id", b"r"),
        (b"x-faultline-backend", b"azure"),
        (b"x-faultline-model", b"gpt-5???"),
        (b"x-faultline-attempts", b"2"),
        (b"x-faultline-request-id", b"id1"),
        (b"x-faultline-reason", b"openai=cdn_edge"),
        (b"proxy-status", REROUTED),
    )


def test_an_answer_without_a_model_or_a_reroute_says_less() -> None:
    headers = dict(answer_headers((), backend="b", model=None, request_id="i", sent=1))
    assert headers.keys() == {
        b"x-faultline-backend",
        b"x-faultline-attempts",
        b"x-faultline-request-id",
    }


def test_a_refusal_names_every_attempt() -> None:
    failed = [attempt("a", Cause.TIMEOUT), attempt('b"\\', Cause.NONE)]
    headers = dict(refusal_headers(request_id="i", failed=failed))
    assert headers[b"x-faultline-attempts"] == b"2"
    assert headers[b"x-faultline-reason"] == b'a=timeout, b"\\=none'
    assert headers[b"proxy-status"] == (
        b'faultline; next-hop="a"; error=http_response_timeout; details="timeout", '
        b'faultline; next-hop="b\\"\\\\"; details="none"'
    )


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_can_be_told(cause: Cause) -> None:
    assert len(reroute_headers([attempt("a", cause)])) == 2


names = st.sampled_from([b"Connection", b"X-A", b"x-b", b"Authorization", b"TE", b"cookie"])
values = st.sampled_from([b"x-a", b"keep-alive", b"close, X-B", b"", b"1"])


@given(st.lists(st.tuples(names, values), max_size=8), st.booleans())
def test_order_stays_and_nothing_is_made_up(
    fields: list[tuple[bytes, bytes]], stream: bool
) -> None:
    headers = tuple(fields)
    sent = request_headers(ask(headers, stream=stream), backend())
    passed = sent[: sent.index(VIA)]
    rest = iter(headers)
    assert all(field in rest for field in passed)
    assert not {name.lower() for name, _ in passed} & {
        b"authorization",
        b"connection",
        b"te",
        b"cookie",
    }


def test_a_failure_that_was_played_is_said_to_be_a_drill() -> None:
    failed = [attempt("p", Cause.TCP), replace(attempt("q", Cause.TCP), drill=Drill.RESET)]
    told = dict(reroute_headers(failed))
    assert told[b"x-faultline-drill"] == b"q=reset"
    assert told[b"x-faultline-reason"] == b"p=tcp, q=tcp"
    assert b"x-faultline-drill" not in dict(reroute_headers(failed[:1]))


def test_an_answer_of_a_backend_that_plays_a_fault_says_so() -> None:
    assert drill_headers("p", Drill.CUT) == ((b"x-faultline-drill", b"p=cut"),)
    assert drill_headers("p", None) == ()


def test_what_is_less_than_asked_for_is_marked() -> None:
    assert degraded_headers(None) == ()
    assert degraded_headers(Degraded.STATIC) == ((b"x-faultline-degraded", b"static"),)


def test_a_head_that_comes_again_passes_as_one_that_comes_once() -> None:
    """Whatever is asked in whatever order: no two heads, backends, or tables are ever mixed."""
    heads = [ask(APPS_KEYS), ask(((b"Authorization", b"Bearer other"), (b"x", b"y")))]
    own, clients = backend(), backend(CredentialKind.CLIENT)
    swapped = replace(own, credential=replace(own.credential, secret=Secret("new")))
    backends = [own, clients, swapped, replace(clients, name="c"), replace(own, headers=ADDED)]
    again = [replace(head, passed=Passed()) for head in heads]
    for turn in (1, 2, -1, 3, 1):
        for to in backends[::turn]:
            for head, known in zip(heads, again, strict=True):
                for stream in (False, True, False):
                    wanted = request_headers(replace(head, stream=stream), to)
                    assert request_headers(replace(known, stream=stream), to) == wanted


def test_what_passes_is_made_once_for_each_backend() -> None:
    known = replace(ask(APPS_KEYS), passed=Passed())
    first = request_headers(known, backend())
    assert request_headers(known, backend()) is not first  # another table's of this name
    own = backend()
    assert request_headers(known, own) is request_headers(replace(known, size=3), own)
    strange = replace(known, headers=((b"x", b"y"),))
    assert request_headers(strange, own) == request_headers(replace(strange, passed=None), own)
