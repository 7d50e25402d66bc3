"""What an audience costs the data path: 50 open status pages and 100 scrapes a second.

    python -m bench.console

Two figures, each from rounds with and without the audience in turn. *Idle*: CPU seconds of the
proxy per second, its data path idle; what the audience takes of one core, and thereby of the data
path's throughput. *Loaded*: unary requests per CPU second of the proxy while it is given all that
it takes. The second is what is asked for, and the noisier one: a part in a hundred is less than
what a neighbour does to a core.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from statistics import median

from bench import measures, processes
from bench.__main__ import CONNECTIONS, WARM_UP, say
from bench.measures import FailedError, Meter
from bench.peers import FAULTLINE, Stage, stage


@dataclass
class Figures:
    """Everything that was measured."""

    pages: int
    scrapes: int
    idle: list[float] = field(default_factory=list)
    """Share of a core that each audience took, less the quiet second before it."""
    alone: list[float] = field(default_factory=list)
    """Requests per CPU second."""
    watched: list[float] = field(default_factory=list)
    answered: list[dict[str, float]] = field(default_factory=list)
    """What each audience got."""

    @property
    def costs(self) -> list[float]:
        """The part of its throughput that each loaded round lost."""
        pairs = zip(self.alone, self.watched, strict=True)
        return [1 - watched / alone for alone, watched in pairs]


@contextmanager
def audience(on: Stage, figures: Figures) -> Iterator[None]:
    """Open pages and scrape meanwhile."""
    command = [processes.tool("taskset"), "-c", str(on.load_core), sys.executable]
    command += ["-m", "bench.onlookers", "--port", str(on.subject.console)]
    command += ["--pages", str(figures.pages), "--scrapes", str(figures.scrapes)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=processes.ROOT, stdin=pipe, stdout=pipe, text=True) as them:
        assert them.stdout is not None
        assert them.stdin is not None
        if them.stdout.readline() != "begun\n":
            raise FailedError("the audience did not get in")
        yield
        them.stdin.close()
        seen = json.loads(them.stdout.readline())
    if seen["failed"] or seen["scrapes"] < figures.scrapes * seen["seconds"] / 2:
        raise FailedError(f"the audience was not answered: {seen}")
    figures.answered.append(seen)


def share(on: Stage, seconds: float) -> float:
    """CPU seconds of the proxy per second, from now on."""
    meter, began = Meter(on, on.subject), time.monotonic()
    time.sleep(seconds)
    return meter.stop().cpu / (time.monotonic() - began)


def rate(on: Stage, seconds: float) -> float:
    return measures.unary(on, on.subject, CONNECTIONS, seconds).rate()


def run(on: Stage, figures: Figures, rounds: int, seconds: float) -> None:
    rate(on, WARM_UP)
    say("idle ...")
    for _ in range(rounds):
        quiet = share(on, seconds)
        with audience(on, figures):
            figures.idle.append(share(on, seconds) - quiet)
    say("loaded ...")
    for _ in range(rounds):
        figures.alone.append(rate(on, seconds))
        with audience(on, figures):
            figures.watched.append(rate(on, seconds))


def table(found: Figures) -> str:
    """The figures for a person."""
    seen = found.answered[0]
    each = {name: seen[name] / seen["seconds"] for name in ("scrapes", "pages", "events", "bytes")}
    return (
        f"{found.pages} open pages, {found.scrapes} scrapes a second; a second brings "
        f"{each['scrapes']:.0f} scrapes, {each['events']:.1f} events, {each['pages']:.1f} "
        f"pages, {each['bytes'] / 1024:.0f} KiB\n"
        f"idle: of a core     {_spread(found.idle)}\n"
        f"loaded: throughput  {_spread(found.costs)} lost "
        f"({median(found.alone):,.0f} -> {median(found.watched):,.0f} requests / CPU s)"
    )


def _spread(values: list[float]) -> str:
    return f"{median(values):7.2%}  ({min(values):.2%} to {max(values):.2%})"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--scrapes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of a round")
    parser.add_argument("--json", action="store_true", help="figures for machines")
    args = parser.parse_args()
    figures = Figures(args.pages, args.scrapes)
    try:
        with (
            measures.place() as place,
            stage(measures.readable(place), FAULTLINE, events=200, per_write=4) as on,
        ):
            run(on, figures, args.rounds, args.seconds)
    except (processes.MissingError, measures.FailedError) as error:
        say(str(error))
        return 1
    print(json.dumps(asdict(figures), indent=2) if args.json else table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
