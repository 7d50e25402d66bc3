"""What the exchanges of the last minute say in numbers.

Knows exchanges and when they were heard of; nothing of where they come from or how they are shown.
It is filled by one thread and asked by another.
"""

import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from proxy.cli.passing import good
from proxy.model import Phase, Result
from proxy.report.lines import AttemptLine, ExchangeLine

SPAN = 60.0
"""Seconds that are looked back on."""

MOST = 20_000
"""Exchanges that are kept; where more end in a minute, less than a minute is looked back on."""

LAST = 100
"""Exchanges that are kept as they were told: more than any screen has lines."""

FAILED = (Result.REFUSED, Result.STATIC, Result.CUT)


class Tried(NamedTuple):
    """An attempt, as far as numbers need it."""

    backend: str
    cause: str
    well: bool
    first: float | None
    """Milliseconds from its start to its first content."""


class Ended(NamedTuple):
    """An exchange, as far as numbers need it."""

    at: float
    first: float | None
    rescued: bool
    failed: bool
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Of one backend, or of all that the apps asked."""

    rate: float = 0.0
    """A second."""
    median: float | None = None
    """First content, in milliseconds."""
    late: float | None = None
    """95 of 100 were not later than this."""
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """All of it, at one moment."""

    seconds: float = 0.0
    apps: Numbers = field(default_factory=Numbers)
    rescued: int = 0
    backends: Mapping[str, Numbers] = field(default_factory=dict)
    causes: Sequence[tuple[str, int]] = ()
    """Of failed attempts, the most frequent first."""
    last: Sequence[ExchangeLine] = ()
    """The latest first."""


class Window:
    """Remembers the last minute."""

    def __init__(self, began: float) -> None:
        """`began` is when it first can have heard of something; seconds of a monotonic clock."""
        self._began = began
        self._ended: deque[Ended] = deque()
        self._missed: deque[tuple[float, int]] = deque()
        self._last: deque[ExchangeLine] = deque(maxlen=LAST)
        self._lock = threading.Lock()

    def add(self, line: ExchangeLine, at: float) -> None:
        """Take an exchange."""
        tried = tuple(
            Tried(each.backend, each.cause, good(each), _first(each)) for each in line.attempts
        )
        failed = line.result in FAILED
        with self._lock:
            self._last.appendleft(line)
            self._ended.append(Ended(at, line.first_content_ms, line.rescued, failed, tried))
            if len(self._ended) > MOST:
                self._began = self._ended.popleft().at

    def miss(self, count: int, at: float) -> None:
        """Hear that so many were not told: rates count them, as like the others."""
        with self._lock:
            self._missed.append((at, count))

    def lately(self, now: float) -> Lately:
        """Return the numbers."""
        with self._lock:
            self._began = max(self._began, now - SPAN)
            while self._ended and self._ended[0].at < self._began:
                self._ended.popleft()
            while self._missed and self._missed[0][0] < self._began:
                self._missed.popleft()
            ended, last = list(self._ended), list(self._last)
            missed = sum(count for _, count in self._missed)
        seconds = max(1.0, now - self._began)
        weight = (1 + missed / len(ended)) / seconds if ended else 0.0
        tried: dict[str, list[Tried]] = {}
        for exchange in ended:
            for attempt in exchange.tried:
                tried.setdefault(attempt.backend, []).append(attempt)
        causes = Counter(t.cause for each in tried.values() for t in each if not t.well)
        return Lately(
            seconds=seconds,
            apps=_numbers(weight, [e.first for e in ended], sum(e.failed for e in ended)),
            rescued=sum(each.rescued for each in ended),
            backends={
                name: _numbers(weight, [t.first for t in each], sum(not t.well for t in each))
                for name, each in tried.items()
            },
            causes=causes.most_common(),
            last=last,
        )


def _numbers(weight: float, firsts: Sequence[float | None], failed: int) -> Numbers:
    known = sorted(_known(firsts))
    return Numbers(
        rate=len(firsts) * weight,
        median=_quantile(known, 0.5),
        late=_quantile(known, 0.95),
        failed=failed,
    )


def _first(attempt: AttemptLine) -> float | None:
    """Return when its first content came; a unary answer's is all of it."""
    return attempt.times_ms.get(Phase.CONTENT, attempt.times_ms.get(Phase.END))


def _known(firsts: Iterable[float | None]) -> Iterable[float]:
    return (first for first in firsts if first is not None)


def _quantile(known: Sequence[float], share: float) -> float | None:
    """Return the value that so many are not above (nearest rank)."""
    return known[min(len(known) - 1, int(share * len(known)))] if known else None
