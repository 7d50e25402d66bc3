"""Signatures by status, as ready checks.

The order of the file is the order of judgement: the first entry that matches is the verdict. An
entry is turned into a few small functions once; a look-up tries only the entries that can have the
status at hand. Never learns what an entry means.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter

from proxy.diagnosis.pattern import Pattern
from proxy.diagnosis.phrases import Phrases
from proxy.diagnosis.reading import Reading
from proxy.diagnosis.signature import Signature, When

Check = Callable[[Reading], bool]
Compiled = tuple[Signature, tuple[Check, ...]]


class Index:
    """The signatures of the file, ready to be tried."""

    __slots__ = ("_by_status", "_phrases", "_rest")

    def __init__(self, signatures: Iterable[Signature]) -> None:
        entries = tuple(signatures)
        self._phrases = Phrases(
            pattern for entry in entries for pattern in (*entry.when.says, *entry.when.silent)
        )
        compiled = tuple((entry, checks(entry.when)) for entry in entries)
        named = {status for entry in entries for status in entry.when.status or ()}
        self._by_status = {status: _may_match(compiled, status) for status in named}
        self._rest = _may_match(compiled, None)

    def find(self, reading: Reading) -> Signature | None:
        """Return the first entry that matches; tells the reading what is said in its text."""
        reading.said = self._phrases.said_in(reading.text)
        on_the_way, answered = self._by_status.get(reading.status, self._rest)
        for signature, tests in answered if reading.fault is None else on_the_way:
            for test in tests:
                if not test(reading):
                    break
            else:
                return signature
        return None


def _may_match(
    compiled: tuple[Compiled, ...], status: int | None
) -> tuple[tuple[Compiled, ...], tuple[Compiled, ...]]:
    """Return the entries that a status leaves: all of them, and those without a fault."""
    entries = tuple(
        pair
        for pair in compiled
        if pair[0].when.status is None or (status is not None and status in pair[0].when.status)
    )
    return entries, tuple(pair for pair in entries if pair[0].when.fault is None)


def checks(when: When) -> tuple[Check, ...]:
    """Return the conditions as functions, the cheapest and most selective first."""
    found = [
        _member(when.provider, "provider"),
        _member(when.fault, "fault"),
        _member(when.phase, "phase"),
        _member(when.answer, "answer"),
        _member(when.form, "form"),
        _member(when.api, "api"),
        _member(when.operation, "operation"),
        _flag(when.stream, "stream"),
        _flag(when.reused, "reused"),
        _overlap(when.also, "words"),
        _overlap(when.finish, "finish"),
        *(_field(name, patterns) for name, patterns in when.header),
        *(_lacks(name) for name in when.lacks),
        _told(when.word or frozenset(), when.says),
        _silent(when.silent),
        _found(when.title, "title"),
        _found(when.markup, "source"),
    ]
    return tuple(check for check in found if check is not None)


def _member(allowed: frozenset[object] | None, name: str) -> Check | None:
    if allowed is None:
        return None
    get = attrgetter(name)
    return lambda reading: get(reading) in allowed


def _flag(wanted: bool | None, name: str) -> Check | None:
    get = attrgetter(name)
    return None if wanted is None else lambda reading: get(reading) is wanted


def _overlap(wanted: frozenset[str] | None, name: str) -> Check | None:
    if wanted is None:
        return None
    get = attrgetter(name)
    return lambda reading: not wanted.isdisjoint(get(reading))


def _told(words: frozenset[str], patterns: tuple[Pattern, ...]) -> Check | None:
    """Return the check for what an error tells: by its code, or in its message."""
    said = _texts(patterns)
    if not words and not said:
        return None
    return lambda reading: not words.isdisjoint(reading.words) or not said.isdisjoint(reading.said)


def _silent(patterns: tuple[Pattern, ...]) -> Check | None:
    said = _texts(patterns)
    return (lambda reading: said.isdisjoint(reading.said)) if said else None


def _texts(patterns: tuple[Pattern, ...]) -> frozenset[str]:
    return frozenset(pattern.text for pattern in patterns)


def _field(name: str, patterns: tuple[Pattern, ...]) -> Check:
    if not patterns:
        return lambda reading: name in reading.headers
    return lambda reading: (
        name in reading.headers and is_in(patterns, reading.headers[name].lower())
    )


def _lacks(name: str) -> Check:
    if name.endswith("*"):
        return lambda reading: not any(field.startswith(name[:-1]) for field in reading.headers)
    return lambda reading: name not in reading.headers


def _found(patterns: tuple[Pattern, ...], name: str) -> Check | None:
    if not patterns:
        return None
    get = attrgetter(name)
    return lambda reading: is_in(patterns, get(reading))


def is_in(patterns: tuple[Pattern, ...], text: str) -> bool:
    """Tell whether any of a few patterns is in a text."""
    return any(pattern.found_in(text) for pattern in patterns)
