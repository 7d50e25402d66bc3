"""Who looks at a console: open status pages, and scrapers.

    python -m bench.onlookers --port P --pages 50 --scrapes 100

A page does what the page's own script does in a browser: it listens to `/api/events` and asks for
`/` anew with each event. Scrapers share the scrapes of a second evenly; each keeps its connection,
as Prometheus does. Prints `begun` when every page and scraper has had its first answer; ends with
stdin, and prints what was seen since `begun` as one JSON object.
"""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass

import uvloop

SCRAPERS = 10
BROWSER = (
    "Connection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n"
    "Cache-Control: no-cache\r\nPragma: no-cache\r\n"
)
PROMETHEUS = (
    "User-Agent: Prometheus/3.5.0\r\n"
    "Accept: application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,"
    "*/*;q=0.2\r\nAccept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n"
)
PATIENCE = 15.0


@dataclass
class Counts:
    events: int = 0
    pages: int = 0
    scrapes: int = 0
    failed: int = 0
    bytes: int = 0
    seconds: float = 0.0


class Client:
    """One connection that is kept, and asks one thing again and again."""

    def __init__(self, port: int, path: str, fields: str, counts: Counts) -> None:
        self._port = port
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{fields}\r\n".encode()
        self._counts = counts

    async def open(self) -> None:
        self.reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def head(self) -> bytes:
        """Ask, and return the head of the answer."""
        self._writer.write(self._request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        self._counts.failed += not head.startswith(b"http/1.1 200")
        return head

    async def ask(self) -> None:
        """Ask, and read the whole answer."""
        head = await self.head()
        length = int(head.partition(b"content-length:")[2].split()[0])
        self._counts.bytes += len(await self.reader.readexactly(length))


async def page(port: int, counts: Counts, begun: asyncio.Future[None]) -> None:
    events = Client(port, "/api/events", f"{BROWSER}Accept: text/event-stream\r\n", counts)
    html = Client(port, "/", f"{BROWSER}Accept: */*\r\n", counts)
    await events.open()
    await html.open()
    await events.head()
    while True:
        while not (await events.reader.readline()).startswith(b"data: "):
            pass
        counts.events += 1
        await html.ask()
        counts.pages += 1
        if not begun.done():
            begun.set_result(None)


async def scraper(port: int, every: float, counts: Counts, begun: asyncio.Future[None]) -> None:
    client = Client(port, "/metrics", PROMETHEUS, counts)
    await client.open()
    due = time.monotonic()
    while True:
        await client.ask()
        counts.scrapes += 1
        if not begun.done():
            begun.set_result(None)
        due += every
        await asyncio.sleep(due - time.monotonic())


async def run(port: int, pages: int, scrapes: int) -> None:
    loop, counts = asyncio.get_running_loop(), Counts()
    async with asyncio.TaskGroup() as group:
        first: list[asyncio.Future[None]] = []
        tasks = []
        for _ in range(pages):
            first.append(loop.create_future())
            tasks.append(group.create_task(page(port, counts, first[-1])))
        for number in range(min(SCRAPERS, scrapes)):
            first.append(loop.create_future())
            every = min(SCRAPERS, scrapes) / scrapes
            tasks.append(group.create_task(scraper(port, every, counts, first[-1])))
            await asyncio.sleep(0 if number else 1 / scrapes)
        await asyncio.wait_for(asyncio.gather(*first), PATIENCE)
        counts.__init__()  # type: ignore[misc]
        print("begun", flush=True)
        began = time.monotonic()
        await loop.run_in_executor(None, sys.stdin.read)
        counts.seconds = time.monotonic() - began
        print(json.dumps(asdict(counts)), flush=True)
        for task in tasks:
            task.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--scrapes", type=int, default=100)
    args = parser.parse_args()
    uvloop.run(run(args.port, args.pages, args.scrapes))


if __name__ == "__main__":
    main()
