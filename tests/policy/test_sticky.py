from proxy.policy.sticky import LIFE, Stickiness
from tests.policy.build import at, target

A, B = target("a"), target("b", model="x")
KEY = ("chat", 0, "conversation")


def test_a_conversation_is_found_where_it_was() -> None:
    known = Stickiness()
    assert known.find(KEY, [A, B], at(0.0)) is None
    known.keep(KEY, B, at(0.0))
    assert known.find(KEY, [A, B], at(1.0)) is B
    assert known.find(KEY, [A], at(1.0)) is None
    assert known.find(("chat", 1, "conversation"), [A, B], at(1.0)) is None


def test_it_is_forgotten_after_ten_minutes_without_a_call() -> None:
    known = Stickiness()
    assert LIFE == 600.0
    known.keep(KEY, A, at(0.0))
    assert known.find(KEY, [A], at(LIFE - 0.001)) is A
    assert known.find(KEY, [A], at(LIFE)) is None
    known.keep(KEY, A, at(500.0))
    assert known.find(KEY, [A], at(LIFE + 100)) is A


def test_the_table_is_bounded_and_drops_the_one_silent_longest() -> None:
    known = Stickiness(most=2)
    keys = [("chat", 0, str(i)) for i in range(3)]
    known.keep(keys[0], A, at(0.0))
    known.keep(keys[1], A, at(1.0))
    known.keep(keys[0], A, at(2.0))
    known.keep(keys[2], A, at(3.0))
    assert [known.find(key, [A], at(4.0)) for key in keys] == [A, None, A]


def test_ten_thousand_are_remembered() -> None:
    known = Stickiness()
    keys = [("chat", 0, str(i)) for i in range(10_001)]
    for key in keys:
        known.keep(key, A, at(0.0))
    assert [known.find(key, [A], at(1.0)) for key in keys[:2]] == [None, A]
