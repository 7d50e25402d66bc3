"""Decode the few fields of a JSON object that are looked at, and no others.

msgspec checks the whole text and builds only what a shape names. It is stricter than what clients
use in one point (half a surrogate pair, which servers make when they cut a text in the middle of
a character) and more lenient in another (UTF-8 inside of what it skips); both are
set right here.
"""

import json
from typing import Generic, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


class Shape(Generic[S]):
    """A JSON object of which some fields are looked at."""

    def __init__(self, kind: type[S]) -> None:
        self._kind = kind
        self._decode = msgspec.json.Decoder(kind).decode

    def load(self, data: bytes) -> S | None:
        """Return the fields; None where this is not JSON, or not of this shape."""
        if not is_utf8(data):
            return None
        try:
            return self._decode(data)
        except msgspec.ValidationError:
            return None
        except (msgspec.DecodeError, RecursionError):
            return self._load_slowly(data)

    def _load_slowly(self, data: bytes) -> S | None:
        try:
            return msgspec.convert(json.loads(data), self._kind)
        except (ValueError, msgspec.ValidationError, RecursionError):
            return None


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_json(data: bytes) -> bool:
    """Whether the bytes are JSON as most clients read it."""
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
