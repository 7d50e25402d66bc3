import pytest

from proxy.model import BudgetRule, Ejection, Seconds
from proxy.policy.member import Member
from proxy.policy.waiting import MOST_QUEUED, MOST_WAITING, Pause, Waiting
from tests.policy.build import Fixed, at, backend


def member() -> Member:
    return Member(backend("p"), Ejection(), BudgetRule(), None)


def waiting(chance: float = 0.0, deadline: float = 600.0) -> Waiting:
    return Waiting(Seconds(3.0), at(deadline), Fixed(chance))


@pytest.mark.parametrize(("back", "lasts"), [(0.5, True), (3.0, True), (3.001, False)])
def test_patience_is_three_seconds(back: float, lasts: bool) -> None:
    assert waiting().would_last(member(), at(back), at(0.0)) is lasts


def test_a_wait_ends_before_the_deadline() -> None:
    assert not waiting(deadline=2.0).would_last(member(), at(2.0), at(0.0))
    assert waiting(deadline=2.0).would_last(member(), at(1.9), at(0.0))
    pause = waiting(chance=1.0, deadline=2.0).for_cooldown(member(), at(1.9), at(0.0))
    assert pause.until == 1.9, "no room for jitter"
    exact = waiting(chance=1.0, deadline=2.5).for_cooldown(member(), at(2.0), at(0.0))
    assert exact.until == 2.0, "the deadline itself is too late"


def test_those_who_wait_come_back_one_after_the_other() -> None:
    assert waiting(0.0).for_cooldown(member(), at(2.0), at(0.0)).until == 2.0
    assert waiting(1.0).for_cooldown(member(), at(2.0), at(0.0)).until == 2.5
    assert waiting(1.0).for_cooldown(member(), at(2.9), at(0.0)).until == 3.0


def test_patience_is_spent() -> None:
    left = waiting()
    left.for_cooldown(member(), at(102.0), at(100.0)).end()
    assert not left.would_last(member(), at(103.5), at(102.0))
    assert left.would_last(member(), at(103.0), at(102.0))


def test_sixteen_may_wait_for_one_backend() -> None:
    busy = member()
    pauses = []
    while waiting().would_last(busy, at(1.0), at(0.0)):
        pauses.append(waiting().for_cooldown(busy, at(1.0), at(0.0)))
    assert len(pauses) == MOST_WAITING
    pauses[0].end()
    assert waiting().would_last(busy, at(1.0), at(0.0))


def test_a_queue_is_short_in_time() -> None:
    left, full, now, steps = waiting(), member(), 0.0, 0
    while pause := left.for_room(full, at(now)):
        steps += 1
        now = pause.until
        pause.end()
    assert steps in {19, 20}
    assert 0.94 < now <= 1.0


def test_a_queue_is_left_when_its_patience_is_spent_to_the_tick() -> None:
    left, full = waiting(chance=1.0), member()
    steps = [left.for_room(full, at(0.0)) for _ in range(17)]
    assert [step is not None for step in steps] == [True] * 16 + [False], "16 times 62.5 ms"


def test_a_queue_is_short_in_places() -> None:
    full = member()
    pauses = [waiting().for_room(full, at(0.0)) for _ in range(MOST_QUEUED + 1)]
    assert pauses[-1] is None
    assert isinstance(pauses[0], Pause)
    pauses[0].end()
    assert full.queued == MOST_QUEUED - 1
    assert full.waiting == 0


def test_nobody_queues_past_the_deadline() -> None:
    assert waiting(deadline=0.05).for_room(member(), at(0.0)) is None
    pause = waiting(1.0).for_room(member(), at(0.0))
    assert pause is not None
    assert pause.until == pytest.approx(0.0625)
