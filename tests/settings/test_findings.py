"""The collection of problems: once each, in the order of the text, errors and warnings apart."""

import pytest

from proxy.settings.document import read
from proxy.settings.findings import MOST, Findings
from proxy.settings.problem import Code, SettingsError, Severity
from tests.settings.tables import findings


def ready(text: str) -> Findings:
    found = findings(text)
    found.root = read(found, hidden=lambda _: False)
    return found


def test_problems_stand_in_the_order_of_the_text() -> None:
    found = ready("a: 1\nb: 2\n")
    found.error(("b",), Code.RANGE, "second")
    found.warning(("a",), Code.NO_FALLBACK, "first")
    assert [problem.reason for problem in found.problems()] == ["first", "second"]


def test_an_error_points_at_the_value_or_at_the_key() -> None:
    found = ready("a: {b: 1}\n")
    found.error(("a", "b"), Code.RANGE, "value")
    found.key_error(("a", "b"), Code.RANGE, "key")
    assert [(p.reason, p.column, p.where) for p in found.problems()] == [
        ("key", 5, "a.b"),
        ("value", 8, "a.b"),
    ]


def test_the_same_problem_is_told_once() -> None:
    found = ready("a: 1\n")
    found.error(("a", "stream"), Code.RANGE, "too long")
    found.error(("a", "unary"), Code.RANGE, "too long")
    assert len(found.problems()) == 1


def test_warnings_stop_nobody() -> None:
    found = ready("a: 1\n")
    found.warning(("a",), Code.NO_FALLBACK, "hm")
    found.stop_at_errors()
    assert found.problems()[0].severity is Severity.WARNING
    found.error(("a",), Code.RANGE, "no")
    with pytest.raises(SettingsError) as caught:
        found.stop_at_errors()
    assert len(caught.value.problems) == 2


def test_a_flood_is_cut_off_and_warnings_never_crowd_out_an_error() -> None:
    found = ready("a: 1\n")
    for number in range(MOST + 5):
        found.warning(("a",), Code.NO_FALLBACK, f"warning {number}")
    told_already = found.full
    for number in range(MOST + 5):
        found.error(("a",), Code.RANGE, f"error {number}")
    assert (told_already, found.full) == (False, True)
    assert len(found.problems()) == 2 * MOST
    with pytest.raises(SettingsError):
        found.stop_at_errors()


def test_what_is_broken_spoils_what_is_below() -> None:
    found = ready("a: {b: {c: 1}}\nd: 1\n")
    found.error(("a", "b"), Code.RANGE, "no")
    assert found.broken(("a", "b", "c"))
    assert not found.broken(("a",))
    assert not found.broken(("d",))


def test_what_is_given_is_not_nothing() -> None:
    found = ready("a: {}\nb: {c: 1}\nd: []\n")
    assert not found.given(("a",))
    assert not found.given(("nothing",))
    assert found.given(("b",))
    assert found.given(("b", "c"))
    assert found.line(("b", "c")) == 2
