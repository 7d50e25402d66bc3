"""Every scenario runs without the waiting, and at full times by `pytest -m slow`."""

import pytest

from tests.scenarios.pace import REAL, SKIPPING, Pace

LONGEST = 900
"""Seconds that a scenario may take at full times."""


@pytest.fixture(
    params=[
        SKIPPING,
        pytest.param(REAL, marks=[pytest.mark.slow, pytest.mark.timeout(LONGEST)]),
    ],
    ids=str,
)
def pace(request: pytest.FixtureRequest) -> Pace:
    chosen = request.param
    assert isinstance(chosen, Pace)
    return chosen
