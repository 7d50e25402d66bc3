"""How long a provider told us to stay away.

Reads every form that is in use: `retry-after-ms`, `retry-after` as seconds or as an HTTP date, Go
durations, RFC 3339, Unix seconds and milliseconds, protobuf durations, the reset of the bucket
whose remainder is 0, and prose. Garbage, NaN, the past and the absurd tell nothing. The wall clock
is handed in as a number; what the time is used for is not known here.
"""

import math
import re
from calendar import timegm
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_tz

from proxy.model import Cause, Seconds

LEAST = 1.0
"""Seconds; design, "Numbers"."""
MOST_RATE = 300.0
"""Seconds for a rate limit; design, "Numbers"."""
MOST_QUOTA = 3600.0
"""Seconds for a quota; design, "Numbers"."""
ABSURD = 366 * 86400.0
"""Seconds; nothing that is longer is meant."""
EPOCH = 1e9
"""A number from here on is an instant in Unix seconds (2001 and later), not a delay."""
EPOCH_MS = 1e12
"""A number from here on is an instant in Unix milliseconds."""

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,12})?")
PART = re.compile(
    r"(\d{1,9}(?:\.\d{1,12})?) ?"
    r"(milliseconds?|ms|hours?|hrs?|h|days?|d|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])"
)
"""One part of a duration, in plain text. Bounded repeats, no nesting: linear."""
LEADS = (
    "try again in ",
    "try again after ",
    "retry in ",
    "retry after ",
    "retry your request after ",
    "reset in ",
    "resets in ",
    "reset after ",
    "replenished in ",
    "available in ",
    "wait for ",
    "please wait ",
    "wait ",
)
LONGEST_PROSE = 64
"""Characters behind a lead that are read."""
CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")
"""Azure's `00:12:05`."""


def told_cooldown(
    headers: Mapping[str, str], waits: Iterable[tuple[str, float]], text: str, wall: float
) -> Seconds | None:
    """Return the delay that an answer tells, not clamped; None where it tells none.

    `text` is plain; `wall` is the time in Unix seconds.
    """
    for name, unit in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001)):
        if name in headers and (delay := delay_of(headers[name], unit, wall)) is not None:
            return delay
    if "retry-after" in headers:
        delay = delay_of(headers["retry-after"], 1.0, wall)
        if delay is not None:
            return delay
    for value, unit in waits:
        if (delay := delay_of(value, unit, wall)) is not None:
            return delay
    return _exhausted(headers, wall) or prose_delay(text)


def clamped(delay: Seconds | None, cause: Cause) -> Seconds | None:
    """Bring a told delay into the limits of its cause."""
    if delay is None:
        return None
    most = MOST_QUOTA if cause is Cause.QUOTA else MOST_RATE
    return Seconds(min(max(delay, LEAST), most))


def delay_of(value: str, unit: float, wall: float) -> Seconds | None:
    """Return the delay that one value means: a number, a duration, a date; None for garbage."""
    value = value.strip()
    number = _number(value)
    if number is not None:
        if number >= EPOCH_MS:
            return _sane(number / 1000 - wall)
        return _sane(number - wall if number >= EPOCH else number * unit)
    return _go_duration(value.lower()) or _date(value, wall)


def prose_delay(text: str) -> Seconds | None:
    """Return the delay of a sentence such as `try again in 1m47.5s`; `text` is plain."""
    for lead in LEADS:
        at = text.find(lead)
        if at < 0:
            continue
        rest = text[at + len(lead) : at + len(lead) + LONGEST_PROSE]
        clock = CLOCK.match(rest)
        if clock is not None:
            hours, minutes, seconds = (int(part) for part in clock.groups())
            return _sane(hours * 3600 + minutes * 60 + seconds)
        delay = _parts(rest)
        if delay is not None:
            return delay
    return None


def _number(value: str) -> float | None:
    return float(value) if NUMBER.fullmatch(value) else None


def _sane(delay: float) -> Seconds | None:
    return Seconds(delay) if math.isfinite(delay) and 0 < delay < ABSURD else None


def _parts(text: str) -> Seconds | None:
    """Add up the parts of a duration that stand at the start of a text."""
    total, at = 0.0, 0
    while (part := PART.match(text, at)) is not None:
        name = part.group(2)
        unit = "ms" if name.startswith(("ms", "mil")) else name[0]
        total += float(part.group(1)) * UNITS[unit]
        at = part.end()
        while at < len(text) and text[at] in " ,":
            at += 1
    return _sane(total)


def _go_duration(value: str) -> Seconds | None:
    return _parts(value) if value[:1].isdigit() else None


def _date(value: str, wall: float) -> Seconds | None:
    """Return the delay until an HTTP date or an RFC 3339 instant."""
    try:
        exact = datetime.fromisoformat(value)
        return _sane(exact.replace(tzinfo=exact.tzinfo or UTC).timestamp() - wall)
    except (ValueError, OverflowError, OSError):
        pass
    instant = http_date(value)
    return None if instant is None else _sane(instant - wall)


def http_date(value: str) -> float | None:
    """Return an HTTP date as Unix seconds; None for what is none."""
    try:
        parsed = parsedate_tz(value)
        return None if parsed is None else timegm(parsed[:6]) - (parsed[9] or 0)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _exhausted(headers: Mapping[str, str], wall: float) -> Seconds | None:
    """Return the soonest reset of a bucket of which nothing remains."""
    delays = [
        delay
        for name, value in headers.items()
        if "reset" in name
        and "ratelimit" in name
        and _is_spent(headers, name)
        and (delay := delay_of(value, 1.0, wall)) is not None
    ]
    return min(delays, default=None)


def _is_spent(headers: Mapping[str, str], name: str) -> bool:
    """Tell whether the bucket of a reset field is empty, or of the only kind there is."""
    remaining = headers.get(name.replace("reset", "remaining"))
    status = headers.get(name.replace("reset", "status"))
    if status is not None:
        return status == "rejected"
    return remaining is None or _number(remaining) == 0
