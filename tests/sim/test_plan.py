import pytest

from proxy import sim
from proxy.sim.plan import Plan
from tests.sim.talk import seen

BAD = sim.status(500)
CUT = sim.cut_after(1)


def test_nothing_planned_is_good() -> None:
    assert Plan().choose(seen()).name == "ok"


def test_the_queue_goes_first_and_is_used_up() -> None:
    plan = Plan()
    plan.always(BAD)
    plan.next(CUT, sim.ok())
    assert [plan.choose(seen()).name for _ in range(3)] == [CUT.name, "ok", BAD.name]


def test_a_kind_of_request_goes_before_all() -> None:
    plan = Plan()
    plan.always(BAD, lambda s: s.model == "x")
    plan.always(CUT, lambda s: s.key == "k")
    assert plan.choose(seen(payload={"model": "x"})) is BAD
    assert plan.choose(seen(headers=((b"x-api-key", b"k"),), payload={"model": "x"})) is CUT
    assert plan.choose(seen()).name == "ok"


def test_what_begins_at_the_head_is_found_before_the_body_is_read() -> None:
    plan = Plan()
    early = sim.early_answer(413)
    assert plan.at_head(seen()) is None
    plan.always(early, lambda s: s.key == "k")
    assert plan.at_head(seen()) is None
    assert plan.at_head(seen(headers=((b"x-api-key", b"k"),))) is early
    plan.next(early, BAD)
    assert plan.at_head(seen()) is early
    assert plan.at_head(seen(headers=((b"x-api-key", b"k"),))) is None
    assert plan.choose(seen()) is BAD
    plan.always(early)
    assert plan.at_head(seen()) is early


def test_a_plan_for_all_replaces_the_earlier_ones() -> None:
    plan = Plan()
    plan.always(BAD, lambda _: True)
    plan.next(BAD)
    plan.always(CUT)
    assert plan.choose(seen()) is CUT


def test_what_comes_before_a_request_is_planned_for_all() -> None:
    plan = Plan()
    for early in (sim.refuse(), sim.reset_on_connect()):
        with pytest.raises(ValueError, match="plan it for all"):
            plan.next(early)
        with pytest.raises(ValueError, match="plan it for all"):
            plan.always(early, lambda _: True)
    assert plan.at_connect() is None
    plan.always(sim.reset_on_connect())
    assert plan.at_connect() is not None
    plan.always(sim.refuse())
    assert not plan.listening
