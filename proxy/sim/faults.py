"""The faults that people call by name: the demo, drills and tests share these words.

Data: names and the behaviours they stand for, gentle enough to be watched by a person.
"""

from collections.abc import Mapping
from types import MappingProxyType

from proxy.sim import bad_answers, bad_streams, bad_wires
from proxy.sim.behaviour import Behaviour

FAULTS: Mapping[str, Behaviour] = MappingProxyType(
    {
        "cdn_502": bad_answers.cdn_502(),
        "reset": bad_wires.reset_before_head(),
        "silence": bad_wires.silent(),
        "slow": bad_streams.slow_first_token(20.0),
        "cut": bad_streams.cut_after(4),
        "garbage": bad_wires.garbage(),
    }
)
"""Fault by name. `slow` is 20 s: later than a person waits, earlier than the limits."""
