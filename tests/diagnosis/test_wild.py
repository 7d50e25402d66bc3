"""Answers from the wild: what they mean, and how long they told us to stay away."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from proxy.diagnosis.transcript import outcome_of
from proxy.model import Api
from tests.diagnosis.desk import judged, recorded, short, wanted, wild


@pytest.mark.parametrize("case", wild(), ids=lambda case: case["id"])
def test_an_answer_from_the_wild(case: Mapping[str, Any]) -> None:
    given = outcome_of(recorded(case))
    verdict = judged(replace(given, api=Api(case["api"])) if "api" in case else given)
    assert short(verdict) == wanted(case)
    if "cooldown" in case:
        assert verdict.cooldown == pytest.approx(case["cooldown"])


def test_ids_are_unique() -> None:
    ids = [case["id"] for case in wild()]
    assert len(set(ids)) == len(ids) > 300
