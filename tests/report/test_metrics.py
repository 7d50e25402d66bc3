"""What is counted, and that nobody can make the series grow."""

import re
import shutil
import subprocess
from dataclasses import replace
from random import Random

import pytest
from prometheus_client import generate_latest
from prometheus_client.openmetrics import exposition, parser

from proxy.exchange.interruption import LOSER
from proxy.model import (
    GOOD,
    Cause,
    Change,
    Degraded,
    Drill,
    Hedge,
    Hedged,
    Instant,
    Phase,
    Result,
    Resumed,
    Resumption,
    Rung,
    Scope,
    Seconds,
    Verdict,
)
from proxy.policy.standing import Row, Word
from proxy.report.metrics import Gauges, Metrics, in_rotation, overhead
from tests.report.records import (
    BAD_ATTEMPT,
    CANARY,
    EJECTED,
    GOOD_ATTEMPT,
    REFUSED,
    RESCUED,
    WHOLE,
    exchange,
    fleet,
    row,
)

FLEET = fleet("openai", "azure")


class Around:
    """What the gauges show."""

    def __init__(self) -> None:
        self.view: list[Row] = [row("openai"), row("azure")]
        self.lag = 0.0
        self.dropped = 0
        self.incidents = 0


@pytest.fixture
def around() -> Around:
    return Around()


@pytest.fixture
def metrics(around: Around) -> Metrics:
    gauges = Gauges(
        view=lambda: around.view,
        lag=lambda: around.lag,
        dropped=lambda: around.dropped,
        incidents=lambda: around.incidents,
    )
    return Metrics(FLEET, version="1.2.3", gauges=gauges)


def text(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_an_exchange_is_counted_by_route_dialect_and_result(metrics: Metrics) -> None:
    for record in (WHOLE, WHOLE, REFUSED):
        metrics.ended(record)
    labels = {"route": "chat", "dialect": "openai"}
    assert value(metrics, "faultline_requests_total", **labels, result="whole") == 2
    assert value(metrics, "faultline_requests_total", **labels, result="refused") == 1
    assert value(metrics, "faultline_request_seconds_count", route="chat") == 3
    assert value(metrics, "faultline_request_seconds_sum", route="chat") == pytest.approx(4.5)


def test_every_result_of_a_route_is_there_from_the_start(metrics: Metrics) -> None:
    for result in Result:
        labels = {"route": "chat", "dialect": "openai", "result": result}
        assert value(metrics, "faultline_requests_total", **labels) == 0


def test_a_rescue_is_counted_by_its_first_cause(metrics: Metrics) -> None:
    metrics.ended(RESCUED)
    metrics.ended(WHOLE)
    labels = {"route": "chat", "cause": "cdn_edge_to_origin"}
    assert value(metrics, "faultline_rescued_total", **labels) == 1


def test_an_attempt_is_counted_by_backend_and_cause(metrics: Metrics) -> None:
    metrics.attempt_ended("req-1", "chat", BAD_ATTEMPT)
    metrics.attempt_ended("req-1", "chat", GOOD_ATTEMPT)
    attempts = "faultline_attempts_total"
    assert value(metrics, attempts, backend="openai", cause="cdn_edge_to_origin") == 1
    assert value(metrics, attempts, backend="azure", cause="none") == 1
    assert value(metrics, "faultline_first_content_seconds_count", backend="openai") is None
    labels = {"backend": "azure", "le": "0.64"}
    assert value(metrics, "faultline_first_content_seconds_bucket", **labels) == 1
    assert value(metrics, "faultline_first_content_seconds_sum", backend="azure") == 0.48


def test_the_first_content_of_a_unary_answer_is_all_of_it(metrics: Metrics) -> None:
    times = ((Phase.FIRST_CONTENT, Seconds(0.25)), (Phase.END, Seconds(0.5)))
    metrics.attempt_ended("req-1", "chat", replace(GOOD_ATTEMPT, times=times))
    assert value(metrics, "faultline_first_content_seconds_sum", backend="azure") == 0.5


def test_ejections_and_cooldowns_are_counted_recoveries_are_not(metrics: Metrics) -> None:
    metrics.health_changed(EJECTED)
    metrics.health_changed(replace(EJECTED, change=Change.COOLED, scope=Scope.KEY))
    metrics.health_changed(replace(EJECTED, change=Change.PROBING))
    metrics.health_changed(replace(EJECTED, change=Change.RECOVERED))
    name, labels = "faultline_ejections_total", {"backend": "openai", "cause": "cdn_edge_to_origin"}
    assert value(metrics, name, **labels, scope="backend") == 1
    assert value(metrics, name, **labels, scope="key") == 1
    assert sum(s.value for m in metrics.collect() for s in m.samples if s.name == name) == 2


@pytest.mark.parametrize("result", Resumed)
def test_each_try_to_go_on_is_counted(metrics: Metrics, result: Resumed) -> None:
    went_on = replace(
        BAD_ATTEMPT,
        resumption=Resumption(rung=Rung.ANCHOR, result=result, characters=200, tokens=50),
    )
    for _ in range(2):
        metrics.attempt_ended("id", "chat", went_on)
    labels = {"rung": "anchor", "result": result}
    assert value(metrics, "faultline_resumes_total", **labels) == 2
    assert value(metrics, "faultline_seam_characters_total", **labels) == 400
    assert value(metrics, "faultline_tokens_again_total", **labels) == 100


@pytest.mark.parametrize(
    ("phase", "verdict", "result"),
    [
        (Phase.END, GOOD, Hedged.WON),
        (Phase.CONTENT, BAD_ATTEMPT.verdict, Hedged.WON),
        (Phase.FIRST_CONTENT, LOSER, Hedged.LOST),
        (Phase.FIRST_CONTENT, BAD_ATTEMPT.verdict, Hedged.FAILED),
    ],
)
def test_second_runners_are_counted_by_how_they_went(
    metrics: Metrics, phase: Phase, verdict: Verdict, result: Hedged
) -> None:
    second = replace(GOOD_ATTEMPT, hedge=True, phase=phase, verdict=verdict)
    metrics.attempt_ended("id", "chat", second)
    metrics.attempt_ended("id", "chat", replace(second, hedge=False))
    assert value(metrics, "faultline_hedges_total", result=result) == 1


def test_the_series_of_hedges_exist_before_the_first(metrics: Metrics) -> None:
    assert value(metrics, "faultline_hedges_total", result="won") is None
    table = fleet("openai")
    metrics.adopt(replace(table, routes=(replace(table.routes[0], hedge=Hedge(after=None)),)))
    for result in Hedged:
        assert value(metrics, "faultline_hedges_total", result=result) == 0


def test_a_try_to_go_on_is_not_what_was_cut(metrics: Metrics) -> None:
    missed = Resumption(rung=Rung.ALIGN, result=Resumed.MISMATCH, characters=1, tokens=1)
    cut = replace(GOOD_ATTEMPT, phase=Phase.CONTENT)
    later = replace(BAD_ATTEMPT, phase=Phase.HEAD, resumption=missed)
    metrics.ended(exchange(result=Result.CUT, attempts=(cut, later)))
    assert value(metrics, "faultline_streams_cut_total", backend="azure", phase="content") == 1


def test_the_series_of_the_rungs_exist_before_the_first_cut(metrics: Metrics) -> None:
    table = fleet("openai")
    metrics.adopt(replace(table, routes=(replace(table.routes[0], resume=(Rung.ALIGN,)),)))
    for name in ("resumes", "seam_characters", "tokens_again"):
        assert value(metrics, f"faultline_{name}_total", rung="align", result="joined") == 0


def test_a_cut_stream_is_counted_by_how_far_it_came(metrics: Metrics) -> None:
    cut = replace(GOOD_ATTEMPT, phase=Phase.CONTENT, verdict=BAD_ATTEMPT.verdict)
    metrics.ended(exchange(result=Result.CUT, attempts=(cut,)))
    assert value(metrics, "faultline_streams_cut_total", backend="azure", phase="content") == 1


def test_tokens_are_those_of_the_backend_that_answered(metrics: Metrics) -> None:
    metrics.ended(WHOLE)
    metrics.ended(exchange(usage=None))
    assert value(metrics, "faultline_tokens_total", backend="azure", type="input") == 12
    assert value(metrics, "faultline_tokens_total", backend="azure", type="output") == 30


def test_what_happens_at_the_door_and_to_the_budget_is_counted(metrics: Metrics) -> None:
    metrics.turned_away("unauthorized")
    labels = {"route": "other", "dialect": "other", "result": "turned_away"}
    assert value(metrics, "faultline_requests_total", **labels) == 1
    assert value(metrics, "faultline_budget_refused_total") == 0
    metrics.budget_refused("openai")
    assert value(metrics, "faultline_budget_refused_total") == 1


def test_gauges_show_the_moment(metrics: Metrics, around: Around) -> None:
    around.view = [
        row("openai", in_flight=3),
        row("openai", Word.EJECTED, scope=Scope.KEY, in_flight=1),
        row("azure", Word.SLOW_START, in_flight=2),
        row("azure", Word.EJECTED, scope=Scope.MODEL, model="gpt-5", in_flight=1),
    ]
    around.lag, around.dropped = 0.3, 7
    metrics.reloaded(success=False)
    assert value(metrics, "faultline_backend_state", backend="openai") == 0
    assert value(metrics, "faultline_backend_state", backend="azure") == 0.5
    assert value(metrics, "faultline_in_flight", backend="openai") == 3
    assert value(metrics, "faultline_in_flight", backend="azure") == 2
    assert value(metrics, "faultline_loop_lag_seconds") == 0.3
    assert value(metrics, "faultline_events_dropped_total") == 7
    assert value(metrics, "faultline_settings_reload_success") == 0
    assert value(metrics, "faultline_build_info", version="1.2.3") == 1


@pytest.mark.parametrize(
    ("state", "number"),
    [("closed", 1), ("slow_start", 0.5), ("probing", 0.5), ("cooling", 0), ("ejected", 0)],
)
def test_every_state_has_its_number(state: str, number: float) -> None:
    assert in_rotation([row("a", Word(state))]) == {"a": number}


@pytest.mark.parametrize(
    ("spans", "waited", "took"),
    [
        ([], 0.0, 2.0),
        ([(0.1, 1.9)], 0.0, 0.2),
        ([(0.1, 0.5), (0.6, 1.9)], 0.0, 0.3),
        ([(0.1, 0.5), (1.0, 1.9)], 0.5, 0.2),
        ([(0.1, 1.5), (0.6, 1.9)], 0.0, 0.2),  # a hedge overlaps
        ([(0.1, 1.9), (0.6, 1.0)], 0.0, 0.2),
        ([(0.0, 2.0)], 1.0, 0.0),
    ],
)
def test_overhead_is_what_is_left(
    spans: list[tuple[float, float]], waited: float, took: float
) -> None:
    attempts = tuple(
        replace(GOOD_ATTEMPT, started=Instant(100 + begin), ended=Instant(100 + end))
        for begin, end in spans
    )
    record = exchange(attempts=attempts, ended=Instant(102.0), waited=Seconds(waited))
    assert overhead(record) == pytest.approx(took)


def test_clients_cannot_make_the_series_grow(metrics: Metrics) -> None:
    metrics.ended(exchange(route="gone", backend="gone"))
    metrics.attempt_ended("req", "gone", replace(GOOD_ATTEMPT, backend="gone"))
    before = len(text(metrics).splitlines())
    chance = Random(1)
    for _ in range(100_000):
        name = f"{chance.getrandbits(64):x}"
        record = exchange(model=name, path=f"/v1/{name}", route=name, backend=name, client=name)
        metrics.ended(record)
        metrics.attempt_ended(name, name, replace(GOOD_ATTEMPT, backend=name, model=name))
        metrics.turned_away(name)
    assert len(text(metrics).splitlines()) <= before + 1
    labels = {"route": "other", "dialect": "openai", "result": "whole"}
    assert value(metrics, "faultline_requests_total", **labels) == 100_001


def test_a_new_table_ends_the_series_of_what_is_gone(metrics: Metrics) -> None:
    metrics.ended(RESCUED)
    metrics.attempt_ended("req-1", "chat", BAD_ATTEMPT)
    metrics.attempt_ended("req-1", "chat", GOOD_ATTEMPT)
    metrics.adopt(fleet("azure"))
    assert value(metrics, "faultline_attempts_total", backend="azure", cause="none") == 1
    assert 'faultline_attempts_total{backend="openai"' not in text(metrics)
    labels = {"route": "chat", "dialect": "openai", "result": "whole"}
    assert value(metrics, "faultline_requests_total", **labels) == 1
    metrics.attempt_ended("req-2", "chat", BAD_ATTEMPT)
    labels = {"backend": "other", "cause": "cdn_edge_to_origin"}
    assert value(metrics, "faultline_attempts_total", **labels) == 1


@pytest.mark.parametrize("drill", Drill)
def test_attempts_that_fell_into_a_drill_are_counted_apart(metrics: Metrics, drill: Drill) -> None:
    metrics.attempt_ended("req-1", "chat", replace(BAD_ATTEMPT, drill=drill))
    metrics.attempt_ended("req-2", "chat", BAD_ATTEMPT)
    assert value(metrics, "faultline_drilled_attempts_total", backend="openai", fault=drill) == 1
    labels = {"backend": "openai", "cause": "cdn_edge_to_origin"}
    assert value(metrics, "faultline_attempts_total", **labels) == 2


@pytest.mark.parametrize("degraded", Degraded)
def test_what_is_less_than_asked_for_is_counted_apart(metrics: Metrics, degraded: Degraded) -> None:
    metrics.ended(exchange(degraded=degraded))
    metrics.ended(WHOLE)
    assert value(metrics, "faultline_degraded_total", route="chat", kind=degraded) == 1


def full(metrics: Metrics) -> Metrics:
    for record in (WHOLE, RESCUED, REFUSED, exchange(result=Result.CUT)):
        metrics.ended(record)
    metrics.attempt_ended("req-1", "chat", BAD_ATTEMPT)
    metrics.attempt_ended("req-1", "chat", GOOD_ATTEMPT)
    metrics.health_changed(EJECTED)
    return metrics


def test_it_reads_as_prometheus_text(metrics: Metrics) -> None:
    names = set()
    for line in text(full(metrics)).splitlines():
        kind = re.fullmatch(r"# (HELP|TYPE) (\w+) (.+)", line)
        if kind is not None and kind[1] == "TYPE":
            names.add((kind[2], kind[3]))
        elif kind is None:
            assert re.fullmatch(r'faultline_\w+(\{(\w+="[^"]*",?)+\})? \S+', line)
    for name, form in names:  # what `promtool check metrics` looks at
        assert (form == "counter") == name.endswith("_total")
        assert not {"counter", "gauge", "histogram", "ms", "minutes"} & set(name.split("_"))
        assert "_seconds" in name or form != "histogram"
    assert len(names) == 23


def test_it_reads_as_openmetrics(metrics: Metrics) -> None:
    page = exposition.generate_latest(full(metrics).registry).decode()  # type: ignore[no-untyped-call]
    families = list(parser.text_string_to_metric_families(page))  # type: ignore[no-untyped-call]
    assert len(families) == 23
    assert all(family.documentation.endswith(".") for family in families)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_has_nothing_to_say(metrics: Metrics) -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=text(full(metrics)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_every_cause_is_a_label_and_no_secret_is(metrics: Metrics) -> None:
    for cause in Cause:
        verdict = replace(BAD_ATTEMPT.verdict, cause=cause)
        metrics.attempt_ended("req-1", "chat", replace(BAD_ATTEMPT, verdict=verdict))
    for cause in Cause:
        assert value(metrics, "faultline_attempts_total", backend="openai", cause=cause) == 1
    assert CANARY not in text(full(metrics))


def test_open_incidents_are_asked_for(metrics: Metrics, around: Around) -> None:
    assert value(metrics, "faultline_incidents_open") == 0
    around.incidents = 2
    assert value(metrics, "faultline_incidents_open") == 2
