"""How well the estimates hold on years that they have not seen.

    python -m tests.report.calibration     rewrites the figures and the plot of docs/estimates.md

Each incident of a held-back span is asked about at each age that it reached; the estimate knows
only what had ended before that span. Its loss is compared with that of quantiles of the same
history that ignore the age.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from math import log, sqrt
from pathlib import Path
from random import Random
from statistics import fmean, quantiles

from proxy.model import Seconds
from proxy.report.durations import HIGH, LOW, MEDIAN
from proxy.report.estimate import CONFIDENCE, FEWEST, Estimate, remaining
from proxy.report.outages import History, Outage, published

DOCS = Path(__file__).parents[2] / "docs"
AGES = (0, 5, 15, 30, 60, 120)
"""Minutes."""
PROVIDERS = ("openai", "anthropic")


@dataclass(frozen=True)
class Span:
    """Held back: what began in it is asked about, what had ended before it is known."""

    since: datetime
    until: datetime


def _month(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


END_OF_DATA = _month(2024, 3)
QUARTERS = tuple(
    # From July 2022 on: by then twelve outages are known.
    Span(since, until)
    for since, until in pairwise(
        [_month(year, month) for year in (2022, 2023, 2024) for month in (1, 4, 7, 10)][2:10]
    )
)
HELD_BACK = {
    "from July 2022": (Span(_month(2022, 7), END_OF_DATA),),
    "from 2023": (Span(_month(2023, 1), END_OF_DATA),),
    "from July 2023": (Span(_month(2023, 7), END_OF_DATA),),
    "2024": (Span(_month(2024, 1), END_OF_DATA),),
    "quarter by quarter": QUARTERS,
}
DRAWN = "from 2023"
PARTS = (LOW, MEDIAN, HIGH)
BEGIN, END = "<!-- calibration -->", "<!-- /calibration -->"

Figures = tuple[float, float, float]
"""Low, median and high; seconds."""

OWN, ALL, LESS = "the provider's", "all", "the provider's less the age"
AGELESS = (OWN, ALL, LESS)
"""Quantiles of lengths, taken for what remains at any age. The provider's own are all, until ten
are known."""


@dataclass(frozen=True)
class Case:
    """One question and the truth."""

    outage: Outage
    age: int
    said: Figures
    ageless: dict[str, Figures]
    truth: float

    @property
    def held(self) -> bool:
        return self.said[0] <= self.truth <= self.said[2]

    @property
    def loss(self) -> float:
        return pinball(self.said, self.truth)

    def loss_of(self, ageless: str) -> float:
        return pinball(self.ageless[ageless], self.truth)


def cases(spans: tuple[Span, ...], provider: str | None = None) -> list[Case]:
    return [case for case in _asked(spans) if provider in {None, case.outage.provider}]


@cache
def _asked(spans: tuple[Span, ...]) -> tuple[Case, ...]:
    return tuple(case for span in spans for case in _cases(span))


def _cases(span: Span) -> Iterator[Case]:
    outages, before = published().outages, span.since.timestamp()
    past = (each for each in outages if each.started.timestamp() + each.lasted < before)
    known = History(outages=tuple(past), source="held-back years")
    for outage in outages:
        if span.since <= outage.started < span.until:
            yield from (_case(known, outage, age) for age in AGES if outage.lasted > age * 60)


def _case(known: History, outage: Outage, age: int) -> Case:
    estimate = remaining(known, outage.provider, Seconds(age * 60))
    assert isinstance(estimate, Estimate)
    every = [each.lasted for each in known.outages]
    own = [each.lasted for each in known.outages if each.provider == outage.provider]
    low, median, high = tenths(own if len(own) >= FEWEST else every)
    return Case(
        outage=outage,
        age=age,
        said=(estimate.low, estimate.median, estimate.high),
        ageless={
            OWN: (low, median, high),
            ALL: tenths(every),
            LESS: (max(0, low - age * 60), max(0, median - age * 60), max(0, high - age * 60)),
        },
        truth=outage.lasted - age * 60,
    )


def tenths(of: list[Seconds]) -> Figures:
    low, *_, high = found = quantiles(of, n=10, method="inclusive")
    return low, found[4], high


def coverage(of: list[Case]) -> float:
    return fmean(case.held for case in of)


def pinball(said: Figures, truth: float) -> float:
    """The mean loss of three quantiles; in the unit of what was said."""
    losses = [
        part * (truth - value) if truth >= value else (1 - part) * (value - truth)
        for part, value in zip(PARTS, said, strict=True)
    ]
    return fmean(losses)


def logarithmic(said: Figures, truth: float) -> float:
    """The same of logarithms of minutes: how far off by factors, so that no long one rules all."""
    low, median, high = (log(max(30, each) / 60) for each in said)
    return pinball((low, median, high), log(max(30, truth) / 60))


def gain(of: list[Case], ageless: str) -> float:
    """By which part the loss is smaller than that of quantiles that ignore the age."""
    return 1 - sum(case.loss for case in of) / sum(case.loss_of(ageless) for case in of)


def gain_in_logarithms(of: list[Case], ageless: str) -> float:
    ours = sum(logarithmic(case.said, case.truth) for case in of)
    return 1 - ours / sum(logarithmic(case.ageless[ageless], case.truth) for case in of)


def gains(of: list[Case], ageless: str, draws: int = 500) -> tuple[float, float]:
    """The gain's 90 % interval: incidents are drawn anew, for their questions hang together."""
    sums: dict[Outage, list[float]] = defaultdict(lambda: [0, 0])
    for case in of:
        sums[case.outage][0] += case.loss
        sums[case.outage][1] += case.loss_of(ageless)
    dice, pairs = Random(5), list(sums.values())
    drawn = []
    for _ in range(draws):
        some = dice.choices(pairs, k=len(pairs))
        drawn.append(1 - sum(ours for ours, _ in some) / sum(theirs for _, theirs in some))
    twentieths = quantiles(drawn, n=20)
    return twentieths[0], twentieths[18]


def tables() -> str:
    """How often the ranges held, and what they lost."""
    held = [
        ["held back", "provider", "questions", "truth in the range", *map("{} min".format, AGES)]
    ]
    lost = [["held back", "provider", "loss", *AGELESS, "90 %", "logarithms"]]
    for name, spans in HELD_BACK.items():
        for provider in PROVIDERS:
            asked = cases(spans, provider)
            held.append([name, provider, *_held(asked)])
            lost.append([name, provider, *_lost(asked)])
        lost.append([name, "both", *_lost(cases(spans))])
    return f"{_table(held)}\n{_table(lost)}"


def _table(rows: list[list[str]]) -> str:
    head, *lines = (f"| {' | '.join(row)} |\n" for row in rows)
    return "".join([head, "|---" * len(rows[0]) + "|\n", *lines])


def _held(of: list[Case]) -> list[str]:
    by_age = [[case for case in of if case.age == age] for age in AGES]
    cells = [f"{coverage(some):.0%} of {len(some)}" if some else "-" for some in by_age]
    return [str(len(of)), f"{coverage(of):.0%}", *cells]


def _lost(of: list[Case]) -> list[str]:
    low, high = gains(of, OWN)
    cells = [f"{gain(of, ageless):+.1%}" for ageless in AGELESS]
    loss = fmean(case.loss for case in of) / 60
    return [
        f"{loss:.1f}",
        *cells,
        f"{low:+.1%} to {high:+.1%}",
        f"{gain_in_logarithms(of, OWN):+.1%}",
    ]


COLOURS = {"openai": "#0b6e4f", "anthropic": "#b3541e"}
WIDE, HIGH_, LEFT, TOP = 640, 320, 56, 24


def plot() -> str:
    """The first span of the table, drawn: how often the truth lay in the range, by age."""
    marks = [_band(), *map(_gridline, range(0, 101, 20)), *map(_tick, range(len(AGES)))]
    for at, provider in enumerate(PROVIDERS):
        marks += _series(provider, cases(HELD_BACK[DRAWN], provider), at)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH_}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12" fill="#444">\n'
        "<title>How often the truth lay within the range, by the age of the incident</title>\n"
        f'<rect width="{WIDE}" height="{HIGH_}" fill="#fff"/>\n' + "\n".join(marks) + "\n</svg>\n"
    )


def _x(index: float) -> float:
    return LEFT + 50 + index * 92


def _y(share: float) -> float:
    return TOP + (1 - share) * (HIGH_ - TOP - 56)


def _band() -> str:
    return (
        f'<rect x="{LEFT}" y="{_y(0.92):.1f}" width="{WIDE - LEFT - 16}" '
        f'height="{_y(0.72) - _y(0.92):.1f}" fill="#eef2ee"/>'
    )


def _gridline(percent: int) -> str:
    y = _y(percent / 100)
    colour = "#888" if percent == CONFIDENCE * 100 else "#ddd"
    return (
        f'<line x1="{LEFT}" x2="{WIDE - 16}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>'
    )


def _tick(index: int) -> str:
    return f'<text x="{_x(index)}" y="{HIGH_ - 36}" text-anchor="middle">{AGES[index]} min</text>'


def _mark(provider: str, x: float, y: float) -> str:
    """Each provider has a colour and a form: nobody needs to see colours."""
    colour = COLOURS[provider]
    if provider == PROVIDERS[0]:
        return f'<circle cx="{x}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    return f'<rect x="{x - 4}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'


def _series(provider: str, of: list[Case], at: int) -> Iterator[str]:
    """Points with their 95 % intervals (Wilson), and the name."""
    for index, age in enumerate(AGES):
        some = [case for case in of if case.age == age]
        share, x = coverage(some), _x(index) + (at - 0.5) * 16
        low, high = wilson(share, len(some))
        yield (
            f'<line x1="{x}" x2="{x}" y1="{_y(low):.1f}" y2="{_y(high):.1f}" '
            f'stroke="{COLOURS[provider]}"/>{_mark(provider, x, _y(share))}'
        )
    x, y = LEFT + 50 + at * 260, HIGH_ - 14
    yield (
        f'{_mark(provider, x, y)}<text x="{x + 10}" y="{y + 4}">'
        f"{provider}, {len(of)} questions</text>"
    )


def wilson(share: float, number: int) -> tuple[float, float]:
    z = 1.96
    centre = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = (
        z
        / (1 + z * z / number)
        * sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    )
    return centre - half, centre + half


if __name__ == "__main__":
    (DOCS / "estimates.svg").write_text(plot())
    page = DOCS / "estimates.md"
    before, after = page.read_text().split(BEGIN)[0], page.read_text().split(END)[1]
    page.write_text(before + BEGIN + "\n" + tables() + END + after)
