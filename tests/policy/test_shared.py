from proxy.policy.shared import Shared
from tests.policy.build import World, route, target


def test_each_standing_shares_its_own() -> None:
    one, two = (World(route((target("a"),))).standing._shared for _ in range(2))
    assert isinstance(one, Shared)
    assert one.stickiness is not two.stickiness
    assert one.early is not two.early
    assert one.health is not two.health
