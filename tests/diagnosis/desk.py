"""What the tests of the diagnosis share: a desk to judge at, outcomes, recorded answers."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from proxy.diagnosis.judge import Diagnosis
from proxy.diagnosis.recorded import corpus_answer
from proxy.diagnosis.transcript import Transcript
from proxy.model import (
    Api,
    Backend,
    Credential,
    CredentialKind,
    Dialect,
    Fault,
    Headers,
    Instant,
    Outcome,
    Phase,
    Secret,
    Sent,
    Url,
    Verdict,
)
from proxy.settings.signatures import signatures

WALL = 1_780_000_000.0
"""The wall clock of the tests: 2026-05-28."""
FOLDER = Path(__file__).parent


entries = cache(signatures)


@cache
def diagnosis() -> Diagnosis:
    return Diagnosis(entries(), wall=lambda: WALL)


def backend(name: str = "a", provider: str = "openai", **more: Any) -> Backend:
    fields: dict[str, Any] = {
        "name": name,
        "provider": provider,
        "dialect": Dialect.OPENAI,
        "url": Url(tls=True, host=f"{name}.example", port=443, path="/v1"),
        "credential": Credential(kind=CredentialKind.NONE),
        "account": name,
    }
    return Backend(**{**fields, **more})


OWN_KEY = Credential(kind=CredentialKind.OWN, secret=Secret("sk-own"))


def outcome(status: int | None = None, body: bytes = b"", **more: Any) -> Outcome:
    fields: dict[str, Any] = {
        "dialect": Dialect.OPENAI,
        "api": Api.CHAT,
        "stream": False,
        "status": status,
        "body": body,
        "sent": Sent.MAYBE_SENT if status is None else Sent.HEAD_SEEN,
    }
    return Outcome(**{**fields, **more})


def broken(fault: Fault, phase: Phase = Phase.HEAD, **more: Any) -> Outcome:
    return outcome(fault=fault, phase=phase, **more)


def fields(**named: str) -> Headers:
    """Header fields from keywords: `retry_after` is `retry-after`."""
    return tuple((name.replace("_", "-").encode(), value.encode()) for name, value in named.items())


def judged(given: Outcome, by: Diagnosis | None = None, at: Backend | None = None) -> Verdict:
    return (by or diagnosis())(given, at or backend(), Instant(0.0))


def short(verdict: Verdict) -> str:
    return f"{verdict.action} {verdict.scope} {verdict.cause}"


@cache
def corpus() -> tuple[Mapping[str, Any], ...]:
    text = (FOLDER / "corpus.yaml").read_text("utf-8")
    return tuple(yaml.load(text, Loader=yaml.CSafeLoader)["cases"])


@cache
def wild() -> tuple[Mapping[str, Any], ...]:
    text = (FOLDER / "wild.yaml").read_text("utf-8")
    return tuple(yaml.load(text, Loader=yaml.CSafeLoader))


def wanted(case: Mapping[str, Any]) -> str:
    if "want" in case:
        return str(case["want"])
    told = case["verdict"]
    return f"{told['action']} {told['scope']} {case['cause']}"


def recorded(case: Mapping[str, Any]) -> Transcript:
    record = corpus_answer(case)
    assert record is not None
    return record
