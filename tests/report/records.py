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
    Limits,
    Match,
    Operation,
    Phase,
    Result,
    Route,
    Scope,
    Seconds,
    Secret,
    Sent,
    Target,
    Url,
    Usage,
    Verdict,
)
from proxy.policy.standing import Row, Word

CANARY = "sk-canary-f1a2b3c4d5e6"
"""The key of every backend here: it must appear nowhere."""

LIMITS = Limits(
    connect=Seconds(3.0),
    tls=Seconds(5.0),
    head=Seconds(30.0),
    first_content=Seconds(120.0),
    stall=Seconds(120.0),
    total=Seconds(600.0),
    client_stall=Seconds(120.0),
)


def backend(name: str) -> Backend:
    return Backend(
        name=name,
        provider=name,
        dialect=Dialect.OPENAI,
        url=Url(tls=True, host=f"{name}.example", port=443, path="/v1"),
        credential=Credential(kind=CredentialKind.OWN, secret=Secret(CANARY)),
        account=name,
    )


def fleet(*names: str, **changes: Any) -> Fleet:
    """One route over these backends, each a tier of its own."""
    backends = {name: backend(name) for name in names}
    tiers = tuple((Target(backend=b),) for b in backends.values())
    route = Route(name="chat", match=Match(), tiers=tiers, stream=LIMITS, unary=LIMITS)
    return replace(Fleet(backends=backends, routes=(route,)), **changes)


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
        (Phase.HEAD, Seconds(0.25)),
        (Phase.FIRST_CONTENT, Seconds(0.48)),
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
    times=((Phase.HEAD, Seconds(0.018)),),
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
