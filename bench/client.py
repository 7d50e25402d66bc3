"""A lean client for streams: counts bytes and events, asks again as soon as a stream is whole.

    python -m bench.client --port P --connections 32 --seconds 3 --every 0

Prints `begun` when every stream has begun, then one JSON object with the counts; ends with stdin.
"""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import cast

import uvloop

from bench import payloads

END = b"0\r\n\r\n"
PATIENCE = 15.0


@dataclass
class Counts:
    count: int = 0
    """Events."""
    bytes: int = 0
    whole: int = 0
    cut: int = 0
    refused: int = 0
    seconds: float = 0.0


class Stream(asyncio.Protocol):
    def __init__(self, request: bytes, counts: Counts) -> None:
        self.request = request
        self.counts = counts
        self.last = b""
        self.fresh = True
        self.over = False
        self.begun = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        counts = self.counts
        if self.fresh:
            self.fresh = False
            counts.refused += not data.startswith(b"HTTP/1.1 200")
            if not self.begun.done():
                self.begun.set_result(None)
        counts.bytes += len(data)
        counts.count += data.count(b"\n\n") + (self.last[-1:] == b"\n" and data[:1] == b"\n")
        self.last = data if len(data) > 4 else (self.last + data)[-8:]
        if self.last.endswith(END):
            counts.whole += 1
            self.fresh = True
            self.last = b""
            if not self.over:
                self.transport.write(self.request)

    def connection_lost(self, _: Exception | None) -> None:
        self.counts.cut += not self.over
        if not self.begun.done():
            self.begun.set_result(None)


async def run(port: int, connections: int, seconds: float, every: float) -> None:
    loop = asyncio.get_running_loop()
    counts = Counts()
    request = payloads.stream_request(port, every)
    streams = []
    for number in range(connections):
        made = await loop.create_connection(lambda: Stream(request, counts), "127.0.0.1", port)
        streams.append(made[1])
        if every and number % 10 == 9:  # spread the phases over one period
            await asyncio.sleep(every / connections * 10)
    await asyncio.wait_for(asyncio.gather(*(s.begun for s in streams)), PATIENCE)
    print("begun", flush=True)
    counts.count = counts.bytes = counts.whole = 0
    started = time.monotonic()
    await asyncio.sleep(seconds)
    counts.seconds = time.monotonic() - started
    print(json.dumps(asdict(counts)), flush=True)
    sys.stdin.read()  # the streams stay open until whoever started us has looked
    for stream in streams:
        stream.over = True
        stream.transport.abort()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--every", type=float, default=0.0)
    args = parser.parse_args()
    uvloop.run(run(args.port, args.connections, args.seconds, args.every))


if __name__ == "__main__":
    main()
