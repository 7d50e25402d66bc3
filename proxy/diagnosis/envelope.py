"""Any JSON error envelope, unwrapped: what it says, its codes, and when to come back.

There is no list of providers' envelopes. Every field that errors are told in is read, wherever it
stands: objects, one-element lists, strings, JSON inside of strings (relays quote the answer that
they got). What echoes the request is skipped. Never learns what the words mean.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from proxy.diagnosis.pattern import LONGEST_WORD, coded_words, names, word
from proxy.diagnosis.tree import parse_json

MOST_NODES = 400
"""Values looked at; an error envelope has a few dozen."""
DEEPEST = 8
MOST_TEXT = 8 * 1024
"""Characters of prose that are read; a message has a few hundred."""
MOST_CODED = 2 * 1024
"""Characters of prose that are searched for codes: the first sentence has them."""

MOST_NUMBER = 1e15
"""No code, status or time is larger; a number may have any number of digits."""

TEXTS = names(
    "message msg detail details error error_message errormessage error_msg errormsg description"
    " error_description title reason raw fault faultstring cause body originalmessage"
    " original_message status_msg statusmessage status_message text errors error_name exception"
    " type code status developermessage remedy_hint hint info"
    " upstream_error"
)
"""Fields that say something; compared in lower case."""
WORDS = names(
    "type code status error_type errortype error_code errorcode reason __type error_name"
    " error_category limit_source quotaid quota_limit kind err_code error exception domain"
    " blockreason title status_code subcode event_type object limit_type errno name"
)
"""Fields that hold a code."""
QUOTAS = frozenset({"quotaid", "quota_limit"})
"""Fields whose name of a quota says for how long it holds: `RequestsPerDayPerModel`."""
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where a new word begins in a name of several."""
ECHOES = names(
    "input inputs prompt messages flagged_input failed_generation patterns links help"
    " what_you_should_do footer instance zone loc stack_trace traceback"
)
"""Fields that echo the request, or talk about other things."""
CODES = names("type code status")
"""Fields that hold a sentence at some providers and a code at the rest."""
STATUSES = names("code status statuscode status_code http_status httpstatus error_code")
INNER_STATUSES = names(
    "originalstatuscode upstream_status upstream_status_code provider_status original_status"
    " upstreamstatus param"
)
"""Where a relay tells the status that it was given itself (new-api: `param`)."""
WAITS = {
    "retrydelay": 1.0,
    "retry_after": 1.0,
    "retryafter": 1.0,
    "retry_after_seconds": 1.0,
    "retry_after_ms": 0.001,
    "resets_in_seconds": 1.0,
    "reset_in_seconds": 1.0,
    "reset_seconds": 1.0,
    "reset_after": 1.0,
    "estimated_time": 1.0,
    "resets_at": 1.0,
    "reset_at": 1.0,
}
"""Fields that tell when to come back, and their unit in seconds."""


@dataclass(slots=True)
class Envelope:
    """What was found; texts as they came, words without style."""

    texts: list[str] = field(default_factory=list)
    words: set[str] = field(default_factory=set)
    status: int | None = None
    """The first HTTP status that it names."""
    inner: int | None = None
    """The status that a relay was given by its own upstream."""
    waits: list[tuple[str, float]] = field(default_factory=list)
    """Told delays or instants as they were written, with their unit."""


def unwrap(tree: object) -> Envelope:
    """Read an error object, in whatever it is wrapped."""
    found = Envelope()
    for key, value in _leaves(tree):
        if isinstance(value, str):
            _note_string(found, key, value)
        elif value is True:
            found.words.add(word(key))
        elif value is not False:
            _note_number(found, key, value)
    return found


def _leaves(tree: object) -> Iterator[tuple[str, str | int | float]]:
    """Yield the strings and numbers of a tree, nearest first, with the name of their field."""
    level: list[tuple[str, object]] = [("", tree)]
    nodes = 0
    for _ in range(DEEPEST):
        deeper: list[tuple[str, object]] = []
        for key, value in level:
            nodes += 1
            if nodes > MOST_NODES:
                return
            if isinstance(value, str):
                inner = quoted_json(value) if key in TEXTS or not key else None
                if inner is not None:
                    deeper.append((key, inner))
                yield key or "message", value
            elif isinstance(value, int | float):
                yield key, value
            else:
                deeper.extend(_children(key, value))
        level = deeper


def _children(key: str, value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        named = ((str(name).lower(), child) for name, child in value.items())
        return [(name, child) for name, child in named if name not in ECHOES]
    if isinstance(value, list):
        return [(key, child) for child in value]
    return []


def quoted_json(text: str) -> object | None:
    """Return the JSON object that stands in a text, or None."""
    start = text.find("{")
    if start < 0 or len(text) > MOST_TEXT:
        return None
    end = text.rfind("}")
    try:
        return parse_json(text[start : end + 1])
    except ValueError:
        return None


def _note_string(found: Envelope, key: str, value: str) -> None:
    if key in WORDS and len(value) <= LONGEST_WORD:
        found.words.add(word(code_of(value)))
    if key in STATUSES and value.isdecimal():
        _note_status(found, int(value[:4]))
    if key in WAITS:
        found.waits.append((value[:64], WAITS[key]))
    if key in INNER_STATUSES and value.isdecimal():
        _note_inner(found, int(value[:4]))
    if key in QUOTAS:
        found.texts.append(HUMP.sub(" ", value[:LONGEST_WORD]))
    elif key in TEXTS and (" " in value or key not in CODES):
        found.texts.append(value[:MOST_TEXT])
        found.words |= coded_words(value[:MOST_CODED])


def code_of(value: str) -> str:
    """Return the code alone: AWS puts a namespace before `#` and an address behind `:`."""
    return value.rpartition("#")[2].partition(":")[0]


def _note_number(found: Envelope, key: str, value: float) -> None:
    if not -MOST_NUMBER < value < MOST_NUMBER:
        return
    if key in STATUSES and isinstance(value, int):
        _note_status(found, value)
        found.words |= {str(value), key}
    if key in INNER_STATUSES and isinstance(value, int):
        _note_inner(found, value)
    if key in WAITS:
        found.waits.append((repr(value), WAITS[key]))


def _note_status(found: Envelope, status: int) -> None:
    if found.status is None and 400 <= status <= 599:  # noqa: PLR2004 - HTTP's error statuses
        found.status = status


def _note_inner(found: Envelope, status: int) -> None:
    if found.inner is None and 400 <= status <= 599:  # noqa: PLR2004 - HTTP's error statuses
        found.inner = status
