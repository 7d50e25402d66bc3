"""What the pages for people say is what the code has: metrics, journal, console, commands."""

import re
from pathlib import Path

import msgspec
import pytest
import typer.main
from prometheus_client.core import Metric

from proxy.cli import cli
from proxy.console.door import Door
from proxy.console.site import console_app
from proxy.model import Change
from proxy.report.lines import AttemptLine, ExchangeLine
from proxy.report.metrics import Gauges, Metrics
from proxy.wire.drill import Turn
from tests.console.looking import Scene
from tests.report.records import fleet

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
WIDEST = 110
"""Characters of a line; a table is as wide as it is."""

LOGGED = re.compile(
    r"(?:log|_count)\(\s*"
    r"(?:(?:level|Level\.\w+)(?: if .*? else Level\.\w+)?,\s*)?"
    r'"([a-z_]+)"'
)
"""A call that brings an event into the journal."""


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def metrics_table() -> str:
    gauges = Gauges(view=list, lag=float, dropped=int)
    families = Metrics(fleet("p"), version="1", gauges=gauges).collect()
    head = ["| name | kind | labels | what |", "|---|---|---|---|"]
    return "\n".join([*head, *map(_row, families)]) + "\n"


def _row(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{label}`" for label in getattr(family, "_labelnames", ()))
    return f"| `{name}` | {family.type} | {labels} | {family.documentation} |"


def test_the_metrics_page_has_every_metric() -> None:
    page = text_of("docs/metrics.md")
    table = page.split("<!-- metrics -->\n")[1].split("<!-- /metrics -->")[0]
    assert table == metrics_table()


@pytest.mark.parametrize("line", [ExchangeLine, AttemptLine])
def test_the_journal_page_has_every_field(line: type[msgspec.Struct]) -> None:
    named = set(re.findall(r"`([a-z_]+)`", text_of("docs/journal.md")))
    assert set(line.__struct_fields__) - named == set()


def test_the_journal_page_has_every_event() -> None:
    table = text_of("docs/journal.md").split("\n## Everything else\n")[1]
    first = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = {event for cell in first for event in re.findall(r"`([a-z_]+)`", cell)}
    logged = {
        event
        for path in (ROOT / "proxy").rglob("*.py")
        for event in LOGGED.findall(path.read_text("utf-8"))
    }
    assert {"started", "budget_refused", "incident", "store"} <= logged
    assert (logged | set(Change) | set(Turn) | {"exchange", "attempt", "lines_dropped"}) == named


def test_the_console_page_has_every_path() -> None:
    scene = Scene()
    app = console_app(scene.sources, lambda: Door(scene.fleet, scene.fleet.listen, ()))
    paths = {route.resource.canonical for route in app.router.routes() if route.resource}
    page = text_of("docs/console.md")
    assert {path for path in paths if f"`{path}`" not in page} == set()


def test_the_readme_has_every_command() -> None:
    commands = set(typer.main.get_group(cli).commands)
    named = set(re.findall(r"^\| `faultline (\w+)", text_of("README.md"), re.MULTILINE))
    assert commands == named


def test_the_life_of_a_request_names_files_that_exist() -> None:
    text = text_of("docs/life-of-a-request.md")
    named = set(re.findall(r"`([a-z_]+/(?:[a-z_]+\.py)?)`", text))
    assert len(named) > 20
    assert {name for name in named if not (ROOT / "proxy" / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#][^)]*)\)", page.read_text("utf-8")):
        if "://" not in link:
            assert (page.parent / link.partition("#")[0]).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_are_not_too_wide(page: Path) -> None:
    wide = [line for line in page.read_text("utf-8").splitlines() if len(line) > WIDEST]
    assert [line for line in wide if not line.startswith("|")] == []
