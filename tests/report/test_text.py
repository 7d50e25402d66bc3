"""The journal for people."""

from dataclasses import replace

import pytest

from proxy.model import Instant
from proxy.report.lines import Entry, Level
from proxy.report.text import seconds, text_lines, to_text
from tests.report.records import BAD_ATTEMPT, REFUSED, RESCUED, WHOLE, exchange
from tests.report.test_lines import HOSTILE, OFFSET


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            WHOLE,
            (
                "INFO    chat: gpt-5 -> azure/my-deployment 200 whole in 1.5 s"
                " (first content 500 ms) [req-1]"
            ),
        ),
        (
            RESCUED,
            (
                "INFO    chat: gpt-5 -> azure/my-deployment 200 whole in 1.5 s"
                " (first content 500 ms)"
                " after openai cdn_edge_to_origin (502 with Cloudflare's page) [req-1]"
            ),
        ),
        (
            replace(REFUSED, route="", model=None, ended=Instant(100.25)),
            (
                "WARNING no route: /v1/chat/completions 502 refused in 250 ms"
                " after openai cdn_edge_to_origin (502 with Cloudflare's page) [req-1]"
            ),
        ),
        (
            exchange(stream=False, served_model="gpt-5"),
            "INFO    chat: gpt-5 -> azure 200 whole in 1.5 s [req-1]",
        ),
    ],
)
def test_an_exchange_reads_as_a_sentence(record: object, said: str) -> None:
    line = to_text(record, OFFSET).decode()  # type: ignore[arg-type]
    assert line[25:] == said + "\n"


def test_the_time_is_utc_with_milliseconds() -> None:
    assert to_text(WHOLE, OFFSET).startswith(b"2023-11-14 22:13:20.000Z ")


def test_an_entry_names_its_fields() -> None:
    entry = Entry(
        at=Instant(101.5), level=Level.WARNING, event="ejected", fields={"backend": "a", "for_s": 3}
    )
    assert to_text(entry, OFFSET)[25:] == b"WARNING ejected backend=a for_s=3\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_from_outside_moves_the_cursor(text: str) -> None:
    verdict = replace(BAD_ATTEMPT.verdict, evidence=text)
    record = exchange(model=text, attempts=(replace(BAD_ATTEMPT, verdict=verdict),))
    assert to_text(record, OFFSET).decode().removesuffix("\n").isprintable()


@pytest.mark.parametrize(
    ("span", "said"), [(0.0004, "0 ms"), (0.999, "999 ms"), (1.0, "1 s"), (75.25, "75.2 s")]
)
def test_a_length_of_time_is_short(span: float, said: str) -> None:
    assert seconds(span) == said


def test_lines_can_be_written_together() -> None:
    assert text_lines([WHOLE, REFUSED], OFFSET) == b"".join(
        to_text(record, OFFSET) for record in (WHOLE, REFUSED)
    )
