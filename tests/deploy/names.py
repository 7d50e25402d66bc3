"""What Faultline's metrics are called, as a scraper sees them, and which an expression asks for."""

import re
from pathlib import Path

from proxy.report.metrics import Gauges, Metrics
from tests.report.records import BAD_ATTEMPT, EJECTED, RESCUED, fleet, row

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"

SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}

_NAME = re.compile(r"\bfaultline[_:][a-z0-9_:]+")
_STRING = re.compile(r'"[^"]*"')


def metrics() -> Metrics:
    gauges = Gauges(view=lambda: (row("openai"),), lag=lambda: 0.0, dropped=lambda: 0)
    made = Metrics(fleet("openai", "azure"), version="1", gauges=gauges)
    made.attempt_ended("id", "chat", BAD_ATTEMPT)
    made.health_changed(EJECTED)
    made.ended(RESCUED)
    return made


def exposed() -> frozenset[str]:
    """The names of all series."""
    return frozenset(
        family.name + suffix for family in metrics().collect() for suffix in SUFFIXES[family.type]
    )


def asked(expression: str) -> frozenset[str]:
    """The names that an expression asks for."""
    return frozenset(_NAME.findall(_STRING.sub('""', expression)))
