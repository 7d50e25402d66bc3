"""A connection that leads nowhere, for a test that plays the loop itself."""

import asyncio
from typing import Any

from proxy.wire.connection import Connection, Lane


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
