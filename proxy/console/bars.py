"""What became of answers as bars: for the page's strips, and for an incident's chart.

Pure: from tallies to shapes in a drawing of known size. A path holds all parts of one kind, so that
ninety bars cost the page a few lines; every bar of which something is to say is named by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from proxy.console.words import UNITS, percent, tone_of
from proxy.report.traffic import Slot, Tally, Unit

WIDE, HEIGHT = 900, 40
"""Of a drawing, in its own units: about pixels, so that its patterns keep their shape."""

GAP = 0.2
"""The part of a step that is left free."""

LEAST = 5
"""How high a failure is drawn at least: one in a thousand must be seen."""

STUB = 3
"""How high a time without any answer is drawn."""

PAPER = 160
"""How high an incident's chart is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A bar that says more than that all was good."""

    x: int
    width: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Bars, kind by kind."""

    width: int
    height: int
    paths: tuple[tuple[str, str], ...]
    """The class of each kind, and its path."""
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The bars of the apps or of one backend, with what they say in words."""

    name: str
    detail: str
    share: str
    """Empty without any answer."""
    tone: str
    said: str
    drawing: Drawing
    slots: tuple[Slot, ...]


def strip(name: str, detail: str, unit: Unit, slots: Sequence[Slot]) -> Strip:
    """Return a strip: each bar is as long as the others, its parts say what became of answers."""
    whole = total(slots)
    return Strip(
        name=name,
        detail=detail,
        share=percent(whole) if whole.total else "",
        tone=tone_of(whole) if whole.total else "none",
        said=f"{name}, {len(slots)} {UNITS[unit]}s: {counted(whole)}",
        drawing=_draw(slots, HEIGHT, unit, [HEIGHT if slot.tally.total else 0 for slot in slots]),
        slots=tuple(slots),
    )


def chart(unit: Unit, slots: Sequence[Slot]) -> Drawing:
    """Return a chart: each bar is as high as there were answers."""
    most = max((slot.tally.total for slot in slots), default=0)
    heights = [round(PAPER * slot.tally.total / most) if most else 0 for slot in slots]
    return _draw(slots, PAPER, unit, heights)


def total(slots: Sequence[Slot]) -> Tally:
    """Return the sum of all slots."""
    return Tally(*map(sum, zip(*(slot.tally for slot in slots), strict=True)))


def counted(tally: Tally) -> str:
    """Say what became of answers."""
    if tally.total == 0:
        return "no answers"
    rescued = f", {tally.rescued} rescued" if tally.rescued else ""
    answers = "answer" if tally.total == 1 else "answers"
    return f"{tally.total} {answers}{rescued}, {tally.failed} failed"


def label(start: float, unit: Unit) -> str:
    """Say when a slot was, as precisely as it is long."""
    at = datetime.fromtimestamp(start, UTC)
    return (
        f"{at:%H:%M}"
        if unit is Unit.MINUTE
        else f"{at:%d %b %H:%M}"
        if unit is Unit.HOUR
        else f"{at:%d %b}"
    )


def _draw(slots: Sequence[Slot], paper: int, unit: Unit, heights: Sequence[int]) -> Drawing:
    step = max(2, WIDE // max(1, len(slots)))
    width = max(1, round(step * (1 - GAP)))
    kinds: dict[str, list[str]] = {"unknown": [], "good": [], "rescued": [], "failed": []}
    spots = []
    for number, (slot, height) in enumerate(zip(slots, heights, strict=True)):
        x, tally = number * step, slot.tally
        if tally.total == 0:
            kinds["unknown"].append(_rectangle(x, paper - STUB, width, STUB))
            continue
        y = paper
        for kind, part in _parts(tally, max(height, LEAST)):
            y -= part
            kinds[kind].append(_rectangle(x, y, width, part))
        if tally.rescued or tally.failed:
            spots.append(
                Spot(x=x, width=width, said=f"{label(slot.start, unit)}: {counted(tally)}")
            )
    paths = tuple((kind, "".join(path)) for kind, path in kinds.items() if path)
    return Drawing(width=len(slots) * step, height=paper, paths=paths, spots=tuple(spots))


def _parts(tally: Tally, height: int) -> list[tuple[str, int]]:
    """Cut a bar: what failed and what was rescued is never too small to be seen."""
    failed = _part(tally.failed, tally.total, height)
    rescued = min(_part(tally.rescued, tally.total, height), height - failed)
    parts = [("good", height - failed - rescued), ("rescued", rescued), ("failed", failed)]
    return [(kind, part) for kind, part in parts if part]


def _part(number: int, of: int, height: int) -> int:
    return max(LEAST, round(height * number / of)) if number else 0


def _rectangle(x: int, y: int, width: int, height: int) -> str:
    return f"M{x} {y}h{width}v{height}h-{width}z"
