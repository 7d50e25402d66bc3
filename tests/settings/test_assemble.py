"""The design's own example, and what a fleet remembers of its table."""

from pathlib import Path

import pytest
import trustme

from proxy.model import Address, Bodies, BudgetRule, Ejection, Fleet, Seconds, Secret
from tests.settings.tables import GOOD, codes, fleet, loaded, place

DESIGN = """\
version: 1
listen: localhost:8080            # both loopbacks
console: localhost:8081           # or none
hosts: [faultline]
clients: {app: {token: "${APP_TOKEN}"}}
backends:
  openai: {provider: openai, key: "${OPENAI_API_KEY}"}
  azure:
    provider: azure-openai
    url: https://eu.openai.azure.com/openai/v1
    key: {file: azure.key}
    account: eu
    models: {gpt-5: my-deployment}
    headers: {x-team: search}
    max_in_flight: 200
    weight: 1
    proxy: "${HTTPS_PROXY:-}"
    ca: corp.pem
  local:
    provider: openai-compatible
    dialect: openai
    url: http://vllm:8000/v1
    key: none
    private: true
  openrouter: {provider: openrouter, key: client}
defaults:
  limits: {connect: 3s, tls: 5s, head: {stream: 30s, unary: 10m}, first_content: 2m, stall: 2m,
           total: 10m, client_stall: 2m}
  attempts: 4
routes:
  - name: chat
    match: {model: "gpt-5*", dialect: openai, operation: generate, path: /v1/chat/completions,
            header: {x-team: search}}
    tiers:
      - [openai, azure]
      - [{backend: local, model: qwen3-32b, context_window: 131072, prefill: true}]
      - [openrouter/openai/gpt-5]
    balance: first
    sticky: auto
    limits: {head: 20s}
    attempts: 4
    patience: 3s
    replay: always
    hedge: {after: 10s}
    resume: [align, prefill, anchor]
ejection: {consecutive: 5, silences: 2, ratio: {failures: 40%, window: 10s, minimum: 20},
           backoff: {first: 1s, most: 15s, flapping: 5m}}
budget: {extra: 20%, floor: 3, hedges: 5%}
bodies: {limit: 128MiB, memory: 1MiB, spool: auto}
drain: 25s
log: {level: info, format: json}
incidents: {store: none, keep: 90d, hold: 60s}
notify: []
"""
ENV = {"OPENAI_API_KEY": "sk-1", "APP_TOKEN": "app-1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "azure.key").write_text("sk-azure\n")
    (tmp_path / "azure.key").chmod(0o600)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "corp.pem"))
    return tmp_path


@pytest.fixture
def design(folder: Path) -> Fleet:
    return fleet(DESIGN, ENV, folder)


def test_the_designs_own_table_loads(folder: Path, design: Fleet) -> None:
    assert codes(DESIGN, ENV, folder) == []
    assert list(design.backends) == ["openai", "azure", "local", "openrouter"]
    assert [[str(target) for target in tier] for tier in design.routes[0].tiers] == [
        ["openai", "azure"],
        ["local/qwen3-32b"],
        ["openrouter/openai/gpt-5"],
    ]
    assert design.clients == {"app": Secret("app-1")}
    assert design.hosts == ("faultline",)
    assert (design.ejection, design.budget, design.bodies) == (Ejection(), BudgetRule(), Bodies())


def test_every_section_arrives() -> None:
    made = fleet(
        GOOD
        + "listen: unix:/run/a.sock\nconsole: none\ndrain: 5s\nlog: {level: debug, format: text}\n"
        "ejection: {consecutive: 1, silences: 3, ratio: {failures: 50%, window: 5s, minimum: 9},\n"
        "  backoff: {first: 2s, most: 8s, flapping: 1m}}\n"
        "budget: {extra: 10%, floor: 1, hedges: 0%}\n"
        "bodies: {limit: 2MiB, memory: 64KiB, spool: none}\n"
        "incidents: {store: none, keep: 7d, hold: 5s}\n"
    )
    assert (made.listen, made.console) == (Address(unix="/run/a.sock"), None)
    assert (made.drain, made.log_level, made.log_format) == (5.0, "debug", "text")
    assert made.ejection == Ejection(
        consecutive=1,
        silences=3,
        ratio=0.5,
        window=Seconds(5.0),
        minimum=9,
        first=Seconds(2.0),
        most=Seconds(8.0),
        flapping=Seconds(60.0),
    )
    assert made.budget == BudgetRule(extra=0.1, floor=1, hedges=0.0)
    assert made.bodies == Bodies(limit=2 << 20, memory=64 << 10, spool="none")
    assert (made.incidents_keep, made.incidents_hold) == (7 * 86400.0, 5.0)


def test_incidents_are_kept_in_a_file_beside_the_table(tmp_path: Path) -> None:
    made = fleet(GOOD + "incidents: {store: i.db}\n", base=tmp_path)
    assert made.incidents_store == str(tmp_path / "i.db")
    assert made.files == ()
    assert fleet(GOOD + "incidents: {store: /var/i.db}\n").incidents_store == "/var/i.db"


def test_every_setting_knows_where_it_stands(design: Fleet) -> None:
    for name, needle in {
        "listen": "listen:",
        "backends.azure.key.file": "{file: azure.key}",
        "routes.chat": "- name: chat",
        "routes.chat.tiers.1.0.model": "model: qwen3",
        "defaults.limits.head.stream": "stream: 30s",
    }.items():
        assert design.origins[name] == f"t.yaml:{place(DESIGN, needle)[0]}"
    assert "defaults.patience" not in design.origins


def test_the_files_of_a_table_are_known(folder: Path, design: Fleet) -> None:
    assert design.files == (str(folder / "azure.key"), str(folder / "corp.pem"))


def test_no_secret_is_ever_shown(folder: Path) -> None:
    whole = loaded(DESIGN, ENV, folder)
    for secret in ("sk-1", "sk-azure", "app-1"):
        assert secret not in repr(whole)


def test_a_fleet_cannot_be_changed(design: Fleet) -> None:
    with pytest.raises(TypeError):
        design.backends["x"] = design.backends["azure"]  # type: ignore[index]
