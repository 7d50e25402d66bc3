"""What waits for a listener, and what it misses."""

from dataclasses import replace

from proxy.report.report import Report
from proxy.report.tap import MOST_WAITING, Tap
from tests.report.records import WHOLE


def test_records_wait_in_their_order_and_wake() -> None:
    woken: list[int] = []
    tap = Tap(lambda: woken.append(1))
    assert tap.take(10) == []
    for name in "abc":
        tap.ended(replace(WHOLE, id=name))
    assert len(woken) == 3
    assert [record.id for record in tap.take(2)] == ["a", "b"]
    assert [record.id for record in tap.take(2)] == ["c"]
    assert tap.missed() == 0


def test_there_is_an_end_to_waiting_and_it_is_counted() -> None:
    tap = Tap(lambda: None)
    for _ in range(MOST_WAITING + 7):
        tap.ended(WHOLE)
    assert tap.missed() == 7
    assert tap.missed() == 0
    assert len(tap.take(2 * MOST_WAITING)) == MOST_WAITING
    tap.ended(WHOLE)
    assert (len(tap.take(10)), tap.missed()) == (1, 0)


def test_it_hears_only_while_it_has_joined() -> None:
    report, tap = Report(), Tap(lambda: None)
    report.ended(WHOLE)
    with report.joined(tap):
        report.ended(WHOLE)
        report.turned_away("code")
    report.ended(WHOLE)
    assert tap.take(10) == [WHOLE]
