"""Units and header fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NewType, TypeVar, dataclass_transform

Seconds = NewType("Seconds", float)
"""A length of time."""


Instant = NewType("Instant", float)
"""A point on the monotonic clock, in seconds; only differences mean anything."""


Headers = tuple[tuple[bytes, bytes], ...]
"""Header fields in their order, as they came; names keep their letter case."""


NO_LABELS: Mapping[str, str] = MappingProxyType({})


T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def noun(cls: type[T]) -> type[T]:
    """Make a frozen, slotted, keyword-only dataclass of which each request needs some.

    Frozen by the type checker and not at run time: there, freezing makes an object of twenty
    fields three times as slow to build (2.7 us against 1.0 us, measured), once per noun and
    request.
    """
    return dataclass(slots=True, kw_only=True, unsafe_hash=True)(cls)


def header(headers: Headers, name: bytes) -> bytes | None:
    """Return the first value of the field `name` (given in lower case), or None."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return None


class Secret:
    """A string that never shows itself: `repr`, `str` and formats give `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself; call it only where it goes onto the wire."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type["Secret"], tuple[str]]:
        raise TypeError("a Secret is not pickled")
