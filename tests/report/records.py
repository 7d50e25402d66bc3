"""A small fleet, and records of exchanges to tell the report about."""

from dataclasses import replace
from typing import Any

from proxy.model import (
    GOOD,
    Api,
    AttemptRecord,
    Backend,
    Cause,
    Change,
    Credential,
    CredentialKind,
    Dialect,
    ExchangeRecord,
    Fleet,
    HealthChange,
    Instant,
    Layer,
    Operation,
    Phase,
    Result,
    Scope,
    Seconds,
    Secret,
    Sent,
    Target,
    Usage,
    Verdict,
)
from proxy.policy.standing import Row, Word
from tests.policy import build

CANARY = "sk-canary-f1a2b3c4d5e6"
"""The key of every backend here: it must appear nowhere."""


def backend(name: str, **changes: Any) -> Backend:
    credential = Credential(kind=CredentialKind.OWN, secret=Secret(CANARY))
    return build.backend(name, credential=credential, **changes)


def fleet(*names: str, **changes: Any) -> Fleet:
    """One route over these backends, each a tier of its own."""
    tiers = [(Target(backend=backend(name)),) for name in names]
    return build.fleet(build.route(*tiers), **changes)


def row(name: str, state: Word = Word.CLOSED, **changes: Any) -> Row:
    made = Row(
        backend=name,
        scope=Scope.BACKEND,
        model=None,
        state=state,
        since=None,
        until=None,
        verdict=GOOD,
        in_flight=0,
    )
    return replace(made, **changes)


BAD_GATEWAY = Verdict(
    cause=Cause.CDN_EDGE_TO_ORIGIN,
    layer=Layer.CDN_EDGE,
    scope=Scope.BACKEND,
    evidence="502 with Cloudflare's page",
    signature="cloudflare-502",
)

GOOD_ATTEMPT = AttemptRecord(
    number=1,
    backend="azure",
    provider="azure-openai",
    model="my-deployment",
    started=Instant(100.02),
    ended=Instant(101.5),
    verdict=GOOD,
    phase=Phase.END,
    sent=Sent.CONTENT_SEEN,
    status=200,
    reused=True,
    bytes_out=812,
    bytes_in=4312,
    times=(
        (Phase.WRITE, Seconds(0.0001)),
        (Phase.HEAD, Seconds(0.0002)),
        (Phase.FIRST_CONTENT, Seconds(0.25)),
        (Phase.CONTENT, Seconds(0.48)),
    ),
)

BAD_ATTEMPT = replace(
    GOOD_ATTEMPT,
    backend="openai",
    provider="openai",
    model="gpt-5",
    started=Instant(100.001),
    ended=Instant(100.019),
    verdict=BAD_GATEWAY,
    sent=Sent.HEAD_SEEN,
    status=502,
    times=((Phase.HEAD, Seconds(0.0002)), (Phase.FIRST_CONTENT, Seconds(0.018))),
)

WHOLE = ExchangeRecord(
    id="req-1",
    client="search",
    dialect=Dialect.OPENAI,
    api=Api.CHAT,
    operation=Operation.GENERATE,
    method="POST",
    path="/v1/chat/completions",
    model="gpt-5",
    stream=True,
    route="chat",
    result=Result.WHOLE,
    status=200,
    started=Instant(100.0),
    committed=Instant(100.5),
    ended=Instant(101.5),
    attempts=(GOOD_ATTEMPT,),
    backend="azure",
    served_model="my-deployment",
    bytes_up=700,
    bytes_down=4300,
    usage=Usage(input=12, output=30),
)


def exchange(**changes: Any) -> ExchangeRecord:
    return replace(WHOLE, **changes)


RESCUED = exchange(attempts=(BAD_ATTEMPT, replace(GOOD_ATTEMPT, number=2)))

REFUSED = exchange(
    result=Result.REFUSED,
    status=502,
    attempts=(BAD_ATTEMPT,),
    committed=None,
    backend="",
    served_model=None,
    usage=None,
    bytes_down=0,
)

EJECTED = HealthChange(
    change=Change.EJECTED,
    scope=Scope.BACKEND,
    backend="openai",
    verdict=BAD_GATEWAY,
    at=Instant(100.5),
    until=Instant(102.0),
)
