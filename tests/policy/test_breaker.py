"""The breaker, rule by rule; `test_breaker_model.py` tries all orders of four callers."""

import pytest

from proxy.model import Ejection, Scope, Seconds
from proxy.policy.breaker import SLOW_START, Breaker, Gate, State
from tests.policy.build import Fixed, at

RULE = Ejection()
CALM = Fixed(0.0)
LEASE = Seconds(10.0)


def fresh(rule: Ejection = RULE) -> Breaker:
    return Breaker(rule, Scope.BACKEND, "p")


def fail(breaker: Breaker, now: float, *, silent: bool = False) -> bool:
    breaker.enter(at(now), LEASE)
    return breaker.fail(breaker.generation, at(now), CALM, silent=silent)


def succeed(breaker: Breaker, now: float) -> None:
    breaker.enter(at(now), LEASE)
    breaker.succeed(breaker.generation, at(now))
    breaker.leave(breaker.generation)


def ejected(now: float = 0.0, rule: Ejection = RULE) -> Breaker:
    breaker = fresh(rule)
    assert breaker.condemn(breaker.generation, at(now), CALM)
    return breaker


def recover(breaker: Breaker, now: float) -> None:
    assert breaker.enter(at(now), LEASE)
    assert breaker.ready(breaker.generation, at(now))
    breaker.succeed(breaker.generation, at(now))
    breaker.leave(breaker.generation)


def test_five_failures_in_a_row_eject() -> None:
    breaker = fresh()
    assert [fail(breaker, i * 0.1) for i in range(5)] == [False] * 4 + [True]
    assert breaker.gate(at(0.5)) is Gate.OUT


def test_a_success_between_breaks_the_row() -> None:
    breaker = fresh()
    for i in range(4):
        fail(breaker, i * 30.0)
    succeed(breaker, 120.0)
    assert [fail(breaker, 150 + i * 30.0) for i in range(5)] == [False] * 4 + [True]


def test_two_silences_in_a_row_eject() -> None:
    breaker = fresh()
    assert not fail(breaker, 0.0, silent=True)
    assert fail(breaker, 30.0, silent=True)


def test_a_failure_is_no_silence_unless_that_is_said() -> None:
    breaker = fresh()
    plain = [breaker.fail(breaker.generation, at(float(i)), CALM) for i in range(4)]
    assert plain == [False] * 4


def test_another_failure_between_breaks_the_silence() -> None:
    breaker = fresh()
    assert not fail(breaker, 0.0, silent=True)
    assert not fail(breaker, 1.0)
    assert not fail(breaker, 2.0, silent=True)


def test_first_content_breaks_the_silence() -> None:
    breaker = fresh()
    fail(breaker, 0.0, silent=True)
    breaker.enter(at(1.0), LEASE)
    assert not breaker.ready(breaker.generation, at(1.0))
    assert not fail(breaker, 2.0, silent=True)


@pytest.mark.parametrize(
    ("good", "bad", "out"),
    [(12, 8, True), (13, 8, False), (11, 8, False), (60, 40, True), (61, 40, False)],
)
def test_two_fifths_of_at_least_twenty_eject(good: int, bad: int, out: bool) -> None:
    breaker = fresh(Ejection(consecutive=1000))
    for _ in range(good):
        succeed(breaker, 1.0)
    results = [fail(breaker, 2.0) for _ in range(bad)]
    assert results[-1] is out
    assert not any(results[:-1])


def test_the_ratio_forgets_after_its_window() -> None:
    breaker = fresh(Ejection(consecutive=1000))
    for _ in range(19):
        fail(breaker, 1.0)
    assert not fail(breaker, 12.1)


def test_backoff_doubles_to_its_most() -> None:
    breaker = ejected()
    lengths, now = [], 0.0
    for _ in range(7):
        lengths.append(breaker.until - now)
        now = breaker.until
        assert breaker.gate(at(now)) is Gate.PROBE
        assert fail(breaker, now)
    assert lengths == [1, 2, 4, 8, 15, 15, 15]


def test_backoff_is_shortened_by_chance_by_a_tenth_at_most() -> None:
    breaker = fresh()
    breaker.condemn(0, at(0.0), Fixed(1.0))
    assert breaker.until == pytest.approx(0.9)


def test_the_door_opens_at_until_and_not_before() -> None:
    breaker = ejected()
    assert breaker.gate(at(0.999)) is Gate.OUT
    assert breaker.gate(at(1.0)) is Gate.PROBE
    assert breaker.back_at(at(0.5)) == 1.0
    assert breaker.back_at(at(2.0)) == 2.0


def test_one_probe_at_a_time() -> None:
    breaker = ejected()
    assert breaker.enter(at(1.0), LEASE)
    assert breaker.gate(at(1.0)) is Gate.OUT
    assert breaker.gate(at(10.9)) is Gate.OUT


def test_a_lost_probe_does_not_wedge() -> None:
    breaker = ejected()
    breaker.enter(at(1.0), LEASE)
    lost = breaker.generation
    assert breaker.gate(at(11.0)) is Gate.PROBE
    assert breaker.enter(at(11.0), LEASE)
    assert not breaker.ready(lost, at(11.5)), "the lost one comes too late"
    breaker.leave(lost)
    assert breaker.gate(at(12.0)) is Gate.OUT
    assert breaker.ready(breaker.generation, at(12.0))


def test_a_cancelled_probe_gives_its_lease_back() -> None:
    breaker = ejected()
    breaker.enter(at(1.0), LEASE)
    breaker.leave(breaker.generation)
    assert breaker.state is State.EJECTED
    assert breaker.gate(at(1.0)) is Gate.PROBE


def test_an_early_probe_that_is_cancelled_leaves_the_ejection_as_it_was() -> None:
    breaker = ejected()
    assert breaker.probe_may_be_early(at(0.5))
    breaker.enter(at(0.5), LEASE)
    assert not breaker.probe_may_be_early(at(0.5))
    breaker.leave(breaker.generation)
    assert breaker.gate(at(0.6)) is Gate.OUT


def test_a_late_success_does_not_close() -> None:
    breaker = fresh()
    breaker.enter(at(0.0), LEASE)
    early = breaker.generation
    for i in range(5):
        fail(breaker, i * 0.1)
    assert not breaker.ready(early, at(0.9))
    assert not breaker.succeed(early, at(0.9))
    assert breaker.gate(at(0.9)) is Gate.OUT


def test_a_late_failure_does_not_eject_what_has_recovered() -> None:
    breaker = fresh(Ejection(consecutive=1))
    breaker.enter(at(0.0), LEASE)
    early = breaker.generation
    fail(breaker, 0.1)
    recover(breaker, 2.0)
    assert not breaker.fail(early, at(3.0), CALM)
    assert not breaker.condemn(early, at(3.0), CALM)
    assert breaker.state is State.CLOSED


def test_a_failure_that_only_counts_against_a_trial() -> None:
    breaker = fresh()
    breaker.enter(at(0.0), LEASE)
    assert not breaker.fail_probe(breaker.generation, at(0.0), CALM)
    assert breaker.consecutive == 0
    out = ejected()
    out.enter(at(1.0), LEASE)
    assert not out.fail_probe(out.generation - 1, at(1.1), CALM)
    assert out.fail_probe(out.generation, at(1.1), CALM)
    assert out.until == 3.1


def test_slow_start_lets_one_two_four_in() -> None:
    breaker = ejected()
    recover(breaker, 1.0)
    for step, allowed in enumerate([1, 2, 4, 8]):
        now = at(1.0 + step * 3.0)
        assert breaker.gate(at(now - 0.01)) is (Gate.RAMPING if step else Gate.OPEN)
        while breaker.gate(now) is Gate.OPEN:
            breaker.enter(now, LEASE)
        assert breaker.gate(now) is Gate.RAMPING
        assert breaker.running == allowed
    assert breaker.slow_start(at(30.9))
    assert breaker.gate(at(1.0 + SLOW_START)) is Gate.OPEN
    assert breaker.quiet


def test_the_probe_that_goes_on_counts_in_the_slow_start() -> None:
    breaker = ejected()
    breaker.enter(at(1.0), LEASE)
    breaker.ready(breaker.generation, at(1.5))
    assert breaker.gate(at(1.5)) is Gate.RAMPING
    breaker.leave(breaker.generation)
    assert breaker.gate(at(1.5)) is Gate.OPEN


def test_attempts_of_before_do_not_count_in_the_slow_start() -> None:
    breaker = fresh(Ejection(consecutive=1))
    breaker.enter(at(0.0), LEASE)
    early = breaker.generation
    fail(breaker, 0.0)
    recover(breaker, 1.0)
    breaker.leave(early)
    assert breaker.running == 0


def test_recovery_forgets_what_was_counted() -> None:
    breaker = fresh()
    for i in range(5):
        fail(breaker, i * 0.1)
    recover(breaker, 2.0)
    assert [fail(breaker, 40.0 + i) for i in range(4)] == [False] * 4


def test_recovery_forgets_the_window_too() -> None:
    breaker = fresh(Ejection(consecutive=1000, minimum=4))
    for _ in range(4):
        fail(breaker, 1.0)
    recover(breaker, 2.0)
    assert not fail(breaker, 3.0)


def test_recovery_ends_a_cooldown_too() -> None:
    breaker = ejected()
    breaker.cool(None, at(0.0), CALM)
    recover(breaker, 1.0)
    breaker.enter(at(1.0), LEASE)
    assert not breaker.succeed(breaker.generation, at(1.0)), "told already"
    breaker.cool(None, at(2.0), CALM)
    assert breaker.cooled_until == 3.0


def test_it_knows_since_when() -> None:
    breaker = fresh()
    breaker.cool(Seconds(9.0), at(1.0), CALM)
    assert breaker.since == 1.0
    breaker.condemn(0, at(2.0), CALM)
    assert breaker.since == 2.0
    fail(breaker, 11.0)
    assert breaker.since == 2.0, "the same ejection, still"


def test_flapping_doubles_a_hold_of_its_own() -> None:
    breaker = ejected()
    now, lengths = 1.0, []
    for _ in range(9):
        recover(breaker, now)
        breaker.condemn(breaker.generation, at(now + 10), CALM)
        lengths.append(breaker.until - (now + 10))
        now = breaker.until
    assert lengths == [2, 4, 8, 16, 32, 64, 128, 256, 300]


def test_a_probe_that_fails_in_a_hold_is_back_to_the_backoff() -> None:
    breaker = ejected()
    for now in (1.0, 20.0, 40.0):
        recover(breaker, now)
        breaker.condemn(breaker.generation, at(now + 5), CALM)
    assert breaker.until == 53.0
    assert fail(breaker, 53.0)
    assert breaker.until == 55.0


def test_a_long_quiet_forgives_the_flapping() -> None:
    breaker = ejected()
    recover(breaker, 1.0)
    breaker.condemn(breaker.generation, at(301.001), CALM)
    assert breaker.until == pytest.approx(302.001)
    recover(breaker, 303.0)
    breaker.condemn(breaker.generation, at(603.0), CALM)
    assert breaker.until == 605.0, "within five minutes, to the second"


def test_a_told_cooldown_ends_by_itself() -> None:
    breaker = fresh()
    assert breaker.cool(Seconds(20.0), at(0.0), CALM)
    assert breaker.told
    assert breaker.gate(at(19.9)) is Gate.COOLING
    assert breaker.gate(at(20.0)) is Gate.OPEN
    assert breaker.back_at(at(0.0)) == 20.0


def test_a_cooldown_is_lengthened_but_never_shortened() -> None:
    breaker = fresh()
    breaker.cool(Seconds(20.0), at(0.0), CALM)
    assert not breaker.cool(Seconds(5.0), at(1.0), CALM)
    assert not breaker.cool(None, at(1.0), CALM)
    assert breaker.cooled_until == 20.0
    assert breaker.cool(Seconds(30.0), at(1.0), CALM)
    assert breaker.cooled_until == 31.0


def test_untold_cooldowns_double_once_a_burst_and_a_success_resets_them() -> None:
    breaker = fresh()
    assert breaker.cool(None, at(0.0), CALM)
    assert not breaker.told
    assert not breaker.cool(None, at(0.5), CALM)
    assert breaker.cooled_until == 1.0
    breaker.cool(None, at(1.0), CALM)
    assert breaker.cooled_until == 3.0
    breaker.enter(at(2.0), LEASE)
    assert not breaker.succeed(breaker.generation, at(2.0)), "one of before the cooldown"
    assert breaker.succeed(breaker.generation, at(3.0))
    assert not breaker.succeed(breaker.generation, at(3.1)), "told once"
    breaker.cool(None, at(4.0), CALM)
    assert breaker.cooled_until == 5.0


def test_cooling_and_ejected_at_once_both_hold() -> None:
    breaker = ejected()
    breaker.cool(Seconds(5.0), at(0.0), CALM)
    assert breaker.gate(at(0.5)) is Gate.OUT
    assert breaker.gate(at(1.5)) is Gate.COOLING
    assert not breaker.probe_may_be_early(at(0.5))
    assert breaker.gate(at(5.0)) is Gate.PROBE
    assert breaker.probe_may_be_early(at(5.0))
    assert breaker.back_at(at(0.0)) == 5.0


def test_a_pardon_takes_back_what_was_counted() -> None:
    breaker = fresh()
    for i in range(4):
        fail(breaker, i * 0.1)
    breaker.pardon(at(0.5))
    assert not fail(breaker, 0.6)
    silent = fresh()
    fail(silent, 0.0, silent=True)
    silent.pardon(at(0.1))
    assert not fail(silent, 0.2, silent=True)
    ratio = fresh(Ejection(consecutive=1000, minimum=4))
    for _ in range(3):
        fail(ratio, 0.0)
    ratio.pardon(at(0.1))
    assert not fail(ratio, 0.2)


def test_after_a_pardon_all_five_are_left() -> None:
    breaker = fresh()
    fail(breaker, 0.0)
    breaker.pardon(at(0.1))
    assert [fail(breaker, 1.0) for _ in range(5)] == [False] * 4 + [True]


def test_after_a_pardon_the_hold_begins_at_the_first_backoff() -> None:
    breaker = ejected(rule=Ejection(first=Seconds(0.25)))
    breaker.pardon(at(0.1))
    recover(breaker, 0.1)
    breaker.condemn(breaker.generation, at(1.0), CALM)
    assert breaker.until == 1.5


def test_a_pardoned_ejection_may_be_probed_at_once() -> None:
    breaker = ejected()
    breaker.pardon(at(0.2))
    assert breaker.state is State.EJECTED, "only a probe closes"
    assert breaker.gate(at(0.2)) is Gate.PROBE


def test_a_pardon_takes_the_backoff_and_the_hold_back() -> None:
    breaker = ejected()
    for now in (1.0, 20.0, 40.0):
        recover(breaker, now)
        breaker.condemn(breaker.generation, at(now + 5), CALM)
    for now in (53.0, 55.0, 59.0):
        fail(breaker, now)
    breaker.pardon(at(60.0))
    fail(breaker, 60.0)
    assert breaker.until == 62.0
    recover(breaker, 62.0)
    breaker.condemn(breaker.generation, at(63.0), CALM)
    assert breaker.until == 65.0


def test_a_new_window_counts_anew_and_an_old_one_goes_on() -> None:
    breaker = fresh(Ejection(consecutive=1000))
    for _ in range(9):
        fail(breaker, 1.0)
    breaker.adopt(Ejection(consecutive=1000, minimum=10))
    assert fail(breaker, 2.0), "what was counted stays"
    wider = fresh(Ejection(consecutive=1000))
    wider.adopt(Ejection(consecutive=1000, minimum=10, window=Seconds(60.0)))
    for _ in range(9):
        fail(wider, 1.0)
    assert fail(wider, 50.0)


def test_a_new_rule_keeps_the_state() -> None:
    breaker = ejected()
    breaker.adopt(Ejection(consecutive=1, window=Seconds(60.0)))
    assert breaker.gate(at(0.5)) is Gate.OUT
    recover(breaker, 1.0)
    assert fail(breaker, 40.0)


def test_who_has_recovered_early_is_back_now() -> None:
    breaker = ejected()
    recover(breaker, 0.2)
    assert breaker.back_at(at(0.3)) == 0.3


def test_a_rule_may_begin_below_a_second() -> None:
    short = Ejection(first=Seconds(0.25))
    breaker = ejected(rule=short)
    assert breaker.until == 0.25
    breaker.enter(at(0.25), LEASE)
    assert breaker.fail(breaker.generation, at(1.0), CALM)
    assert breaker.until == 1.5, "a failed probe doubles it"
    cooled = fresh(short)
    assert cooled.cool(None, at(0.0), CALM)
    assert cooled.cooled_until == 0.25
