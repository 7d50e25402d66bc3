"""What the exchanges of the last minute say in numbers."""

from dataclasses import replace

import pytest

from proxy.cli import window
from proxy.cli.passing import exchange
from proxy.cli.window import LAST, SPAN, Lately, Numbers, Window
from proxy.model import ExchangeRecord, Instant
from proxy.report.lines import ExchangeLine, to_json
from tests.report.records import GOOD_ATTEMPT, REFUSED, RESCUED, WHOLE


def line(record: ExchangeRecord) -> ExchangeLine:
    found = exchange(to_json(record, 0.0))
    assert found is not None
    return found


def test_without_exchanges_there_are_no_numbers() -> None:
    assert Window(10.0).lately(15.0) == Lately(seconds=5.0, causes=[], last=[])


def test_apps_and_backends_are_counted_apart() -> None:
    seen = Window(0.0)
    for number, record in enumerate((WHOLE, RESCUED, REFUSED, WHOLE)):
        seen.add(line(record), float(number))
    lately = seen.lately(10.0)
    assert (lately.apps.rate, lately.apps.failed, lately.rescued) == (0.4, 1, 1)
    assert lately.backends["openai"] == Numbers(rate=0.2, failed=2)
    assert lately.backends["azure"] == Numbers(rate=3 * (1 / 10.0), median=480.0, late=480.0)
    assert lately.causes == [("cdn_edge_to_origin", 2)]
    assert [each.result for each in lately.last] == ["whole", "refused", "whole", "whole"]


def test_first_content_is_told_by_its_middle_and_its_late_end() -> None:
    seen = Window(0.0)
    for number in range(1, 101):
        record = replace(WHOLE, committed=Instant(100 + number / 1000), attempts=(GOOD_ATTEMPT,))
        seen.add(line(record), 1.0)
    apps = seen.lately(10.0).apps
    assert (apps.median, apps.late) == (51.0, 96.0)


def test_what_is_older_than_a_minute_counts_no_more() -> None:
    seen = Window(0.0)
    seen.add(line(REFUSED), 1.0)
    seen.miss(9, 1.0)
    seen.add(line(WHOLE), SPAN)
    lately = seen.lately(SPAN + 10.0)
    assert (lately.seconds, lately.apps.rate, lately.apps.failed) == (SPAN, 1 / SPAN, 0)
    assert len(lately.last) == 2  # they are still the last that were


def test_what_was_missed_counts_like_the_rest() -> None:
    seen = Window(0.0)
    for _ in range(10):
        seen.add(line(WHOLE), 1.0)
    seen.miss(30, 1.0)
    lately = seen.lately(10.0)
    assert lately.apps.rate == pytest.approx(4.0)
    assert lately.backends["azure"].rate == pytest.approx(4.0)


def test_memory_has_a_bound_and_rates_stay_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "MOST", 100)
    seen, told = Window(0.0), line(WHOLE)
    for number in range(1000):
        seen.add(told, number / 50)
    lately = seen.lately(20.0)
    assert lately.apps.rate == pytest.approx(50.0, rel=0.05)
    assert len(lately.last) == LAST
