"""What a journal line says, and that nothing from outside can break it."""

import json
from dataclasses import replace

import pytest

from proxy.model import (
    Change,
    Degraded,
    Drill,
    ExchangeRecord,
    Instant,
    Result,
    Resumed,
    Resumption,
    Rung,
    Seconds,
)
from proxy.report.lines import (
    MOST_BYTES,
    Entry,
    Level,
    Value,
    attempt_entry,
    change_entry,
    clip,
    json_lines,
    level_of,
    to_json,
)
from tests.report.records import BAD_ATTEMPT, EJECTED, GOOD_ATTEMPT, REFUSED, RESCUED, exchange

OFFSET = 1_700_000_000.0 - 101.5

HOSTILE = [
    "line\nbreak",
    "carriage\rreturn",
    "\x1b[2J\x1b[31mred",
    "c1 \x9b2J",
    "del \x7f",
    "nel \x85 ls \u2028 ps \u2029",
    "turned \u202e round \u2066 isolate",
    "hidden \u200b \ufeff",
    '"},{"event":"forged"',
    "\ud800 lone surrogate",
    "nul \x00",
    "<script>alert(1)</script>",
    "日本語 🎉",
]


def parsed(item: object) -> dict[str, object]:
    line = to_json(item, OFFSET)  # type: ignore[arg-type]
    assert line.endswith(b"\n")
    assert len(line.decode().splitlines()) == 1
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def test_an_exchange_tells_its_whole_story() -> None:
    assert parsed(RESCUED) == {
        "time": "2023-11-14T22:13:20Z",
        "level": "info",
        "event": "exchange",
        "id": "req-1",
        "client": "search",
        "dialect": "openai",
        "api": "chat",
        "operation": "generate",
        "method": "POST",
        "path": "/v1/chat/completions",
        "route": "chat",
        "model": "gpt-5",
        "stream": True,
        "result": "whole",
        "status": 200,
        "backend": "azure",
        "served_model": "my-deployment",
        "rescued": True,
        "attempts": [
            {
                "backend": "openai",
                "model": "gpt-5",
                "cause": "cdn_edge_to_origin",
                "status": 502,
                "duration_ms": 18.0,
                "phase": "end",
                "sent": "head_seen",
                "layer": "cdn_edge",
                "scope": "backend",
                "evidence": "502 with Cloudflare's page",
                "signature": "cloudflare-502",
                "times_ms": {"head": 0.2, "first_content": 18.0},
                "reused": True,
                "bytes_out": 812,
                "bytes_in": 4312,
            },
            {
                "backend": "azure",
                "model": "my-deployment",
                "cause": "none",
                "status": 200,
                "duration_ms": 1480.0,
                "phase": "end",
                "sent": "content_seen",
                "times_ms": {"write": 0.1, "head": 0.2, "first_content": 250.0, "content": 480.0},
                "reused": True,
                "bytes_out": 812,
                "bytes_in": 4312,
            },
        ],
        "first_content_ms": 500.0,
        "duration_ms": 1500.0,
        "usage": {"input": 12, "output": 30},
        "bytes_up": 700,
        "bytes_down": 4300,
    }


def test_a_refusal_warns_and_leaves_out_what_there_is_not() -> None:
    line = parsed(replace(REFUSED, waited=Seconds(1.25)))
    assert (line["level"], line["result"], line["status"]) == ("warning", "refused", 502)
    assert line["waited_ms"] == 1250.0
    assert not {"backend", "served_model", "first_content_ms", "usage", "rescued"} & line.keys()


def test_an_answer_that_is_less_than_asked_for_says_so() -> None:
    static = exchange(result=Result.STATIC, degraded=Degraded.STATIC)
    line = parsed(static)
    assert (line["level"], line["degraded"]) == ("warning", "static")
    assert "degraded" not in parsed(exchange())


def test_an_attempt_that_fell_into_a_drill_says_so() -> None:
    drilled = replace(BAD_ATTEMPT, drill=Drill.RESET)
    attempts = parsed(exchange(attempts=(drilled, GOOD_ATTEMPT)))["attempts"]
    assert isinstance(attempts, list)
    assert [attempt.get("drill") for attempt in attempts] == ["reset", None]


def test_a_second_runner_says_how_it_went() -> None:
    hedge = replace(GOOD_ATTEMPT, hedge=True)
    said = parsed(exchange(attempts=(BAD_ATTEMPT, hedge)))["attempts"]
    assert isinstance(said, list)
    assert [attempt.get("hedge") for attempt in said] == [None, "won"]


def test_an_attempt_that_went_on_with_a_cut_stream_says_how() -> None:
    resumption = Resumption(rung=Rung.ALIGN, result=Resumed.JOINED, characters=412, tokens=103)
    went_on = replace(GOOD_ATTEMPT, resumption=resumption)
    attempts = parsed(exchange(attempts=(BAD_ATTEMPT, went_on)))["attempts"]
    assert isinstance(attempts, list)
    first, second = attempts[0], attempts[1]
    assert (second["rung"], second["resumed"]) == ("align", "joined")
    assert (second["seam_characters"], second["tokens_again"]) == (412, 103)
    assert not {"rung", "resumed", "seam_characters", "tokens_again"} & first.keys()


@pytest.mark.parametrize("result", Result)
def test_the_level_written_is_the_level_meant(result: Result) -> None:
    record = exchange(result=result)
    assert parsed(record)["level"] == level_of(record).word


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_from_outside_breaks_a_line(text: str) -> None:
    verdict = replace(BAD_ATTEMPT.verdict, evidence=text)
    attempt = replace(BAD_ATTEMPT, model=text, verdict=verdict)
    line = to_json(
        exchange(model=text, path=f"/v1/{text}", served_model=text, attempts=(attempt,)), OFFSET
    )
    assert not any(byte < 32 or byte == 127 for byte in line[:-1])
    said = line.decode().removesuffix("\n")
    assert said.splitlines() == [said]
    assert not any(mark in said for mark in "\x9b\u2028\u2029\u202e\u2066\u200b\ufeff")
    assert json.loads(said)["model"] == text.replace("\ud800", "?")


def test_lines_that_are_written_together_are_what_each_is_alone() -> None:
    entry = Entry(at=Instant(101.5), level=Level.INFO, event="began", fields={"path": "\x7f\u2028"})
    items: list[ExchangeRecord | Entry] = [
        exchange(),
        exchange(model="\x9b"),
        entry,
        exchange(model="日本語"),
    ]
    assert json_lines(items, OFFSET) == b"".join(to_json(item, OFFSET) for item in items)
    assert json_lines([], OFFSET) == b""


def test_an_entry_is_safe_as_well() -> None:
    fields: dict[str, Value] = {
        "path": clip("a\n\u2028b"),
        "count": 3,
        "good": True,
        "nothing": None,
    }
    entry = Entry(at=Instant(101.5), level=Level.ERROR, event="reload_failed", fields=fields)
    assert parsed(entry) == {
        "time": "2023-11-14T22:13:20Z",
        "level": "error",
        "event": "reload_failed",
        "path": "a\n\u2028b",
        "count": 3,
        "good": True,
        "nothing": None,
    }


@pytest.mark.parametrize("text", ["x" * 5000, "日" * 5000, "🎉" * 5000, "\ud800" * 5000])
def test_a_field_is_clipped_at_one_kibibyte(text: str) -> None:
    clipped = clip(text)
    assert MOST_BYTES - 3 <= len(clipped.encode()) <= MOST_BYTES
    model = parsed(exchange(model=text))["model"]
    assert model == clipped


def test_an_ejection_says_why_and_for_how_long() -> None:
    assert parsed(change_entry(EJECTED)) == {
        "time": "2023-11-14T22:13:19Z",
        "level": "warning",
        "event": "ejected",
        "scope": "backend",
        "backend": "openai",
        "cause": "cdn_edge_to_origin",
        "evidence": "502 with Cloudflare's page",
        "signature": "cloudflare-502",
        "for_s": 1.5,
    }


def test_a_recovery_of_a_model_is_information() -> None:
    recovered = replace(
        EJECTED, change=Change.RECOVERED, model="gpt-5", verdict=GOOD_ATTEMPT.verdict, until=None
    )
    entry = change_entry(recovered)
    assert (entry.level, entry.event) == (Level.INFO, "recovered")
    assert entry.fields == {"scope": "backend", "backend": "openai", "model": "gpt-5"}


def test_an_attempt_can_be_told_before_its_exchange() -> None:
    entry = attempt_entry("req-1", "chat", BAD_ATTEMPT)
    assert entry.level is Level.DEBUG
    assert entry.fields["cause"] == "cdn_edge_to_origin"
    assert entry.fields["id"] == "req-1"
