"""What is trouble and what is noise."""

from dataclasses import replace

import pytest

from proxy.model import (
    GOOD,
    AttemptRecord,
    Cause,
    Change,
    HealthChange,
    Instant,
    Result,
    Scope,
    Sent,
    Target,
    Verdict,
)
from proxy.report.incident import OUR_NETWORK, Place
from proxy.report.trouble import (
    LONG_PAUSE,
    MOST_NAMES,
    OFTEN,
    OURS_IN_A_ROW,
    UNASKED,
    How,
    Signal,
    Trouble,
    Watch,
    Well,
)
from tests.policy import build
from tests.report.records import BAD_GATEWAY, GOOD_ATTEMPT, WHOLE, exchange, fleet


@pytest.fixture
def watch() -> Watch:
    return Watch(fleet("a", "b"))


def attempt(
    backend: str, verdict: Verdict, at: float, sent: Sent = Sent.HEAD_SEEN
) -> AttemptRecord:
    return replace(
        GOOD_ATTEMPT,
        backend=backend,
        verdict=verdict,
        started=Instant(at),
        ended=Instant(at),
        sent=sent,
    )


def hear(watch: Watch, *records: AttemptRecord) -> list[Signal]:
    return [signal for record in records for signal in watch.attempt(record)]


def change(kind: Change, verdict: Verdict, at: float, until: float | None = None) -> HealthChange:
    return HealthChange(
        change=kind,
        scope=Scope.BACKEND,
        backend="a",
        verdict=verdict,
        at=Instant(at),
        until=None if until is None else Instant(until),
    )


def test_an_ejection_is_trouble_since_the_first_failure(watch: Watch) -> None:
    hear(watch, attempt("a", GOOD, 1), attempt("a", BAD_GATEWAY, 2), attempt("a", BAD_GATEWAY, 3))
    (trouble,) = watch.change(change(Change.EJECTED, BAD_GATEWAY, 3))
    assert isinstance(trouble, Trouble)
    assert (trouble.place, trouble.how) == (Place(Scope.BACKEND, "a"), How.OUT)
    assert (trouble.at, trouble.streak.at) == (Instant(3), Instant(2))
    assert trouble.streak.causes == {Cause.CDN_EDGE_TO_ORIGIN: 2}


def test_a_good_answer_ends_the_streak(watch: Watch) -> None:
    hear(watch, attempt("a", BAD_GATEWAY, 1), attempt("a", GOOD, 2))
    (trouble,) = watch.change(change(Change.EJECTED, BAD_GATEWAY, 3))
    assert isinstance(trouble, Trouble)
    assert trouble.streak.at == Instant(3)
    assert watch.answered == {"a": Instant(2)}


def test_a_recovery_is_the_end_of_it(watch: Watch) -> None:
    assert list(watch.change(change(Change.RECOVERED, GOOD, 5))) == [
        Well(place=Place(Scope.BACKEND, "a"), at=Instant(5))
    ]
    assert list(watch.change(change(Change.PROBING, GOOD, 6))) == []


@pytest.mark.parametrize("cause", [Cause.BAD_REQUEST, Cause.CONTENT_POLICY, Cause.CLIENT_CANCEL])
def test_the_clients_faults_are_noise(watch: Watch, cause: Cause) -> None:
    verdict = Verdict(cause=cause)
    assert hear(watch, *(attempt("a", verdict, at) for at in range(100))) == []
    assert list(watch.change(change(Change.EJECTED, verdict, 3))) == []


def test_a_long_pause_is_trouble_at_once(watch: Watch) -> None:
    limited = Verdict(cause=Cause.RATE_LIMIT)
    assert not list(watch.change(change(Change.COOLED, limited, 1, until=1 + LONG_PAUSE - 1)))
    (trouble,) = watch.change(change(Change.COOLED, limited, 100, until=100 + LONG_PAUSE))
    assert isinstance(trouble, Trouble)
    assert trouble.how is How.PAUSED


def test_a_spent_quota_is_trouble_however_short_the_pause(watch: Watch) -> None:
    spent = Verdict(cause=Cause.QUOTA)
    assert list(watch.change(change(Change.COOLED, spent, 1, until=2)))


def test_pauses_are_trouble_in_a_row_not_now_and_then(watch: Watch) -> None:
    limited = Verdict(cause=Cause.RATE_LIMIT)
    for at in (0, 100, 200):
        assert not list(watch.change(change(Change.COOLED, limited, at, until=at + 5)))
    assert not list(watch.change(change(Change.COOLED, limited, 210, until=215)))
    found = watch.change(change(Change.COOLED, limited, 220, until=225))
    assert [type(signal) for signal in found] == [Trouble]


def test_failing_often_is_told_once_and_taken_back(watch: Watch) -> None:
    records = [attempt("a", BAD_GATEWAY if n % 3 == 0 else GOOD, n / 10) for n in range(100)]
    (trouble,) = hear(watch, *records)
    assert isinstance(trouble, Trouble)
    assert (trouble.how, trouble.share[0]) == (How.FAILING, OFTEN)
    assert list(watch.tick(Instant(20.0))) == []
    assert list(watch.tick(Instant(200.0))) == [
        Well(place=Place(Scope.BACKEND, "a"), at=Instant(200.0))
    ]
    assert list(watch.tick(Instant(201.0))) == []


def test_failing_seldom_is_noise(watch: Watch) -> None:
    records = [attempt("a", BAD_GATEWAY if n % 6 == 0 else GOOD, n / 10) for n in range(600)]
    assert hear(watch, *records) == []


def test_our_own_network_is_told_by_what_it_says(watch: Watch) -> None:
    unreachable = Verdict(cause=Cause.LOCAL_NETWORK, evidence="ENETUNREACH")
    found = hear(watch, *(attempt("a", unreachable, at) for at in range(2 * OURS_IN_A_ROW)))
    assert [(s.place, s.at) for s in found] == [(OUR_NETWORK, Instant(OURS_IN_A_ROW - 1))]
    assert hear(watch, attempt("a", GOOD, 50)) == [Well(place=OUR_NETWORK, at=Instant(50))]
    assert hear(watch, attempt("a", GOOD, 51)) == []


def test_our_own_network_is_told_by_unrelated_backends_that_fail_alike(watch: Watch) -> None:
    no_name = Verdict(cause=Cause.DNS)
    found = hear(
        watch, attempt("a", no_name, 1, Sent.NOT_SENT), attempt("b", no_name, 2, Sent.NOT_SENT)
    )
    assert [(s.place, s.at) for s in found] == [(OUR_NETWORK, Instant(2))]
    assert isinstance(found[0], Trouble)
    assert found[0].verdict.evidence == (
        "a and b are unrelated and fail alike (b: its name cannot be resolved)"
    )


def test_backends_that_are_not_in_the_table_are_not_heard(watch: Watch) -> None:
    assert hear(watch, *(attempt("gone", BAD_GATEWAY, at) for at in range(100))) == []
    watch.adopt(fleet("gone"))
    assert hear(watch, *(attempt("gone", BAD_GATEWAY, at) for at in range(100)))


def unknown_model(at: float, model: str = "gpt-5") -> HealthChange:
    verdict = Verdict(cause=Cause.MODEL_NOT_FOUND)
    return replace(change(Change.EJECTED, verdict, at), scope=Scope.MODEL, model=model)


def test_a_model_that_never_answered_is_a_clients_slip(watch: Watch) -> None:
    assert list(watch.change(unknown_model(1))) == []
    hear(watch, replace(attempt("a", GOOD, 2), model="gpt-5"))
    assert len(list(watch.change(unknown_model(3)))) == 1
    assert list(watch.change(unknown_model(4, "gpt-6"))) == []


def test_a_model_that_the_table_names_is_no_slip() -> None:
    target = Target(backend=build.backend("a"), model="gpt-5")
    watch = Watch(build.fleet(build.route((target,))))
    assert len(list(watch.change(unknown_model(1)))) == 1


def test_names_that_clients_choose_are_forgotten(watch: Watch) -> None:
    hear(watch, *(replace(attempt("a", GOOD, n), model=f"m{n}") for n in range(2 * MOST_NAMES)))
    assert list(watch.change(unknown_model(1, "m0"))) == []
    assert len(list(watch.change(unknown_model(1, f"m{2 * MOST_NAMES - 1}")))) == 1


def test_an_answer_that_was_asked_for_before_the_first_failure_does_not_end_the_streak(
    watch: Watch,
) -> None:
    hear(watch, attempt("a", BAD_GATEWAY, 5.0))
    stream = replace(attempt("a", GOOD, 6.0), started=Instant(4.9))
    hear(watch, stream, attempt("a", BAD_GATEWAY, 6.1))
    assert (watch.streaks["a"].at, watch.streaks["a"].causes.total()) == (5.0, 2)
    hear(watch, attempt("a", GOOD, 7.0))
    assert watch.streaks == {}


def refused(
    watch: Watch, at: float, verdict: Verdict, result: Result = Result.REFUSED
) -> list[str]:
    """Have a request fail at `a`, with nothing else left; return how that is trouble."""
    tried = attempt("a", verdict, at)
    signals = hear(watch, tried)
    signals += watch.exchange(exchange(result=result, attempts=(tried,)))
    return [s.how.value if isinstance(s, Trouble) else "well" for s in signals]


@pytest.mark.parametrize("result", [Result.REFUSED, Result.STATIC])
def test_nothing_left_for_two_requests_in_a_row_is_trouble(watch: Watch, result: Result) -> None:
    assert refused(watch, 1, BAD_GATEWAY, result) == []
    assert refused(watch, 100, BAD_GATEWAY, result) == ["exhausted"]
    assert refused(watch, 200, BAD_GATEWAY, result) == [], "told once"
    assert hear(watch, attempt("a", GOOD, 300)) == [
        Well(place=Place(Scope.BACKEND, "a"), at=Instant(300))
    ]


def test_a_whole_answer_between_them_makes_it_chance(watch: Watch) -> None:
    refused(watch, 1, BAD_GATEWAY)
    assert list(watch.exchange(WHOLE)) == []
    assert refused(watch, 2, BAD_GATEWAY) == []


@pytest.mark.parametrize("cause", [Cause.TIMEOUT, Cause.RATE_LIMIT, Cause.BAD_REQUEST])
def test_haste_limits_and_slips_leave_nothing_and_tell_nothing(watch: Watch, cause: Cause) -> None:
    for at in (1, 2, 3):
        assert refused(watch, at, Verdict(cause=cause)) == []


def test_a_backend_that_is_out_of_rotation_has_been_told(watch: Watch) -> None:
    refused(watch, 1, BAD_GATEWAY)
    assert len(list(watch.change(change(Change.EJECTED, BAD_GATEWAY, 1)))) == 1
    assert refused(watch, 2, BAD_GATEWAY) == []
    assert len(list(watch.change(change(Change.RECOVERED, BAD_GATEWAY, 3)))) == 1
    assert list(watch.tick(Instant(3 + UNASKED))) == [], "it is well"


def test_what_nobody_asks_is_let_be_after_a_while(watch: Watch) -> None:
    refused(watch, 1, BAD_GATEWAY)
    refused(watch, 2, BAD_GATEWAY)
    assert list(watch.tick(Instant(1 + UNASKED))) == []
    (well,) = watch.tick(Instant(2 + UNASKED))
    assert isinstance(well, Well)
    assert not well.proven


def test_what_answers_and_still_fails_often_is_not_closed_as_unasked(watch: Watch) -> None:
    refused(watch, 1, BAD_GATEWAY)
    refused(watch, 2, BAD_GATEWAY)
    hear(watch, *(attempt("a", BAD_GATEWAY, 3) for _ in range(OFTEN)))
    assert hear(watch, attempt("a", GOOD, 4)) == [], "it fails often: that is told otherwise"
    at = 4 + UNASKED
    hear(watch, *(attempt("a", BAD_GATEWAY, at) for _ in range(OFTEN)), attempt("a", GOOD, at))
    assert list(watch.tick(Instant(at))) == []


def test_what_is_out_and_is_not_asked_when_it_may_be_is_let_be_too(watch: Watch) -> None:
    hear(watch, attempt("a", BAD_GATEWAY, 1))
    list(watch.change(change(Change.EJECTED, BAD_GATEWAY, 1, until=61)))
    assert list(watch.tick(Instant(60 + UNASKED))) == []
    (well,) = watch.tick(Instant(61 + UNASKED))
    assert well == Well(place=Place(Scope.BACKEND, "a"), at=Instant(61 + UNASKED), proven=False)
    assert list(watch.tick(Instant(62 + UNASKED))) == []
