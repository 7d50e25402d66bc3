"""Who else fails alike, and what that means."""

from proxy.diagnosis.correlation import WINDOW, Correlation, Kind, Shared, is_loopback
from proxy.diagnosis.judge import Diagnosis
from proxy.model import (
    Action,
    Backend,
    Cause,
    Fault,
    Instant,
    Layer,
    Phase,
    Scope,
    Url,
    Verdict,
)
from tests.diagnosis.desk import WALL, backend, broken, entries, outcome

DNS = broken(Fault.DNS_TEMPORARY, Phase.RESOLVE)
OPENAI = backend("openai", "openai", cdn="cloudflare")
CLAUDE = backend("claude", "anthropic")
GROQ = backend("groq", "groq", cdn="cloudflare")
AZURE = backend("openai-2", "openai")


def desk() -> Diagnosis:
    return Diagnosis(entries(), wall=lambda: WALL)


def local(name: str) -> Backend:
    return backend(name, name, url=Url(tls=False, host="127.0.0.1", port=8000, path="/v1"))


def test_unrelated_backends_that_fail_on_the_way_are_our_network() -> None:
    judge = desk()
    first = judge(DNS, OPENAI, Instant(0.0))
    second = judge(broken(Fault.UNREACHABLE, Phase.CONNECT), CLAUDE, Instant(1.0))
    assert (first.cause, first.scope) == (Cause.DNS, Scope.BACKEND)
    assert (second.cause, second.layer) == (Cause.LOCAL_NETWORK, Layer.LOCAL_NETWORK)
    assert (second.scope, second.action) == (Scope.REQUEST, Action.REROUTE)
    assert "machine's network or proxy: claude, openai" in second.evidence
    assert judge(DNS, OPENAI, Instant(2.0)).cause is Cause.LOCAL_NETWORK


def test_seconds_later_it_is_no_correlation() -> None:
    judge = desk()
    judge(DNS, OPENAI, Instant(0.0))
    assert judge(DNS, CLAUDE, Instant(WINDOW + 0.1)).cause is Cause.DNS


def test_related_backends_are_no_proof_about_our_network() -> None:
    judge = desk()
    judge(DNS, OPENAI, Instant(0.0))
    assert judge(DNS, AZURE, Instant(1.0)).cause is Cause.DNS
    judge = desk()
    judge(DNS, OPENAI, Instant(0.0))
    assert judge(DNS, GROQ, Instant(1.0)).cause is Cause.DNS


def test_any_answer_proves_that_the_way_is_open() -> None:
    judge = desk()
    judge(DNS, OPENAI, Instant(0.0))
    judge(outcome(500), GROQ, Instant(0.5))
    assert judge(DNS, CLAUDE, Instant(1.0)).cause is Cause.DNS


def test_a_captive_portal_is_no_answer_of_the_network() -> None:
    judge = desk()
    judge(DNS, OPENAI, Instant(0.0))
    judge(outcome(511), GROQ, Instant(0.5))
    assert judge(DNS, CLAUDE, Instant(1.0)).cause is Cause.LOCAL_NETWORK


def test_loopback_proves_nothing() -> None:
    judge = desk()
    judge(DNS, OPENAI, Instant(0.0))
    judge(outcome(200, b'{"choices": []}'), local("ollama"), Instant(0.5))
    assert judge(DNS, CLAUDE, Instant(1.0)).cause is Cause.LOCAL_NETWORK
    judge = desk()
    judge(broken(Fault.CONNECT_TIMEOUT, Phase.CONNECT), local("vllm"), Instant(0.0))
    timed_out = broken(Fault.CONNECT_TIMEOUT, Phase.CONNECT)
    assert judge(timed_out, local("ollama"), Instant(0.1)).cause is Cause.TCP


def test_a_refused_connection_has_been_there_and_back() -> None:
    judge = desk()
    judge(broken(Fault.REFUSED, Phase.CONNECT), OPENAI, Instant(0.0))
    assert judge(broken(Fault.REFUSED, Phase.CONNECT), CLAUDE, Instant(1.0)).cause is Cause.TCP


def test_every_certificate_out_of_date_is_our_clock() -> None:
    judge = desk()
    expired = broken(Fault.TLS_VERIFY, Phase.TLS, detail="certificate has expired")
    assert judge(expired, OPENAI, Instant(0.0)).cause is Cause.TLS
    verdict = judge(expired, CLAUDE, Instant(1.0))
    assert (verdict.cause, verdict.scope) == (Cause.LOCAL_NETWORK, Scope.REQUEST)
    assert "this machine's clock" in verdict.evidence
    assert verdict.cooldown is None


def test_one_expired_certificate_and_one_for_another_name_are_two_things() -> None:
    judge = desk()
    judge(broken(Fault.TLS_VERIFY, Phase.TLS, detail="certificate has expired"), OPENAI, Instant(0))
    other = broken(Fault.TLS_VERIFY, Phase.TLS, detail="hostname mismatch")
    assert judge(other, CLAUDE, Instant(1.0)).cause is Cause.TLS


def test_a_provider_that_fails_is_named_once() -> None:
    judge = desk()
    judge(outcome(503), OPENAI, Instant(0.0))
    second = judge(outcome(503), AZURE, Instant(1.0))
    third = judge(outcome(503), OPENAI, Instant(2.0))
    assert second.cause is third.cause is Cause.CAPACITY
    assert second.evidence.endswith("the backends of provider openai fail alike: openai, openai-2")
    assert "alike" not in third.evidence
    later = judge(outcome(503), AZURE, Instant(20.0))
    assert "alike" not in later.evidence
    assert "alike" in judge(outcome(503), OPENAI, Instant(21.0)).evidence


def test_a_cdn_that_fails_is_named() -> None:
    judge = desk()
    judge(outcome(502, b"error code: 502"), OPENAI, Instant(0.0))
    verdict = judge(outcome(502, b"error code: 502"), GROQ, Instant(1.0))
    assert "the backends behind cloudflare fail alike" in verdict.evidence
    assert verdict.scope is Scope.BACKEND


def test_failures_of_the_request_are_nobodys() -> None:
    judge = desk()
    judge(outcome(400, b"{}"), OPENAI, Instant(0.0))
    assert "alike" not in judge(outcome(400, b"{}"), AZURE, Instant(1.0)).evidence


def test_backends_without_a_provider_or_cdn_have_nothing_in_common() -> None:
    correlation = Correlation()
    verdict = Verdict(cause=Cause.ORIGIN, scope=Scope.BACKEND, action=Action.REROUTE)
    one, two = backend("a", ""), backend("b", "")
    assert correlation.failed(verdict, None, one, Instant(0.0)) is None
    assert correlation.failed(verdict, None, two, Instant(0.0)) is None


def test_words() -> None:
    shared = Shared(kind=Kind.CDN, name="fastly", backends=("a", "b"))
    assert str(shared) == "the backends behind fastly fail alike: a, b"
    assert not shared.ours
    assert is_loopback(local("x"))
    assert not is_loopback(OPENAI)
