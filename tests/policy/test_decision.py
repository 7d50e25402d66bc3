from typing import get_args

from proxy.policy.decision import Decision, Event, Refuse, Why


def test_events_and_decisions_are_closed_unions_of_nouns() -> None:
    assert [t.__name__ for t in get_args(Event)] == ["Ready", "Failed", "Ended", "Woke"]
    decisions = ["Send", "Wait", "Relay", "Cancel", "Refuse", "Substitute"]
    assert [t.__name__ for t in get_args(Decision)] == decisions
    for kind in (*get_args(Event), *get_args(Decision)):
        assert kind.__struct_config__.frozen
        assert "__dict__" not in dir(kind)


def test_a_refusal_knows_no_time_unless_it_is_given() -> None:
    plain = Refuse(why=Why.ALL_FAILED)
    assert (plain.retry_in, plain.told, plain.out) == (None, False, ())
