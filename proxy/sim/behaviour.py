"""What a simulated provider does to a request, as a value: a name and the steps on the wire.

A behaviour is a generator of steps: bytes to send, or one of the few other things that a server
can do to a connection. This module must never know a socket, and no dialect: it is handed a
`Voice`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from proxy.sim.voice import Voice


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Do nothing until the peer has gone."""


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection in order (FIN)."""


@dataclass(frozen=True, slots=True)
class Reset:
    """End the connection with a reset (RST)."""


SETTLE = Wait(0.05)
"""Before a reset: bytes that the peer has not read yet may be thrown away when it comes."""

Step = bytes | Wait | Silence | Close | Reset

Play = Callable[[Voice], Iterator[Step]]


class Moment(Enum):
    """When the steps begin."""

    CONNECT = "connect"
    """As soon as the connection stands: nothing was read, the voice knows no request."""
    HEAD = "head"
    """When the request's head is there; its body is read when the steps are over."""
    BODY = "body"
    """When the whole request is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What is done to a request. Behaviours of one name do the same."""

    name: str
    play: Play
    moment: Moment = Moment.BODY
    listening: bool = True
    """False: nobody listens on the port, so the steps never play."""

    def __str__(self) -> str:
        return self.name


def ok(*, first: float = 0.0, every: float = 0.0) -> Behaviour:
    """Answer well: `first` seconds until the first token, `every` seconds between two."""

    def play(voice: Voice) -> Iterator[Step]:
        answer = voice.answer()
        if not (first or every):
            yield answer.begin() + answer.frame(*answer.events) + answer.end()
            return
        if not answer.stream:
            yield Wait(first + every * voice.tokens)
            yield answer.begin() + answer.frame(*answer.events)
            return
        yield answer.begin() + answer.frame(*answer.lead)
        yield Wait(first)
        for token in answer.content:
            yield answer.frame(token)
            yield Wait(every)
        yield answer.frame(*answer.closing) + answer.end()

    return Behaviour(name=f"ok({first}, {every})" if first or every else "ok", play=play)
