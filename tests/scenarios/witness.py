"""A simulated provider that also remembers what it has said, byte for byte."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from proxy import sim
from proxy.sim.behaviour import Behaviour, Step
from proxy.sim.seen import Seen

MOST_SAID = 1024 * 1024
"""Bytes of one answer that are remembered; a flood is longer."""


@dataclass(slots=True)
class Said:
    """The bytes of one answer as they were given to the connection, head included."""

    data: bytearray = field(default_factory=bytearray)
    all: bool = True
    """Whether nothing had to be forgotten."""

    def take(self, step: bytes) -> None:
        """Remember."""
        self.all = self.all and len(self.data) + len(step) <= MOST_SAID
        if self.all:
            self.data += step


class Witness(sim.Provider):
    """The provider of a scenario."""

    def __init__(
        self, name: str, *, tokens: int, stamp_text: bool, keep_alive: float | None = None
    ) -> None:
        super().__init__(name, tokens=tokens, stamp_text=stamp_text, keep_alive=keep_alive)
        self.said: dict[int, Said] = {}
        """By the identity of what was seen, which the log keeps alive."""
        self.log: list[Seen] = []
        """Every request of the run: `forget` empties `attempts` only."""

    def begin(self, seen: Seen) -> Behaviour | None:
        """Take a request into the log."""
        self.log.append(seen)
        return super().begin(seen)

    def steps(self, behaviour: Behaviour, seen: Seen) -> Iterator[Step]:
        """Begin a behaviour, and remember its bytes."""
        said = self.said.setdefault(id(seen), Said())
        for step in super().steps(behaviour, seen):
            if isinstance(step, bytes):
                said.take(step)
            yield step
