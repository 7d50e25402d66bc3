"""What is told."""

import pytest

from proxy.model import (
    GOOD,
    Api,
    AttemptRecord,
    Cause,
    Dialect,
    ExchangeRecord,
    Instant,
    Operation,
    Phase,
    Result,
    Sent,
    Verdict,
)

BAD = Verdict(cause=Cause.ORIGIN)


def attempt(verdict: Verdict) -> AttemptRecord:
    return AttemptRecord(
        number=1,
        backend="p",
        provider="sim",
        model=None,
        started=Instant(0.0),
        ended=Instant(1.0),
        verdict=verdict,
        phase=Phase.END,
        sent=Sent.CONTENT_SEEN,
    )


@pytest.mark.parametrize(
    ("result", "verdicts", "rescued"),
    [
        (Result.WHOLE, [GOOD], False),
        (Result.WHOLE, [BAD, GOOD], True),
        (Result.WHOLE, [GOOD, Verdict(cause=Cause.CLIENT_CANCEL)], False),
        (Result.CUT, [BAD, BAD], False),
        (Result.REFUSED, [BAD], False),
    ],
)
def test_rescued_is_whole_after_a_bad_verdict(
    result: Result, verdicts: list[Verdict], rescued: bool
) -> None:
    record = ExchangeRecord(
        id="x",
        client="",
        dialect=Dialect.OPENAI,
        api=Api.CHAT,
        operation=Operation.GENERATE,
        method="POST",
        path="/v1/chat/completions",
        model="gpt-5",
        stream=False,
        route="chat",
        result=result,
        status=200,
        started=Instant(0.0),
        committed=None,
        ended=Instant(1.0),
        attempts=tuple(attempt(v) for v in verdicts),
    )
    assert record.rescued is rescued
