"""Rounds in, medians and ratios out; and the table that a person reads."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from bench.measures import Load

NOISY = 0.05
"""Share of the proxy's core in other hands above which a figure is called noisy."""
WIDE = 0.15
"""How far the rounds' ratios may lie apart (half of it, over their middle) before they are."""

UNARY, CALM = "unary", "calm unary"
FLOOD, PACED, SLOW = "streams", "paced streams", "slow streams"
"""What is measured in rounds."""

Rounds = list[tuple[Load, Load]]
"""nginx and the proxy under test, measured in turn."""


@dataclass(frozen=True)
class Compared:
    """Medians, and the ratio of the proxy to nginx: round by round, as the machine drifts."""

    nginx: float
    proxy: float
    ratio: float
    low: float
    high: float

    @property
    def wide(self) -> bool:
        return (self.high - self.low) / (self.high + self.low) > WIDE


@dataclass(frozen=True)
class Delay:
    """Milliseconds of an answer: without a proxy, and what each adds."""

    direct: float
    nginx_adds: float
    proxy_adds: float
    above_nginx: float


@dataclass(frozen=True)
class Figures:
    """Everything that was measured."""

    unary_per_cpu_second: Compared
    """As fast as the load can ask: not the same number of each."""
    calm_unary_per_cpu_second: Compared
    """About as many as an app asks for: caches are cold, and every answer wakes somebody."""
    events_per_cpu_second: Compared
    """Streams as fast as they come: a read brings many events."""
    paced_events_per_cpu_second: Compared
    """Streams at a model's pace: a read brings one event."""
    slow_streams_cpu: Compared
    """CPU seconds per second."""
    slow_streams: int
    p50: Delay
    p99: Delay
    rss_mib: Compared
    slow_rss_mib: Compared
    others: dict[str, float]
    """The largest share of the proxy's core that others used."""
    noisy: list[str]
    load_average: float


def compare(rounds: Rounds, figure: Callable[[Load], float]) -> Compared:
    pairs = [(figure(nginx), figure(proxy)) for nginx, proxy in rounds]
    ratios = [proxy / nginx for nginx, proxy in pairs]
    return Compared(
        nginx=median(nginx for nginx, _ in pairs),
        proxy=median(proxy for _, proxy in pairs),
        ratio=median(ratios),
        low=min(ratios),
        high=max(ratios),
    )


def delay(rounds: list[tuple[Load, Load, Load]], figure: Callable[[Load], float]) -> Delay:
    direct, nginx, proxy = (median(map(figure, column)) for column in zip(*rounds, strict=True))
    return Delay(
        direct=direct,
        nginx_adds=nginx - direct,
        proxy_adds=proxy - direct,
        above_nginx=proxy - nginx,
    )


def figures(rounds: dict[str, Rounds], latency: list[tuple[Load, Load, Load]]) -> Figures:
    others = {name: max(one.others for pair in rounds[name] for one in pair) for name in rounds}
    compared = {name: compare(rounds[name], Load.rate) for name in (UNARY, CALM, FLOOD, PACED)}
    compared[SLOW] = compare(rounds[SLOW], Load.share)
    return Figures(
        unary_per_cpu_second=compared[UNARY],
        calm_unary_per_cpu_second=compared[CALM],
        events_per_cpu_second=compared[FLOOD],
        paced_events_per_cpu_second=compared[PACED],
        slow_streams_cpu=compared[SLOW],
        slow_streams=rounds[SLOW][0][0].connections,
        p50=delay(latency, lambda load: load.p50),
        p99=delay(latency, lambda load: load.p99),
        rss_mib=compare(rounds[FLOOD][-1:], lambda load: load.rss / 1024),
        slow_rss_mib=compare(rounds[SLOW][-1:], lambda load: load.rss / 1024),
        others=others,
        noisy=[name for name in rounds if others[name] > NOISY or compared[name].wide],
        load_average=os.getloadavg()[0],
    )


def table(all_: Figures) -> str:
    """The figures for a person."""
    count = all_.slow_streams
    rows = [
        ("", "nginx", "proxy", "ratio", "rounds"),
        _row("unary requests / CPU s", all_.unary_per_cpu_second, ",.0f"),
        _row("the same, 1,000 a second", all_.calm_unary_per_cpu_second, ",.0f"),
        _row("streamed events / CPU s", all_.events_per_cpu_second, ",.0f"),
        _row("paced events / CPU s", all_.paced_events_per_cpu_second, ",.0f"),
        _row(f"CPU of {count} slow streams", all_.slow_streams_cpu, ".2%"),
        _row("RSS after load, MiB", all_.rss_mib, ".1f"),
        _row(f"RSS with {count} streams, MiB", all_.slow_rss_mib, ".1f"),
        ("", "nginx", "proxy", "above", ""),
        _delay_row("added latency p50, ms", all_.p50),
        _delay_row("added latency p99, ms", all_.p99),
    ]
    lines = [f"{a:<32}{b:>12}{c:>12}{d:>9}  {e}".rstrip() for a, b, c, d, e in rows]
    return "\n".join([*lines, *_warning(all_)])


Cells = tuple[str, str, str, str, str]


def _row(name: str, one: Compared, form: str) -> Cells:
    rounds = f"{one.low:.3f} to {one.high:.3f}" if one.low != one.high else ""
    return name, format(one.nginx, form), format(one.proxy, form), f"{one.ratio:.3f}", rounds


def _delay_row(name: str, one: Delay) -> Cells:
    adds = f"{one.nginx_adds:.3f}", f"{one.proxy_adds:.3f}", f"{one.above_nginx:+.3f}"
    return name, *adds, f"direct {one.direct:.3f}"


def _warning(all_: Figures) -> list[str]:
    if not all_.noisy:
        return []
    shares = ", ".join(f"{name} ({all_.others[name]:.0%} by others)" for name in all_.noisy)
    return [
        "",
        f"Noisy: {shares}; load average {all_.load_average:.1f}. Other work shared the proxy's",
        "core, or the rounds disagree: repeat on a quiet machine before you believe a figure.",
    ]
