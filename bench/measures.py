"""One measurement each: load from the other core, the proxy's CPU before and after."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench import payloads, processes
from bench.peers import Peer, Stage

LUA = """
wrk.method = "POST"
wrk.body = [[{body}]]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer bench"
wrk.headers["{kind}"] = "unary"
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{{"count": %d, "seconds": %f, "failed": %d, "p50": %f, "p99": %f}}\\n',
    summary.requests, summary.duration / 1e6,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""
DELAY = "delay = function() return math.random(0, {most:.0f}) end\n"
"""For wrk: milliseconds, at random, or all connections would ask at once."""


class FailedError(Exception):
    """A measurement means nothing: answers were missing or wrong."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What came through a proxy, and what it cost."""

    connections: int
    count: int
    """Requests or events."""
    seconds: float
    cpu: float
    """CPU seconds of the proxy."""
    others: float
    """Share of the proxy's core that others used meanwhile."""
    rss: int
    """KiB of the proxy at the end, connections still open where they can be."""
    p50: float = 0.0
    """Milliseconds."""
    p99: float = 0.0

    def rate(self) -> float:
        """Requests or events per CPU second of the proxy."""
        return self.count / self.cpu if self.cpu else 0.0

    def share(self) -> float:
        """CPU seconds of the proxy per second."""
        return self.cpu / self.seconds


@dataclass(frozen=True)
class Spent:
    """What the kernel counted."""

    cpu: float
    busy: float
    rss: int


class Meter:
    """The CPU of a peer and of its core, from now on."""

    def __init__(self, stage: Stage, peer: Peer) -> None:
        self._core = stage.proxy_core
        self._pid = peer.pid
        self._before = self._now()

    def stop(self) -> Spent:
        now = self._now()
        return Spent(now.cpu - self._before.cpu, now.busy - self._before.busy, now.rss)

    def _now(self) -> Spent:
        busy = processes.busy(self._core)
        if self._pid is None:
            return Spent(0.0, busy, 0)
        return Spent(processes.cpu(self._pid), busy, processes.rss(self._pid))


def load(result: dict[str, float], spent: Spent, connections: int) -> Load:
    seconds = result["seconds"]
    return Load(
        connections=connections,
        count=int(result["count"]),
        seconds=seconds,
        cpu=spent.cpu,
        others=max(0.0, (spent.busy - spent.cpu) / seconds),
        rss=spent.rss,
        p50=result.get("p50", 0.0),
        p99=result.get("p99", 0.0),
    )


def unary(stage: Stage, peer: Peer, connections: int, seconds: float, pause: float = 0.0) -> Load:
    """POST a chat on so many connections, each as soon as it has its answer and paused a while."""
    body = payloads.chat(payloads.MODEL_UNARY, stream=False).decode()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA.format(body=body, kind=payloads.KIND))
        script.write(DELAY.format(most=pause * 2e3) if pause else "")
        script.flush()
        command = [processes.tool("taskset"), "-c", str(stage.load_core), processes.tool("wrk")]
        command += ["-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "10s"]
        command += ["-s", script.name, f"http://127.0.0.1:{peer.unary}{payloads.PATH}"]
        meter = Meter(stage, peer)
        wrk = subprocess.run(command, check=False, capture_output=True, text=True)
        spent = meter.stop()
    if wrk.returncode:
        raise FailedError(f"{peer.name}: wrk: {wrk.stderr or wrk.stdout}")
    result = json.loads(wrk.stdout.splitlines()[-1])
    if result["failed"] or not result["count"]:
        raise FailedError(f"{peer.name}: {result['failed']} of {result['count']} requests failed")
    return load(result, spent, connections)


def streams(stage: Stage, peer: Peer, connections: int, seconds: float, every: float = 0.0) -> Load:
    """Keep so many streams open: as fast as they come, or one event each `every` seconds."""
    command = [processes.tool("taskset"), "-c", str(stage.load_core), sys.executable]
    command += ["-m", "bench.client", "--port", str(peer.stream)]
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    command += ["--every", str(every)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=processes.ROOT, stdin=pipe, stdout=pipe, text=True
    ) as client:
        assert client.stdout is not None
        assert client.stdin is not None
        if client.stdout.readline() != "begun\n":
            raise FailedError(f"{peer.name}: the streams did not begin")
        meter = Meter(stage, peer)
        line = client.stdout.readline()
        spent = meter.stop()
        client.stdin.close()
    result = json.loads(line)
    if result["refused"] or result["cut"] or not result["count"]:
        raise FailedError(f"{peer.name}: {line}")
    return load(result, spent, connections)


def place() -> tempfile.TemporaryDirectory[str]:
    """A directory for configurations and logs."""
    return tempfile.TemporaryDirectory(prefix="faultline-bench-", ignore_cleanup_errors=True)


def readable(directory: str) -> Path:
    """The same for nginx's worker, which may be another user."""
    path = Path(directory)
    path.chmod(0o755)
    return path
