import pytest

from proxy.model import Operation
from proxy.policy.decision import Refuse, Send, Substitute, Why
from proxy.policy.degraded import is_degraded, takes_static
from tests.policy.build import World, ask, route, sends, target


@pytest.mark.parametrize(
    ("first", "later", "asked", "degraded"),
    [
        (None, None, "gpt-5", False),
        (None, "gpt-5", "gpt-5", False),
        (None, "openai/gpt-5", "gpt-5", False),
        (None, "gpt-5", "openai/gpt-5", False),
        (None, "gpt-5-mini", "gpt-5", True),
        (None, "qwen3-32b", "gpt-5", True),
        ("gpt-5", "openai/gpt-5", "default", False),
        ("gpt-5", "qwen3-32b", "default", True),
        ("gpt-5", "default", "default", False),
        (None, "qwen3-32b", None, True),
    ],
)
def test_another_model_of_a_later_tier_is_less(
    first: str | None, later: str | None, asked: str | None, degraded: bool
) -> None:
    spare = target("s", later)
    assert is_degraded(route((target("p", first),), (spare,)), spare, asked) is degraded


def test_an_attempt_says_whether_it_is_less() -> None:
    world = World(route((target("p", "other"), target("q")), (target("s", "small"),)))
    dialogue = world.exchange()
    said = [*dialogue.first, *dialogue.fails(0, 1), *dialogue.fails(0, 2)]
    assert [(str(d.target), d.degraded) for d in said if isinstance(d, Send)] == [
        ("p/other", False),
        ("q", False),
        ("s/small", True),
    ]
    dialogue.close()


@pytest.mark.parametrize(
    ("fields", "takes"),
    [
        ({}, True),
        ({"operation": Operation.EMBED}, False),
        ({"operation": Operation.COUNT_TOKENS}, False),
        ({"backend": "p"}, False),
        ({"no_failover": True}, False),
    ],
)
def test_the_text_stands_for_an_answer_that_anybody_may_give(
    fields: dict[str, object], takes: bool
) -> None:
    assert takes_static(ask(**fields)) is takes


def test_the_text_comes_when_all_have_failed_and_says_what_it_stands_for() -> None:
    world = World(route((target("p"),), static="sorry"))
    dialogue = world.exchange()
    assert sends(dialogue.first) == ["1 p"]
    (last,) = dialogue.fails(0, 1)
    assert isinstance(last, Substitute)
    assert (last.text, last.instead_of.why) == ("sorry", Why.ALL_FAILED)
    assert dialogue.fails(0, 1) == ()
    dialogue.close()


def test_the_text_comes_at_once_when_all_are_out() -> None:
    world = World(route((target("p"),), static="sorry"))
    world.cool("p", 0.0, 60.0)
    (first,) = world.exchange().first
    assert isinstance(first, Substitute)
    assert first.instead_of.why is Why.ALL_OUT


def test_who_demands_a_backend_is_refused() -> None:
    world = World(route((target("p"),), static="sorry"))
    (last,) = world.exchange(no_failover=True).fails(0, 1)
    assert isinstance(last, Refuse)
