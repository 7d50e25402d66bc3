import pytest

from proxy.sim import FAULTS
from tests.sim.talk import steps


def test_the_names_that_people_use() -> None:
    assert set(FAULTS) == {"cdn_502", "reset", "silence", "slow", "cut", "garbage"}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_plays(name: str) -> None:
    assert steps(FAULTS[name])
