"""How well the estimates hold on years that they have not seen.

    python -m tests.report.calibration     rewrites the figures and the plot of docs/estimates.md

Each incident of a held-back span is asked about at each age that it reached; the estimate knows
only what had ended before that span.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import fmean, quantiles

from proxy.model import Seconds
from proxy.report.estimate import CONFIDENCE, FEWEST, HIGH, LOW, MEDIAN, Estimate, remaining
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
    "2023 and 2024": (Span(_month(2023, 1), END_OF_DATA),),
    "from July 2023": (Span(_month(2023, 7), END_OF_DATA),),
    "2024": (Span(_month(2024, 1), END_OF_DATA),),
    "quarter by quarter": QUARTERS,
}
DRAWN = "2023 and 2024"
PARTS = (LOW, MEDIAN, HIGH)
BEGIN, END = "<!-- calibration -->", "<!-- /calibration -->"


@dataclass(frozen=True)
class Case:
    """One question and the truth, in seconds."""

    provider: str
    age: int
    said: tuple[float, float, float]
    ageless: tuple[float, float, float]
    """The quantiles of the same history, the age left out."""
    truth: float

    @property
    def held(self) -> bool:
        return self.said[0] <= self.truth <= self.said[2]


def cases(spans: tuple[Span, ...]) -> Iterator[Case]:
    outages = published().outages
    for span in spans:
        before = span.since.timestamp()
        past = (o for o in outages if o.started.timestamp() + o.lasted < before)
        known = History(outages=tuple(past), source="held-back years")
        for outage in outages:
            if span.since <= outage.started < span.until:
                yield from (_case(known, outage, age) for age in AGES if outage.lasted > age * 60)


def _case(known: History, outage: Outage, age: int) -> Case:
    estimate = remaining(known, outage.provider, Seconds(age * 60))
    assert isinstance(estimate, Estimate)
    return Case(
        provider=outage.provider,
        age=age,
        said=(estimate.low, estimate.median, estimate.high),
        ageless=_ageless(known, outage.provider),
        truth=outage.lasted - age * 60,
    )


def _ageless(known: History, provider: str) -> tuple[float, float, float]:
    own = [o.lasted for o in known.outages if o.provider == provider]
    enough = own if len(own) >= FEWEST else [o.lasted for o in known.outages]
    tenths = quantiles(enough, n=10, method="inclusive")
    return tenths[0], tenths[4], tenths[8]


def coverage(of: list[Case]) -> float:
    return fmean(case.held for case in of)


def pinball(said: tuple[float, float, float], truth: float) -> float:
    """The mean loss of three quantiles; minutes."""
    losses = [
        part * (truth - value) if truth >= value else (1 - part) * (value - truth)
        for part, value in zip(PARTS, said, strict=True)
    ]
    return fmean(losses) / 60


def table() -> str:
    head = ("held back", "provider", "questions", "truth in the range")
    heads = [*head, *(f"{age} min" for age in AGES), "loss", "without the age"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, spans in HELD_BACK.items():
        asked = list(cases(spans))
        lines += [
            _row(name, provider, [c for c in asked if c.provider == provider])
            for provider in PROVIDERS
        ]
    return "\n".join(lines) + "\n"


def _row(name: str, provider: str, of: list[Case]) -> str:
    by_age = [[case for case in of if case.age == age] for age in AGES]
    cells = [f"{coverage(some):.0%} of {len(some)}" if some else "-" for some in by_age]
    loss = fmean(pinball(case.said, case.truth) for case in of)
    ageless = fmean(pinball(case.ageless, case.truth) for case in of)
    return (
        f"| {name} | {provider} | {len(of)} | {coverage(of):.0%} | {' | '.join(cells)} "
        f"| {loss:.1f} | {ageless:.1f} |"
    )


COLOURS = {"openai": "#0b6e4f", "anthropic": "#b3541e"}
WIDE, HIGH_, LEFT, TOP = 640, 320, 56, 24


def plot() -> str:
    """The first span of the table, drawn: how often the truth lay in the range, by age."""
    asked = list(cases(HELD_BACK[DRAWN]))
    marks = [_band(), *map(_gridline, range(0, 101, 20)), *map(_tick, range(len(AGES)))]
    for at, provider in enumerate(PROVIDERS):
        marks += _series(provider, [c for c in asked if c.provider == provider], at)
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
    page.write_text(before + BEGIN + "\n" + table() + END + after)
