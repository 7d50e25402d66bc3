"""A quick upstream for streams: pre-built chunks, one write of N events a turn of the loop.

A request that names a pace gets one event a write, one each so many seconds.

python -m bench.upstream --port P --events 200 --per-write 1
"""

import argparse
import asyncio
import signal
from typing import cast

import uvloop

from bench import payloads

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"x-request-id: req_bench\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def writes(count: int, per_write: int) -> list[bytes]:
    chunks = [b"%x\r\n%b\r\n" % (len(e), e) for e in payloads.events(count)]
    packed = [b"".join(chunks[n : n + per_write]) for n in range(0, count, per_write)]
    packed[-1] += b"0\r\n\r\n"
    return packed


class Upstream(asyncio.Protocol):
    def __init__(
        self, loop: asyncio.AbstractEventLoop, flood: list[bytes], paced: list[bytes]
    ) -> None:
        self.loop = loop
        self.flood = flood
        self.paced = paced
        self.script = flood
        self.inbox = b""
        self.next = 0
        self.every = 0.0
        self.paused = False
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.inbox += data
        head, found, body = self.inbox.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        if len(body) < int(field(lower, b"content-length") or b"0"):
            return
        self.inbox = b""
        self.every = float(field(lower, payloads.EVERY.encode()) or b"0")
        self.script = self.paced if self.every else self.flood
        self.next = 0
        self.transport.write(HEAD)
        self.step()

    def step(self) -> None:
        if self.paused or self.transport.is_closing():
            self.busy = False
            return
        self.transport.write(self.script[self.next])
        self.next += 1
        self.busy = self.next < len(self.script)
        if not self.busy:
            return
        if self.every:
            self.loop.call_later(self.every, self.step)
        else:
            self.loop.call_soon(self.step)

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        if 0 < self.next < len(self.script) and not self.busy:
            self.step()


def field(head: bytes, name: bytes) -> bytes | None:
    rest = head.partition(b"\r\n" + name + b":")[2]
    return rest.partition(b"\r\n")[0].strip() or None


async def serve(port: int, flood: list[bytes], paced: list[bytes]) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)

    def made() -> Upstream:
        return Upstream(loop, flood, paced)

    await loop.create_server(made, "127.0.0.1", port, backlog=4096)
    await over.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--per-write", type=int, default=1)
    args = parser.parse_args()
    uvloop.run(serve(args.port, writes(args.events, args.per_write), writes(args.events, 1)))


if __name__ == "__main__":
    main()
