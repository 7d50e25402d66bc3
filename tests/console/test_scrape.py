"""Rendering for scrapers: two formats, once a second at most."""

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from proxy.console.scrape import Scrape
from proxy.model import Instant


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
