import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import Seconds
from proxy.policy.window import Window
from tests.policy.build import at


def test_it_counts_in_columns() -> None:
    window = Window(Seconds(10.0), 2)
    window.add(0, at(100.0))
    window.add(1, at(100.5))
    window.add(1, at(101.0))
    assert window.sums == [1, 2]


@pytest.mark.parametrize(("later", "left"), [(9.9, 1), (10.0, 1), (10.1, 1), (11.0, 0), (1e6, 0)])
def test_it_forgets_after_its_span(later: float, left: int) -> None:
    window = Window(Seconds(10.0), 1)
    window.add(0, at(100.0))
    window.turn(at(100.0 + later))
    assert window.sums == [left]


def test_it_forgets_at_the_very_end_of_a_bucket() -> None:
    window = Window(Seconds(10.0), 1)
    window.add(0, at(100.0))
    window.turn(at(110.5))
    assert window.sums == [1]
    window.turn(at(111.0))
    assert window.sums == [0]


def test_what_comes_at_the_end_of_a_bucket_belongs_to_the_next() -> None:
    window = Window(Seconds(10.0), 1)
    window.turn(at(100.5))
    window.add(0, at(101.0))
    window.turn(at(111.0))
    assert window.sums == [1]


def test_a_clear_forgets_all() -> None:
    window = Window(Seconds(10.0), 1)
    window.add(0, at(5.0))
    window.clear()
    assert window.sums == [0]
    window.add(0, at(5.5))
    window.turn(at(30.0))
    assert window.sums == [0]


@given(
    st.sampled_from([1.0, 10.0, 60.0]),
    st.lists(st.tuples(st.sampled_from([0.0, 0.04, 0.1, 0.37, 1.0, 2.5]), st.integers(0, 2))),
)
def test_sums_cover_one_span_and_at_most_a_tenth_more(
    span: float, steps: list[tuple[float, int]]
) -> None:
    window, now, log = Window(Seconds(span), 3), 1234.5, []
    for leap, column in steps:
        now += leap * span
        log.append((now, column))
        window.add(column, at(now))
        for each in range(3):
            least = sum(c == each and now - t < span - 1e-6 for t, c in log)
            most = sum(c == each and now - t <= 1.1 * span + 1e-6 for t, c in log)
            assert least <= window.sums[each] <= most
