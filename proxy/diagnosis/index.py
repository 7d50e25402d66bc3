"""Signatures by status, as ready checks.

The order of the file is the order of judgement: the first entry that matches is the verdict. An
entry is turned into a few small functions once; a look-up tries only the entries that can have the
status at hand. Never learns what an entry means.
"""

from collections.abc import Callable, Iterable

from proxy.diagnosis.pattern import Pattern
from proxy.diagnosis.reading import Reading
from proxy.diagnosis.signature import Signature, When

Check = Callable[[Reading], bool]
Compiled = tuple[Signature, tuple[Check, ...]]


class Index:
    """The signatures of the file, ready to be tried."""

    __slots__ = ("_by_status", "_rest")

    def __init__(self, signatures: Iterable[Signature]) -> None:
        compiled = tuple((signature, checks(signature.when)) for signature in signatures)
        named = {status for entry, _ in compiled for status in entry.when.status or ()}
        self._rest = tuple(pair for pair in compiled if pair[0].when.status is None)
        self._by_status: dict[int, tuple[Compiled, ...]] = {
            status: tuple(
                (entry, tests)
                for entry, tests in compiled
                if entry.when.status is None or status in entry.when.status
            )
            for status in named
        }

    def find(self, reading: Reading) -> Signature | None:
        """Return the first entry that matches."""
        for signature, tests in self._by_status.get(reading.status, self._rest):
            for test in tests:
                if not test(reading):
                    break
            else:
                return signature
        return None


def checks(when: When) -> tuple[Check, ...]:
    """Return the conditions as functions, the cheapest and most selective first."""
    found = [
        _member(when.provider, "provider"),
        _member(when.fault, "fault"),
        _member(when.phase, "phase"),
        _member(when.answer, "answer"),
        _member(when.form, "form"),
        _member(when.api, "api"),
        _stream(when.stream),
        _overlap(when.word, "words"),
        _overlap(when.also, "words"),
        _overlap(when.finish, "finish"),
        *(_field(name, patterns) for name, patterns in when.header),
        *(_lacks(name) for name in when.lacks),
        _found(when.title, "title"),
        _found(when.says, "text"),
        _found(when.markup, "source"),
        _silent(when.silent),
    ]
    return tuple(check for check in found if check is not None)


def _member(allowed: frozenset[object] | None, name: str) -> Check | None:
    if allowed is None:
        return None
    return lambda reading: getattr(reading, name) in allowed


def _stream(wanted: bool | None) -> Check | None:
    return None if wanted is None else lambda reading: reading.stream is wanted


def _overlap(wanted: frozenset[str] | None, name: str) -> Check | None:
    if wanted is None:
        return None
    return lambda reading: not wanted.isdisjoint(getattr(reading, name))


def _field(name: str, patterns: tuple[Pattern, ...]) -> Check:
    if not patterns:
        return lambda reading: name in reading.headers
    return lambda reading: (
        name in reading.headers
        and any(pattern.found_in(reading.headers[name].lower()) for pattern in patterns)
    )


def _lacks(name: str) -> Check:
    if name.endswith("*"):
        return lambda reading: not any(field.startswith(name[:-1]) for field in reading.headers)
    return lambda reading: name not in reading.headers


def _found(patterns: tuple[Pattern, ...], name: str) -> Check | None:
    if not patterns:
        return None
    return lambda reading: any(pattern.found_in(getattr(reading, name)) for pattern in patterns)


def _silent(patterns: tuple[Pattern, ...]) -> Check | None:
    if not patterns:
        return None
    return lambda reading: not any(pattern.found_in(reading.text) for pattern in patterns)
