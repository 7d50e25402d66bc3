"""What a verdict costs: microseconds of process time, the best of many runs.

    python -m bench.diagnosis

Bounds, not gated, as a busy machine doubles them: a good chat answer of 1 KB 4 us, a plain 503
50 us, 64 KiB of an error body 1 ms.
"""

import json
import time
from collections.abc import Callable

from proxy.diagnosis.judge import Diagnosis
from proxy.model import (
    Api,
    Backend,
    Credential,
    CredentialKind,
    Dialect,
    Instant,
    Outcome,
    Sent,
    Url,
)
from proxy.settings.signatures import signatures

HEADERS = (
    *((f"x-field-{number}".encode(), b"value") for number in range(14)),
    (b"content-type", b"application/json"),
)
BACKEND = Backend(
    name="bench",
    provider="openai",
    dialect=Dialect.OPENAI,
    url=Url(tls=True, host="bench.invalid", port=443, path="/v1"),
    credential=Credential(kind=CredentialKind.NONE),
    account="bench",
)
CHAT = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-5",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "x" * 700, "annotations": []},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21},
    }
).encode()
ERROR = b'{"error": {"message": "The server is having trouble", "type": "service_error"}}'
PAGE = b"<!doctype html><title>x</title>" + b"<p>lorem ipsum dolor</p> " * 2620
LONG = json.dumps({"error": {"message": "lorem ipsum dolor " * 3600}}).encode()
MANY = json.dumps({"error": [{"message": "lorem ipsum", "code": "x_y"}] * 1480}).encode()
RUNS = 150


def outcome(status: int, body: bytes) -> Outcome:
    return Outcome(
        dialect=Dialect.OPENAI,
        api=Api.CHAT,
        stream=False,
        status=status,
        headers=HEADERS,
        body=body,
        sent=Sent.HEAD_SEEN,
    )


def microseconds(call: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(RUNS):
        started = time.process_time_ns()
        for _ in range(times):
            call()
        best = min(best, (time.process_time_ns() - started) / times)
    return best / 1000


def main() -> None:
    judge = Diagnosis(signatures(), wall=lambda: 0.0)
    for name, status, body, times in (
        ("a good chat answer of 1 KB", 200, CHAT, 100),
        ("a plain 503 in JSON", 503, ERROR, 20),
        ("an empty 503", 503, b"", 20),
        ("64 KiB of a page", 500, PAGE, 2),
        ("64 KiB of one message", 500, LONG, 2),
        ("64 KiB of many messages", 500, MANY, 2),
        ("64 KiB of angle brackets", 500, b"<html>" + b"<" * 65_000, 2),
    ):
        given = outcome(status, body)
        cost = microseconds(lambda given=given: judge(given, BACKEND, Instant(0.0)), times)  # type: ignore[misc]
        print(f"{name:26} {cost:8.1f} us")


if __name__ == "__main__":
    main()
