"""Families, not single bodies: what is left when names and particulars are taken away.

Two experiments over both sets of answers. *Nameless*: nothing says which provider it is. *Leave one
out*: nameless, and without the entries that are about that provider. What such an entry tells is
particular by nature (one provider's 498 is another's opposite), so a part must be lost; that a
request goes to the right place must not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from proxy.diagnosis.judge import Diagnosis
from proxy.diagnosis.recorded import corpus_answer
from proxy.diagnosis.signature import Signature
from proxy.diagnosis.transcript import outcome_of
from proxy.model import Api
from tests.diagnosis.desk import WALL, corpus, entries, judged, recorded, short, wanted, wild

HOUSES = {
    "anthropic": ("anthropic",),
    "azure": ("azure", "api-management"),
    "aws": ("bedrock", "api-gateway"),
    "cohere": ("cohere", "rate-limit-key"),
    "dashscope": ("dashscope",),
    "deepseek": ("deepseek", "rate-limit-account"),
    "google": ("google",),
    "groq": ("tool-call-failed", "request-never-fits"),
    "huggingface": ("rate-limit-key",),
    "llama.cpp": ("local-server",),
    "mistral": ("rate-limit-account",),
    "nvidia": ("nvidia",),
    "ollama": ("server-queue-full",),
    "openai": ("missing-key", "request-never-fits"),
    "openrouter": ("openrouter", "payment-with-time", "no-endpoint"),
    "together": ("together",),
    "vllm": ("engine-dead",),
}
"""A provider, and how the ids of the entries begin that are about it."""
ALIASES = {"bedrock": "aws", "gemini": "google", "vertex": "google", "azure-openai": "azure"}


def house(provider: str) -> str:
    first = provider.removesuffix("-compatible").removesuffix("-tgi")
    return ALIASES.get(first, first)


@cache
def without(name: str) -> Diagnosis:
    kept = [entry for entry in entries() if not is_about(entry, name)]
    return Diagnosis(kept, wall=lambda: WALL)


def is_about(entry: Signature, name: str) -> bool:
    return entry.id.startswith(HOUSES.get(name, ("-",)))


def shares(cases: Iterable[Mapping[str, Any]], *, leave_out: bool) -> dict[str, float]:
    """The share of right answers, in percent."""
    right = {"action": 0, "scope": 0, "cause": 0}
    total = 0
    for case in cases:
        given = outcome_of(replace(recorded(case), provider=""))
        given = replace(given, api=Api(case["api"])) if "api" in case else given
        by = without(house(case["provider"])) if leave_out else None
        got = short(judged(given, by)).split()
        total += 1
        for name, want, found in zip(right, wanted(case).split(), got, strict=True):
            right[name] += want == found
    return {name: 100 * count / total for name, count in right.items()}


SETS = {
    "corpus": [case for case in corpus() if corpus_answer(case) is not None],
    "wild": list(wild()),
}


@pytest.mark.parametrize("cases", SETS.values(), ids=SETS)
def test_nameless(cases: list[Mapping[str, Any]]) -> None:
    found = shares(cases, leave_out=False)
    assert found["action"] >= 99
    assert found["scope"] >= 96
    assert found["cause"] >= 98


@pytest.mark.parametrize(("name", "scope", "cause"), [("corpus", 89, 92), ("wild", 95, 97)])
def test_leave_one_provider_out(name: str, scope: float, cause: float) -> None:
    found = shares(SETS[name], leave_out=True)
    assert found["action"] >= 96
    assert found["scope"] >= scope
    assert found["cause"] >= cause


def test_every_house_has_entries() -> None:
    for name in HOUSES:
        assert any(is_about(entry, name) for entry in entries()), name
