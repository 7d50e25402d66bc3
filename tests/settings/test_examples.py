"""The commented tables of config/ load, and say what they promise."""

from pathlib import Path

import pytest

from proxy.model import Fleet
from proxy.settings.load import loads
from proxy.settings.problem import Code, Problem

CONFIG = Path(__file__).parents[2] / "config"
TABLES = sorted(CONFIG.glob("*.yaml"))
ENV = {
    "OPENAI_API_KEY": "sk-openai",
    "OPENAI_KEY_MAIN": "sk-main",
    "OPENAI_KEY_SPARE": "sk-spare",
    "AZURE_OPENAI_API_KEY": "azure-key",
    "AZURE_OPENAI_ENDPOINT": "https://name.openai.azure.com",
    "OPENROUTER_API_KEY": "sk-or",
    "ANTHROPIC_KEY_MAIN": "sk-ant-main",
    "ANTHROPIC_KEY_SPARE": "sk-ant-spare",
    "GEMINI_KEY_MAIN": "g-main",
    "GEMINI_KEY_SPARE": "g-spare",
}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder that stands for /run/secrets."""
    for name in ("app-token", "openai", "azure"):
        (tmp_path / name).write_text(f"{name}-secret\n")
        (tmp_path / name).chmod(0o400)
    return tmp_path


def load_example(name: str, secrets: Path) -> tuple[Fleet, tuple[Problem, ...]]:
    text = (CONFIG / name).read_text().replace("/run/secrets", str(secrets))
    loaded = loads(text, name=name, env=ENV, base=CONFIG)
    return loaded.fleet, loaded.warnings


def tiers(fleet: Fleet) -> dict[str, list[list[str]]]:
    return {
        route.name: [[str(target) for target in tier] for tier in route.tiers]
        for route in fleet.routes
    }


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_an_example_loads_and_tells_editors_its_schema(path: Path, secrets: Path) -> None:
    _, warnings = load_example(path.name, secrets)
    # Only the cloud route of local-first.yaml has no spare, and says so.
    expected = [Code.NO_FALLBACK] if path.name == "local-first.yaml" else []
    assert [warning.code for warning in warnings] == expected
    first = path.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=faultline.schema.json"
    assert (CONFIG / "faultline.schema.json").exists()


def test_there_is_one_for_each_use_case() -> None:
    assert [path.name for path in TABLES] == [
        "anthropic.yaml",
        "gemini.yaml",
        "local-first.yaml",
        "openai-with-spares.yaml",
        "sidecar.yaml",
        "two-keys.yaml",
    ]


def test_two_keys_are_two_accounts(secrets: Path) -> None:
    fleet, _ = load_example("two-keys.yaml", secrets)
    assert tiers(fleet) == {"all": [["main", "spare"]]}
    assert {backend.account for backend in fleet.backends.values()} == {"main", "spare"}


def test_openai_goes_to_azure_and_then_to_openrouter(secrets: Path) -> None:
    fleet, _ = load_example("openai-with-spares.yaml", secrets)
    assert tiers(fleet)["chat"] == [["openai", "azure"], ["openrouter/openai/gpt-5"]]
    azure = fleet.backends["azure"]
    assert str(azure.url) == "https://name.openai.azure.com/openai/v1"
    assert azure.models["gpt-5"] == "my-gpt-5"


def test_the_house_answers_first(secrets: Path) -> None:
    fleet, _ = load_example("local-first.yaml", secrets)
    assert tiers(fleet)["house"] == [["vllm", "ollama"], ["openai/gpt-5-mini"]]
    assert [t.served_model("house") for t in fleet.routes[0].tiers[0]] == [
        "Qwen/Qwen3-32B",
        "qwen3:32b",
    ]


def test_the_sidecar_asks_for_a_token(secrets: Path) -> None:
    fleet, _ = load_example("sidecar.yaml", secrets)
    assert not fleet.listen.loopback
    assert fleet.clients["app"].reveal() == "app-token-secret"
    assert fleet.hosts == ("faultline",)
    assert set(fleet.files) == {str(secrets / name) for name in ("app-token", "openai", "azure")}
