"""A connection that leads nowhere, for a test that plays the loop itself."""

import asyncio
from typing import Any

from proxy.model import Url
from proxy.wire.attempt import Attempt
from proxy.wire.connection import Connection, Lane
from proxy.wire.tasks import Tasks
from tests.wire.peer import Told, backend, order


class Pipe(asyncio.Transport):
    """A transport that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False
        self.reading = True
        self.unsent = 0

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


class Keeper:
    """Remembers what came back."""

    def __init__(self) -> None:
        self.idle: list[Connection] = []

    def on_idle(self, connection: Connection) -> None:
        self.idle.append(connection)

    def on_closed(self, connection: Connection) -> None: ...


def piped(lane: Lane, keeper: Keeper | None = None) -> tuple[Connection, Pipe]:
    made, pipe = Connection(lane, keeper or Keeper()), Pipe()
    made.connection_made(pipe)
    return made, pipe


BACKEND = backend(Url(tls=False, host="127.0.0.1", port=1, path="/v1"))


class Scene:
    """One attempt on a connection that the test plays."""

    def __init__(self, told: Told, method: bytes = b"POST") -> None:
        self.keeper = Keeper()
        self.connection, self.pipe = piped(Lane((), b"a"), self.keeper)
        self.call = Attempt(order(BACKEND, method=method), told, Tasks())
        self.call.begin(self.connection, b"HEAD\r\n\r\n")

    def read(self, *reads: bytes) -> None:
        for data in reads:
            if not self.pipe.aborted:
                self.connection.data_received(data)

    @property
    def kept(self) -> bool:
        return self.keeper.idle == [self.connection] and not self.pipe.aborted
