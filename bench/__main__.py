"""Ratios against nginx: `python -m bench`, or `make bench`.

nginx (one worker) and the proxy run pinned to one core and are measured in turn, in short
rounds; load and upstreams run on another. Figures are per CPU second of the proxy.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from bench import measures, processes
from bench.measures import Load
from bench.peers import FAULTLINE, Peer, Stage, stage
from bench.report import CALM, FLOOD, PACED, SLOW, UNARY, Figures, Rounds, figures, table

CONNECTIONS = 32
CALM_CONNECTIONS, CALM_PAUSE = 100, 0.1  # seconds: together about 1,000 requests a second
SLOW_STREAMS = 1000
EVENT_EVERY = 1.0  # seconds
PACED_STREAMS = 200
PACED_EVERY = 0.02  # seconds: a quick model's 50 tokens a second
PACED_ROUNDS = 2


@dataclass(frozen=True)
class Pace:
    """How long everything takes."""

    rounds: int
    seconds: float
    latency: float
    slow_rounds: int
    slow: float


FULL = Pace(rounds=5, seconds=3, latency=3, slow_rounds=3, slow=6)
QUICK = Pace(rounds=2, seconds=1, latency=1, slow_rounds=1, slow=2)
WARM_UP = 1.0  # seconds
LATENCY_ROUNDS = 2


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="half a minute, rougher")
    parser.add_argument("--json", action="store_true", help="figures for machines")
    parser.add_argument(
        "--proxy",
        default=FAULTLINE,
        metavar="CMD",
        help="what is measured: `nginx`, or a command with {config} or {port}, {unary} and "
        "{stream} (ports of the upstreams); default: %(default)s",
    )
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--events", type=int, default=200, help="events of a stream")
    parser.add_argument("--per-write", type=int, default=4, help="events in one upstream write")
    return parser.parse_args()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(on: Stage, pace: Pace, connections: int) -> Figures:
    def unary(peer: Peer, seconds: float = pace.seconds) -> Load:
        return measures.unary(on, peer, connections, seconds)

    def calm(peer: Peer) -> Load:
        return measures.unary(on, peer, CALM_CONNECTIONS, pace.seconds, CALM_PAUSE)

    def streams(peer: Peer, seconds: float = pace.seconds) -> Load:
        return measures.streams(on, peer, connections, seconds)

    def paced(peer: Peer) -> Load:
        return measures.streams(on, peer, PACED_STREAMS, pace.seconds, PACED_EVERY)

    def alone(peer: Peer) -> Load:
        return measures.unary(on, peer, 1, pace.latency)

    def slow(peer: Peer) -> Load:
        return measures.streams(on, peer, SLOW_STREAMS, pace.slow, EVENT_EVERY)

    def in_turn(measure: Callable[[Peer], Load], rounds: int) -> Rounds:
        return [(measure(on.nginx), measure(on.subject)) for _ in range(rounds)]

    say("warming up ...")
    in_turn(lambda peer: unary(peer, WARM_UP), 1)
    in_turn(lambda peer: streams(peer, WARM_UP), 1)
    say("latency of one request at a time ...")
    latency = [
        (alone(on.direct), alone(on.nginx), alone(on.subject)) for _ in range(LATENCY_ROUNDS)
    ]
    say("unary ...")
    unary_rounds = in_turn(unary, pace.rounds)
    say("unary at an app's pace ...")
    calm_rounds = in_turn(calm, pace.rounds)
    say("streams ...")
    stream_rounds = in_turn(streams, pace.rounds)
    say("streams at a model's pace ...")
    paced_rounds = in_turn(paced, PACED_ROUNDS)
    say(f"{SLOW_STREAMS} slow streams ...")
    rounds = {
        UNARY: unary_rounds,
        CALM: calm_rounds,
        FLOOD: stream_rounds,
        PACED: paced_rounds,
        SLOW: in_turn(slow, pace.slow_rounds),
    }
    return figures(rounds, latency)


def main() -> int:
    args = arguments()
    try:
        for tool in ("taskset", "nginx", "wrk"):
            processes.tool(tool)
        with measures.place() as place:
            path = measures.readable(place)
            with stage(path, args.proxy, args.events, args.per_write) as on:
                found = run(on, QUICK if args.quick else FULL, args.connections)
    except (processes.MissingError, measures.FailedError) as error:
        say(str(error))
        return 1
    print(json.dumps(asdict(found), indent=2) if args.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
