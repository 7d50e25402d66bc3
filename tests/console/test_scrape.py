"""Rendering for scrapers: two formats, once a second at most."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from proxy.console.scrape import Form, Scrape
from proxy.model import Cause, Instant
from tests.console.looking import Scene
from tests.report.records import BAD_ATTEMPT, BAD_GATEWAY, fleet, row


class Rendered(Collector):
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def collect(self) -> Iterator[Metric]:
        self.times += 1
        yield GaugeMetricFamily("rendered", "How often.", value=self.times)


@pytest.fixture
def rendered() -> Rendered:
    return Rendered()


@pytest.fixture
def time() -> list[float]:
    return [1000.0]


@pytest.fixture
def scrape(rendered: Rendered, time: list[float]) -> Scrape:
    registry = CollectorRegistry()
    registry.register(rendered)
    return Scrape(registry, lambda: Instant(time[0]))


def test_a_storm_of_scrapes_renders_once_a_second(
    scrape: Scrape, rendered: Rendered, time: list[float]
) -> None:
    for _ in range(100):
        scrape.page("")
        time[0] += 0.02
    assert rendered.times == 2
    time[0] += 10
    assert b"rendered 3.0" in scrape.page("")[0]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4;q=0.3,*/*;q=0.1", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        ),
        (
            "application/openmetrics-text; version=1.0.0<script>\x00; escaping=evil",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        ),
        (
            "application/openmetrics-text; version=not-a-version",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        ),
    ],
)
def test_the_format_is_chosen_and_nothing_is_echoed(
    scrape: Scrape, accept: str, content_type: str
) -> None:
    page, chosen = scrape.page(accept)
    assert chosen == content_type
    if "openmetrics" in chosen:
        families = text_string_to_metric_families(page.decode())  # type: ignore[no-untyped-call]
        assert [family.name for family in families] == ["rendered"]


FORMATS = ("", "application/openmetrics-text; version=1.0.0")


@pytest.mark.parametrize("accept", FORMATS)
def test_a_page_is_what_the_library_writes_whatever_has_changed(accept: str) -> None:
    scene = Scene()
    library, _ = choose_encoder(accept)
    form = Form(library)
    names = ("openai", "azure")

    def tell(number: int) -> None:
        backend = names[number % 2]
        cause = list(Cause)[number % 7]
        verdict = replace(BAD_GATEWAY, cause=cause)
        scene.serve(number)
        attempt = replace(BAD_ATTEMPT, backend=backend, verdict=verdict)
        scene.metrics.attempt_ended("id", "chat", attempt)
        scene.rows = tuple(row(name, in_flight=number) for name in names[: 1 + number % 2])

    for number in range(30):
        assert form.fill(scene.metrics.registry) == library(scene.metrics.registry)
        tell(number)
    scene.metrics.adopt(fleet("azure"))
    assert form.fill(scene.metrics.registry) == library(scene.metrics.registry)


class Odd(Collector):
    """Whatever could be taken for a comment, a number, or an end of line."""

    def __init__(self) -> None:
        self.value = 0.0

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("nothing", "A comment that ends with 1.0")
        gauge = GaugeMetricFamily("odd", "Two\nlines # 2.0", labels=("label",))
        for label in ("# HELP", "a 1.0", "a\nb", 'a"b\\', "", "\u2028\x0b\x0c", "} 3.0"):
            gauge.add_metric((label,), self.value)
        yield gauge
        yield StateSetMetricFamily("set", "More than a number.", value={"a": True, "b": False})
        histogram = HistogramMetricFamily("h", "Buckets.", labels=("label",))
        histogram.add_metric(("x",), [("0.5", self.value), ("+Inf", self.value)], self.value)
        yield histogram


@pytest.mark.parametrize("accept", FORMATS)
def test_odd_labels_and_numbers_stay_whole(accept: str) -> None:
    registry, odd = CollectorRegistry(), Odd()
    registry.register(odd)
    library, _ = choose_encoder(accept)
    form = Form(library)
    for value in (0.0, 1.0, 0.1, 1e6, 1e21, -1.5, float("inf"), float("nan"), 3):
        odd.value = value
        assert form.fill(registry) == library(registry)
    assert form._series  # and it was not the library that did it


class Stamped(Collector):
    def __init__(self) -> None:
        self.times = 0

    def collect(self) -> Iterator[Metric]:
        self.times += 1
        gauge = GaugeMetricFamily("stamped", "With a time.")
        gauge.add_metric((), self.times, timestamp=1000.0 + self.times)
        yield gauge


@pytest.mark.parametrize("accept", FORMATS)
def test_more_than_numbers_is_left_to_the_library(accept: str) -> None:
    registry, stamped = CollectorRegistry(), Stamped()
    registry.register(stamped)
    library, _ = choose_encoder(accept)
    form = Form(library)
    for _ in range(3):
        page = form.fill(registry)
        stamped.times -= 1
        assert page == library(registry)
