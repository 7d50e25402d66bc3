"""The words that all dialects share."""

import pytest

from proxy.dialects.signals import Signals, is_failure, tokens, tree
from proxy.model import Usage


@pytest.mark.parametrize(
    ("reason", "failure"),
    [
        ("stop", False),
        ("length", False),
        ("tool_calls", False),
        ("content_filter", False),
        ("MAX_TOKENS", False),
        ("something_new", False),
        ("MALFORMED_FUNCTION_CALL", False),
        ("error", True),
        ("ERROR", True),
        ("error_finish", True),
        ("network_error", True),
        ("TIMEOUT", True),
        ("abort", True),
        ("insufficient_system_resource", True),
    ],
)
def test_which_reasons_mean_a_broken_answer(reason: str, failure: bool) -> None:
    assert is_failure(reason) is failure


def test_the_first_failure_stays() -> None:
    signals = Signals()
    signals.fail(b"first")
    signals.fail(b"second")
    assert signals.failed == b"first"


def test_counts_only_grow() -> None:
    signals = Signals()
    signals.count(None)
    assert signals.usage is None
    signals.count(Usage(input=10, output=1))
    signals.count(Usage(input=0, output=7))
    assert signals.usage == Usage(input=10, output=7)


def test_what_is_no_count_counts_nothing() -> None:
    assert [tokens(count) for count in (3, None, "3", 2.5)] == [3, 0, 0, 0]


@pytest.mark.parametrize(
    ("value", "kept"), [({"a": 1}, {"a": 1}), (None, {}), ([1], {}), ("x", {})]
)
def test_what_is_no_tree_is_empty(value: object, kept: object) -> None:
    assert tree(value) == kept
