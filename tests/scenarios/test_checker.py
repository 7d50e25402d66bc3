"""The checker finds what it is there to find: each rule with a story that breaks it."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from proxy.model import (
    GOOD,
    Api,
    AttemptRecord,
    Cause,
    Change,
    Dialect,
    ExchangeRecord,
    HealthChange,
    Instant,
    Operation,
    Phase,
    Result,
    Scope,
    Seconds,
    Sent,
    Verdict,
)
from proxy.sim.seen import Seen
from tests.scenarios.checker import judge
from tests.scenarios.crossing import Call, End
from tests.scenarios.story import Attempt, Story, Told

KEY = "s3cr3tKEYofP0815+/x"
BODY = b'{"model": "m", "messages": [], "stream": true}'
TOKEN = b'data: {"choices":[{"delta":{"content":"word@p"}}]}\n\n'
LAST = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
BAD = Verdict(cause=Cause.ORIGIN)


def chunked(*events: bytes) -> bytes:
    return HEAD + b"".join(b"%x\r\n%b\r\n" % (len(e), e) for e in events) + b"0\r\n\r\n"


def attempt(**fields: Any) -> AttemptRecord:
    told: dict[str, Any] = {
        "number": 1,
        "backend": "p",
        "provider": "x",
        "model": "m",
        "started": Instant(1.0),
        "ended": Instant(2.0),
        "verdict": GOOD,
        "phase": Phase.END,
        "sent": Sent.CONTENT_SEEN,
        "status": 200,
    }
    return AttemptRecord(**(told | fields))


def record(*attempts: AttemptRecord) -> ExchangeRecord:
    return ExchangeRecord(
        id="fl-1",
        client="",
        dialect=Dialect.OPENAI,
        api=Api.CHAT,
        operation=Operation.GENERATE,
        method="POST",
        path="/v1/chat/completions",
        model="m",
        stream=True,
        route="all",
        result=Result.WHOLE,
        status=200,
        started=Instant(1.0),
        committed=Instant(1.5),
        ended=Instant(2.0),
        attempts=attempts,
        backend="p",
    )


def seen(**fields: Any) -> Seen:
    said: dict[str, Any] = {
        "at": 1.0,
        "connection": 1,
        "method": "POST",
        "headers": ((b"authorization", b"Bearer " + KEY.encode()),),
        "length": len(BODY),
        "sha256": hashlib.sha256(BODY).hexdigest(),
        "body": BODY,
        "payload": json.loads(BODY),
        "answered": True,
        "ended": 2.0,
    }
    return Seen(**(said | fields))


def at_p(**fields: Any) -> Attempt:
    made: dict[str, Any] = {
        "provider": "p",
        "backend": "p",
        "seen": seen(),
        "said": chunked(TOKEN, LAST, DONE),
        "said_all": True,
    }
    return Attempt(**(made | fields))


def call(**fields: Any) -> Call:
    made: dict[str, Any] = {
        "number": 0,
        "began": 1.0,
        "method": "POST",
        "target": "/v1/chat/completions",
        "body": bytearray(BODY),
        "statuses": [200],
        "fields": {
            "content-type": "text/event-stream",
            "x-faultline-backend": "p",
            "x-faultline-request-id": "fl-1",
            "x-faultline-attempts": "1",
        },
        "answer": bytearray(TOKEN + LAST + DONE),
        "ended": 2.0,
        "end": End.COMPLETE,
    }
    return Call(**(made | fields))


def good(**fields: Any) -> Story:
    told = Told()
    told.attempts = [("fl-1", attempt())]
    told.records = [record(attempt())]
    made: dict[str, Any] = {
        "seed": 1,
        "calls": [call()],
        "attempts": [at_p()],
        "told": told,
        "keys": {"p": KEY},
        "owner": {"p": "p"},
    }
    return Story(**(made | fields))


def told(*attempts: AttemptRecord, changes: tuple[HealthChange, ...] = ()) -> Told:
    made = Told()
    made.attempts = [("fl-1", one) for one in attempts]
    made.records = [record(*attempts)]
    made.changes = list(changes)
    return made


def change(what: Change, at: float) -> HealthChange:
    return HealthChange(change=what, scope=Scope.BACKEND, backend="p", at=Instant(at))


def metrics(
    *, requests: int = 1, attempts: int = 1, rescued: int = 0, state: int = 1
) -> dict[str, bytes]:
    page = (
        f'faultline_requests_total{{result="whole"}} {requests}\n'
        f'faultline_attempts_total{{backend="p"}} {attempts}\n'
        f"faultline_rescued_total {rescued}\n"
        f'faultline_backend_state{{backend="p"}} {state}\n'
    )
    return {"/metrics": page.encode()}


PROBE = attempt(
    probe=True,
    started=Instant(3.0),
    ended=Instant(9.0),
    times=((Phase.CONTENT, Seconds(2.0)),),
)
CANARIES = {
    "as it is": KEY,
    "a piece": KEY[5:13],
    "in a URL": quote(KEY, safe=""),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64, shifted": base64.b64encode(b"x:" + KEY.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
}
WRONG: dict[str, tuple[str, Callable[[], Story]]] = {
    "no end": ("I-1", lambda: good(calls=[call(end=None)])),
    "two status lines": ("I-1", lambda: good(calls=[call(statuses=[200, 502])])),
    "more bytes": ("I-1", lambda: good(calls=[call(trouble="7 bytes after the end")])),
    "never told": ("I-1", lambda: good(told=Told(), attempts=[])),
    "told otherwise": ("I-1", lambda: good(calls=[call(statuses=[503])])),
    "another provider's word": (
        "I-2",
        lambda: good(calls=[call(answer=bytearray(TOKEN.replace(b"@p", b"@s") + LAST + DONE))]),
    ),
    "another call's event": (
        "I-2",
        lambda: good(calls=[call(answer=bytearray(TOKEN + TOKEN + LAST + DONE))]),
    ),
    "an event is missing": ("I-2", lambda: good(attempts=[at_p(said=chunked(TOKEN, TOKEN, LAST))])),
    "a provider's words in a refusal": (
        "I-2",
        lambda: good(calls=[call(fields=call().fields | {"x-faultline-backend": ""})]),
    ),
    "whole without an end": (
        "I-3",
        lambda: good(calls=[call(answer=bytearray(TOKEN))], attempts=[at_p(said=chunked(TOKEN))]),
    ),
    "another body": ("I-4", lambda: good(attempts=[at_p(seen=seen(sha256="0" * 64))])),
    "one attempt more than told": ("I-5", lambda: good(attempts=[at_p(), at_p()])),
    "one attempt less than told": ("I-5", lambda: good(attempts=[])),
    "told the client otherwise": (
        "I-5",
        lambda: good(calls=[call(fields=call().fields | {"x-faultline-attempts": "3"})]),
    ),
    "too many attempts": ("I-6", lambda: good(told=told(*[attempt()] * 6), attempts=[at_p()] * 6)),
    "left alone": (
        "I-7",
        lambda: good(
            calls=[call(end=End.LEFT, ended=1.5)],
            attempts=[at_p(seen=seen(answered=False, ended=None))],
        ),
    ),
    "closed late": (
        "I-7",
        lambda: good(
            calls=[call(end=End.LEFT, ended=1.5)],
            attempts=[at_p(seen=seen(answered=False, ended=1.7, peer_closed=1.7))],
        ),
    ),
    "begun after the end": ("I-7", lambda: good(calls=[call(end=End.LEFT, ended=0.9)])),
    "something is left": ("I-8", lambda: good(left_behind=["1 leases of p"])),
    "the app's key at a provider": ("I-9", lambda: good(app_key=KEY)),
    "the key at another provider": (
        "I-9",
        lambda: good(attempts=[at_p(), at_p(provider="s", backend="s")]),
    ),
    "recovered from nothing": (
        "I-12",
        lambda: good(told=told(attempt(), changes=(change(Change.RECOVERED, 1.0),))),
    ),
    "recovered without a probe": (
        "I-12",
        lambda: good(
            told=told(
                attempt(), changes=(change(Change.EJECTED, 1.0), change(Change.RECOVERED, 2.0))
            )
        ),
    ),
    "two probes": (
        "I-12",
        lambda: good(told=told(PROBE, replace(PROBE, started=Instant(4.0))), attempts=[at_p()] * 2),
    ),
    "an attempt while it is out": (
        "I-12",
        lambda: good(
            told=told(attempt(started=Instant(5.0)), changes=(change(Change.EJECTED, 4.0),))
        ),
    ),
    "a call that is not counted": ("I-13", lambda: good(surfaces=metrics(requests=0))),
    "an attempt that is not counted": ("I-13", lambda: good(surfaces=metrics(attempts=2))),
    "a rescue that never was": ("I-13", lambda: good(surfaces=metrics(rescued=1))),
    "a standing that never was": ("I-13", lambda: good(surfaces=metrics(state=0))),
    "shown well while it is out": (
        "I-13",
        lambda: good(
            surfaces=metrics(), told=told(attempt(), changes=(change(Change.EJECTED, 4.0),))
        ),
    ),
    "told as rescued and cut": (
        "I-13",
        lambda: good(
            surfaces=metrics(attempts=2, rescued=1),
            calls=[call(end=End.CUT)],
            told=told(attempt(verdict=BAD), attempt()),
        ),
    ),
    "rescued and not told": (
        "I-13",
        lambda: good(
            surfaces=metrics(),
            calls=[call(fields=call().fields | {"x-faultline-reason": "p=origin"})],
        ),
    ),
}


def test_a_good_story_is_good() -> None:
    assert judge(good(surfaces=metrics())) == []


@pytest.mark.parametrize(
    ("rule", "story"), WRONG.values(), ids=[f"{rule}: {what}" for what, (rule, _) in WRONG.items()]
)
def test_what_is_wrong_is_found(rule: str, story: Callable[[], Story]) -> None:
    assert any(found.startswith(f"{rule}:") for found in judge(story()))


@pytest.mark.parametrize("shown", CANARIES.values(), ids=CANARIES.keys())
@pytest.mark.parametrize("where", ["journal", "answer", "field"])
def test_a_key_is_found_whatever_it_looks_like(shown: str, where: str) -> None:
    text = f"... {shown} ..."
    match where:
        case "journal":
            story = good(surfaces={"journal": text.encode()})
        case "answer":
            story = good(calls=[call(answer=bytearray(text.encode()))])
        case _:
            story = good(calls=[call(fields=call().fields | {"x": text})])
    assert any(found.startswith("I-9:") for found in judge(story))


def test_probes_one_after_the_other_are_fine() -> None:
    later = replace(PROBE, started=Instant(5.0))  # the first was decided at 5 s
    failed = attempt(probe=True, started=Instant(1.0), ended=Instant(2.0), verdict=BAD)
    story = good(told=told(failed, PROBE, later), attempts=[at_p()] * 3, most_attempts=9)
    assert not [found for found in judge(story) if found.startswith("I-12")]


def test_nobody_is_held_to_what_the_loop_could_not_do() -> None:
    (_, closed_late) = WRONG["closed late"]
    story = closed_late()
    story.late = 0.2
    assert not [found for found in judge(story) if found.startswith("I-7")]


def test_an_answer_that_crosses_the_leaving_leaves_its_connection_open() -> None:
    story = good(calls=[call(end=End.LEFT, ended=1.999)])
    assert not [found for found in judge(story) if found.startswith("I-7")]


def test_a_story_can_be_told() -> None:
    assert "p sees call 0" in good().timeline()
