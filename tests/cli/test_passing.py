"""An exchange of the journal in one line."""

import re
from dataclasses import replace

import pytest

from proxy.cli.passing import dropped, exchange, said
from proxy.model import Drill, ExchangeRecord, Instant, Result
from proxy.report.lines import Entry, Level, Value, to_json
from tests.report.records import BAD_ATTEMPT, GOOD_ATTEMPT, REFUSED, RESCUED, WHOLE


def line(record: ExchangeRecord) -> str:
    found = exchange(to_json(record, 0.0))
    assert found is not None
    return re.sub(r"\x1b\[\d*m", "", said(found))


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (
            WHOLE,
            (
                "00:01:41 req-1                 200 whole         500 ms   1.5 s  chat gpt-5  "
                "azure/my-deployment"
            ),
        ),
        (
            RESCUED,
            (
                "00:01:41 req-1               + 200 rescued       500 ms   1.5 s  chat gpt-5  "
                "openai 502 cdn_edge_to_origin > azure/my-deployment"
            ),
        ),
        (
            replace(REFUSED, committed=None),
            (
                "00:01:41 req-1               ! 502 refused            -   1.5 s  chat gpt-5  "
                "openai 502 cdn_edge_to_origin"
            ),
        ),
        (
            replace(WHOLE, attempts=(), route="", model=None, status=0, result=Result.CANCELLED),
            (
                "00:01:41 req-1               -   - cancelled     500 ms   1.5 s  "
                "no route /v1/chat/completions  sent to nobody"
            ),
        ),
        (
            replace(WHOLE, attempts=(replace(BAD_ATTEMPT, status=None, drill=Drill.SILENCE),)),
            (
                "00:01:41 req-1                 200 whole         500 ms   1.5 s  chat gpt-5  "
                "openai cdn_edge_to_origin (drill)"
            ),
        ),
    ],
)
def test_it_says_what_was_asked_and_what_became_of_it(record: ExchangeRecord, words: str) -> None:
    assert line(record) == words


def test_an_id_of_ours_fits_its_column() -> None:
    assert (
        line(replace(WHOLE, id="fl-0123456789abcdef")).index("200")
        == 31
        == line(WHOLE).index("200")
    )


def test_what_comes_from_outside_moves_no_cursor() -> None:
    bad = replace(GOOD_ATTEMPT, model="\x1b[2J\u202e")
    text = line(replace(WHOLE, model="a\r\nb", route="\x1b[31m", attempts=(bad,)))
    assert text.isprintable()


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'"x"', b"Traceback", b"\xff", b'{"event":"started"}']
)
def test_what_is_no_exchange_is_none(text: bytes) -> None:
    assert exchange(text) is None
    assert dropped(text) == 0


def test_a_gap_is_told() -> None:
    fields: dict[str, Value] = {"reason": "slow", "count": 7}
    entry = Entry(at=Instant(0.0), level=Level.WARNING, event="lines_dropped", fields=fields)
    assert dropped(to_json(entry, 0.0)) == 7
    assert dropped(to_json(replace(entry, event="turned_away"), 0.0)) == 0
