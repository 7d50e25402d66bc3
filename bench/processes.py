"""Pinned processes, their CPU time and memory, as the kernel counts them."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
ROOT = Path(__file__).parent.parent
MEND = {
    "nginx": "apt-get install nginx-light",
    "wrk": "apt-get install wrk",
    "taskset": "apt-get install util-linux",
}


class MissingError(Exception):
    """Something that the benchmark needs is not here; the text says what, and how to mend it."""


def tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise MissingError(f"bench: `{name}` is not installed (try: {MEND[name]})")
    return found


def cores() -> tuple[int, int]:
    """One core for the proxy, another for load and upstreams."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise MissingError("bench: two cores are needed, one of them for the proxy alone")
    return usable[0], usable[1]


@contextmanager
def running(core: int, command: Sequence[str], log: Path) -> Iterator[int]:
    """A process on one core, its own group, ended at the end; yields its id."""
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [tool("taskset"), "-c", str(core), *command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        try:
            yield process.pid
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ended(pid: int | None) -> bool:
    """Whether a process that we started is over."""
    if pid is None:
        return False
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"


def family(pid: int) -> list[int]:
    """A process and all that descend from it and still live."""
    found = [pid]
    for task in (PROC / str(pid) / "task").glob("*"):
        children = (task / "children").read_text().split()
        for child in children:
            found += family(int(child))
    return found


def cpu(pid: int) -> float:
    """CPU seconds of a process, its threads and its living descendants."""
    return sum(_cpu(one) for one in family(pid))


def _cpu(pid: int) -> float:
    try:  # nanoseconds, exact; the ticks of /proc/PID/stat are sampled, 10 ms apart
        paths = (PROC / str(pid) / "task").glob("*/schedstat")
        return sum(int(path.read_text().split()[0]) for path in paths) / 1e9
    except (OSError, IndexError):
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:15]) / TICKS


def rss(pid: int) -> int:
    """Resident memory in KiB of a process and its descendants."""
    pages = ((PROC / str(one) / "statm").read_text().split()[1] for one in family(pid))
    return sum(int(count) for count in pages) * PAGE_KIB


def busy(core: int) -> float:
    """CPU seconds that one core has worked for anybody, steal included."""
    for line in (PROC / "stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _idle, _wait, irq, soft, steal = map(int, line.split()[1:9])
            return (user + nice + system + irq + soft + steal) / TICKS
    return 0.0
