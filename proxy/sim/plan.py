"""Which behaviour meets which request.

The order of precedence: what `next` queued, then what was planned for a kind of request (newest
first), then what is planned for all. A behaviour that begins at the head is looked for before the
body is read, so its `when` sees no model. This module must never know a connection.
"""

from collections import deque
from collections.abc import Callable

from proxy.sim.behaviour import Behaviour, Moment, ok
from proxy.sim.seen import Seen

When = Callable[[Seen], bool]


class Plan:
    """What a provider is going to do."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self._always = behaviour or ok()
        self._special: list[tuple[When, Behaviour]] = []
        self._queue: deque[Behaviour] = deque()

    @property
    def listening(self) -> bool:
        """Whether anybody listens on the port."""
        return self._always.listening

    def always(self, behaviour: Behaviour, when: When | None = None) -> None:
        """Plan `behaviour` from now on, for the requests that `when` picks or for all.

        Planned for all, it replaces everything that was planned before.
        """
        if when is not None:
            _of_a_request(behaviour)
            self._special.insert(0, (when, behaviour))
            return
        self._always = behaviour
        self._special.clear()
        self._queue.clear()

    def next(self, *behaviours: Behaviour) -> None:
        """Queue behaviours for the next requests, one each."""
        for behaviour in behaviours:
            _of_a_request(behaviour)
        self._queue.extend(behaviours)

    def at_connect(self) -> Behaviour | None:
        """Return the behaviour that meets a new connection before it is read, if one does."""
        return self._always if self._always.moment is Moment.CONNECT else None

    def at_head(self, seen: Seen) -> Behaviour | None:
        """Return the behaviour that meets a request before its body is read, if one does."""
        if self._queue:
            return self._queue.popleft() if self._queue[0].moment is Moment.HEAD else None
        early = (
            behaviour
            for when, behaviour in (*self._special, (_any, self._always))
            if behaviour.moment is Moment.HEAD and when(seen)
        )
        return next(early, None)

    def choose(self, seen: Seen) -> Behaviour:
        """Return the behaviour that meets a whole request."""
        if self._queue:
            return self._queue.popleft()
        special = (behaviour for when, behaviour in self._special if when(seen))
        return next(special, self._always)


def _any(_: Seen) -> bool:
    return True


def _of_a_request(behaviour: Behaviour) -> None:
    if not behaviour.listening or behaviour.moment is Moment.CONNECT:
        raise ValueError(f"{behaviour} happens before there is a request: plan it for all")
