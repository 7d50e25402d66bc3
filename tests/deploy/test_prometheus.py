"""The rules ask for what there is, and each alert has a case; promtool itself runs under `slow`."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from proxy.model import Cause, Result
from tests.deploy.names import PROMETHEUS, asked, exposed, metrics


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROMETHEUS / name).read_text())
    return loaded


def rules(name: str) -> list[dict[str, Any]]:
    return [rule for group in load(name)["groups"] for rule in group["rules"]]


RECORDED = frozenset(rule["record"] for rule in rules("rules.yaml"))
ALERTS = {rule["alert"]: rule for rule in rules("alerts.yaml")}


@pytest.mark.parametrize("rule", [*rules("rules.yaml"), *ALERTS.values()])
def test_a_rule_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    names = asked(rule["expr"])
    assert names
    assert names <= exposed() | RECORDED


@pytest.mark.parametrize(
    ("label", "known"), [("result", set(Result)), ("cause", set(Cause) | {"none"})]
)
def test_a_rule_asks_for_values_that_there_are(label: str, known: set[str]) -> None:
    found = {
        value
        for rule in [*rules("rules.yaml"), *ALERTS.values()]
        for values in re.findall(rf'{label}=~?"([^"]*)"', rule["expr"])
        for value in values.split("|")
    }
    assert found
    assert found <= known


def test_everything_recorded_is_used() -> None:
    used = {name for alert in ALERTS.values() for name in asked(alert["expr"])}
    dashboard = (PROMETHEUS.parent / "grafana" / "faultline.json").read_text()
    assert {name for name in RECORDED if name not in used and name not in dashboard} == set()


@pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)
def test_an_alert_says_how_grave_it_is_and_what_to_think_of_it(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket", "info"}
    assert alert["annotations"].keys() == {"summary", "description"}


@pytest.mark.parametrize("fires", [True, False])
def test_every_alert_fires_in_a_case_and_is_quiet_in_another(fires: bool) -> None:
    cases = [case for test in load("tests.yaml")["tests"] for case in test["alert_rule_test"]]
    assert {c["alertname"] for c in cases if bool(c.get("exp_alerts")) is fires} == set(ALERTS)


def promtool(*arguments: str, given: bytes = b"") -> None:
    path = shutil.which("promtool")
    if path is None:
        pytest.skip("promtool is not installed; apt-get install prometheus")
    done = subprocess.run([path, *arguments], input=given, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


@pytest.mark.slow
def test_promtool_accepts_the_rules() -> None:
    promtool("check", "rules", *(str(PROMETHEUS / f"{name}.yaml") for name in ("rules", "alerts")))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_promtool_plays_the_cases() -> None:
    promtool("test", "rules", str(PROMETHEUS / "tests.yaml"))


@pytest.mark.slow
def test_promtool_finds_nothing_wrong_with_the_metrics() -> None:
    promtool("check", "metrics", given=generate_latest(metrics().registry))
