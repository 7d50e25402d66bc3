"""Units and header fields."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType
from typing import NewType, Protocol, TypeVar, cast, dataclass_transform

from msgspec import defstruct, structs

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
    """Make a frozen, slotted, keyword-only class of values, of which each request needs some.

    To the type checker, to `replace` and to `fields` it is a dataclass; its objects are made by
    msgspec, in C. One of eight fields costs 0.1 us; a dataclass 0.5 us, and a frozen one 1.2 us:
    a call of a class that Python makes builds a dictionary of the keywords. A default is a plain
    value that never changes; there is no `field(...)`.

    With more than 15 keywords a call makes a dictionary of them after all, and costs 0.5 us more:
    on the path the others are said with `changed`.
    """
    known = fields(dataclass(init=False, repr=False, eq=False, kw_only=True)(cls))  # type: ignore[arg-type]
    assert all(field.repr and field.default_factory is MISSING for field in known)
    unfit = {"__dict__", "__weakref__", "__annotations__", *(field.name for field in known)}
    struct = defstruct(
        cls.__name__,
        [(f.name, f.type) if f.default is MISSING else (f.name, f.type, f.default) for f in known],
        namespace={name: value for name, value in vars(cls).items() if name not in unfit},
        module=cls.__module__,
        kw_only=True,
        frozen=True,
    )
    return cast(type[T], struct)


class _Changed(Protocol):
    def __call__(self, noun: T, /, **fields: object) -> T: ...


changed = cast(_Changed, structs.replace)
"""Return another noun, in which these fields are different: `dataclasses.replace`, in C."""


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
