"""Scan a JSON object chunk by chunk for a few of its top-level keys, without building a tree.

Exact: it takes what RFC 8259 takes and refuses the rest, at every split alike; deeper than 100 it
refuses too. Long strings and runs of values are crossed by one regular expression in C (200 MB/s);
between them Python goes token by token. What a key means is not known here.
"""

import codecs
import re
from collections.abc import Callable

import msgspec

MOST_DEPTH = 100
"""Containers in each other; real requests have about ten."""


class Field(msgspec.Struct, frozen=True):
    """The value of a top-level key, as JSON."""

    raw: bytes
    """Of a container the first byte only; of a number no more than eight digits in a row."""
    start: int = 0
    """Where a string stands in the body, quotes included; 0 for all else."""
    end: int = 0


_WS = rb"[ \t\n\r]*+"
_TEXT = rb'[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+'
_STRING = rb'"' + _TEXT + rb'"'
_NUMBER = rb"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"
_SCALAR = rb"(?:" + _STRING + rb"|true|false|null|" + _NUMBER + rb")"


def _deeper(value: bytes) -> bytes:
    """Return the pattern of a value that may hold such values."""
    member = _STRING + _WS + rb":" + _WS + value
    return (
        rb"(?:" + _SCALAR + rb"|\{" + _run(member, rb"\}") + _WS + rb"\}"
        rb"|\[" + _run(value, rb"\]") + _WS + rb"\])"
    )


def _run(item: bytes, closer: bytes) -> bytes:
    """Return the pattern of items up to a comma behind which one must follow, or the closer."""
    return rb"(?:" + _WS + item + _WS + rb"(?:,(?!" + _WS + closer + rb")|(?=" + closer + rb")))*+"


_LEVELS = 3
"""How deep a value may be to be crossed at one go; one more doubles the pattern."""
_VALUE = _deeper(_deeper(_deeper(_SCALAR)))

_SKIP_WS = re.compile(_WS)
_SKIP_TEXT = re.compile(_TEXT)
_SKIP_ITEMS = re.compile(_run(_VALUE, rb"\]"))
_SKIP_MEMBERS = re.compile(_run(_STRING + _WS + rb":" + _WS + _VALUE, rb"\}"))
_ATOM = re.compile(rb"(?:true|false|null|" + _NUMBER + rb")(?=[ \t\n\r,\]}])").match
_BEGUN_ATOM = re.compile(
    rb"t(?:r(?:ue?)?)?|f(?:a(?:l(?:se?)?)?)?|n(?:u(?:ll?)?)?"
    rb"|-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*|(?:\.[0-9]+)?[eE][+-]?[0-9]*)?)?"
).fullmatch
_BEGUN_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?").fullmatch
_LONG_DIGITS = re.compile(rb"([0-9]{8})[0-9]+")


def _abridge(number: bytes) -> bytes:
    """Return a number without its digits beyond eight in a row.

    What may follow is the same without them, and an unfinished number that is looked at again with
    each chunk stays short.
    """
    return _LONG_DIGITS.sub(rb"\1", number)


_QUOTE, _COMMA, _COLON = b'",:'
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = b"{}[]"
_CLOSER = {_OPEN_OBJECT: _CLOSE_OBJECT, _OPEN_ARRAY: _CLOSE_ARRAY}


def _past(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    """Return where a pattern ends that matches everywhere, if need be nothing."""
    matched = pattern.match(data, position)
    return position if matched is None else matched.end()


class Scanner:
    """Scans one body. `fields` holds what was found, `trouble` says why the body is refused.

    `_step` is what may come next: one method for each place in the grammar.
    """

    def __init__(self, keys: frozenset[str]) -> None:
        self.fields: dict[str, Field] = {}
        self.trouble = ""
        self._keys = keys
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._step: Callable[[bytes, int], int] = self._begin
        self._open: list[int] = []
        self._over = False
        self._carry = b""
        self._before = 0
        self._base = 0
        self._key: str | None = None
        self._start = 0
        self._in_string = self._in_key = False
        self._pieces: list[bytes] | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes; after a trouble they are not looked at."""
        if not self.trouble and not self._is_utf8(data):
            self.trouble = "it is not UTF-8"
        self._base = self._before - len(self._carry)
        self._before += len(data)
        data, self._carry = self._carry + data, b""
        position, end = 0, len(data)
        while not self.trouble:
            if not self._in_string:
                position = _past(_SKIP_WS, data, position)
            if position == end:
                break
            position = self._step(data, position)

    def finish(self) -> None:
        """Take note that no more bytes come."""
        if not self.trouble and not self._over:
            self.trouble = "it ends too early"

    def _is_utf8(self, data: bytes) -> bool:
        if data.isascii() and not self._decoder.getstate()[0]:
            return True
        try:
            self._decoder.decode(data)
        except UnicodeDecodeError:
            return False
        return True

    # Steps: each returns where the next one begins.

    def _begin(self, data: bytes, position: int) -> int:
        if data[position] != _OPEN_OBJECT:
            return self._refuse(data, position)
        return self._enter(_OPEN_OBJECT, position)

    def _first_key(self, data: bytes, position: int) -> int:
        if data[position] == _CLOSE_OBJECT:
            return self._leave(position)
        return self._next_key(data, position)

    def _next_key(self, data: bytes, position: int) -> int:
        if self._may_skip():
            after = _past(_SKIP_MEMBERS, data, position)
            if after > position:
                self._step = self._next_key if data[after - 1] == _COMMA else self._after
                return after
        if data[position] != _QUOTE:
            return self._refuse(data, position)
        return self._enter_string(position, in_key=True, kept=len(self._open) == 1)

    def _colon(self, data: bytes, position: int) -> int:
        if data[position] != _COLON:
            return self._refuse(data, position)
        self._step = self._value
        return position + 1

    def _first_item(self, data: bytes, position: int) -> int:
        if data[position] == _CLOSE_ARRAY:
            return self._leave(position)
        return self._next_item(data, position)

    def _next_item(self, data: bytes, position: int) -> int:
        if self._may_skip():
            after = _past(_SKIP_ITEMS, data, position)
            if after > position:
                self._step = self._next_item if data[after - 1] == _COMMA else self._after
                return after
        return self._value(data, position)

    def _value(self, data: bytes, position: int) -> int:
        byte = data[position]
        if len(self._open) == 1:
            self._start = self._base + position
        if byte == _QUOTE:
            return self._enter_string(position, in_key=False, kept=self._key is not None)
        if byte in _CLOSER:
            self._note(Field(data[position : position + 1]))
            return self._enter(byte, position)
        return self._atom(data, position)

    def _atom(self, data: bytes, position: int) -> int:
        atom = _ATOM(data, position)
        if atom is not None:
            self._note(Field(_abridge(atom[0])))
            self._step = self._after
            return atom.end()
        if _BEGUN_ATOM(data, position) is None:
            return self._refuse(data, position)
        self._carry = _abridge(data[position:])
        return len(data)

    def _string(self, data: bytes, position: int) -> int:
        end = _past(_SKIP_TEXT, data, position)
        if self._pieces is not None:
            self._pieces.append(data[position:end])
        if end == len(data):
            return end
        if data[end] == _QUOTE:
            self._leave_string(end + 1)
            return end + 1
        if _BEGUN_ESCAPE(data, end) is None:
            return self._refuse(data, end)
        self._carry = data[end:]
        return len(data)

    def _after(self, data: bytes, position: int) -> int:
        byte, container = data[position], self._open[-1]
        if byte == _CLOSER[container]:
            return self._leave(position)
        if byte != _COMMA:
            return self._refuse(data, position)
        self._step = self._next_key if container == _OPEN_OBJECT else self._next_item
        return position + 1

    def _refuse(self, _data: bytes, position: int) -> int:
        self.trouble = "a character stands where it does not belong"
        return position

    # Containers, strings, and the fields that are looked for.

    def _may_skip(self) -> bool:
        """Whether this is below the top level, where keys mean nothing, and not at the bottom."""
        return 1 < len(self._open) <= MOST_DEPTH - _LEVELS

    def _enter(self, container: int, position: int) -> int:
        if len(self._open) == MOST_DEPTH:
            self.trouble = f"it is nested deeper than {MOST_DEPTH}"
        self._open.append(container)
        self._step = self._first_key if container == _OPEN_OBJECT else self._first_item
        return position + 1

    def _leave(self, position: int) -> int:
        self._open.pop()
        self._over = not self._open
        self._step = self._refuse if self._over else self._after
        return position + 1

    def _enter_string(self, position: int, *, in_key: bool, kept: bool) -> int:
        self._in_string, self._in_key = True, in_key
        self._pieces = [b'"'] if kept else None
        self._step = self._string
        return position + 1

    def _leave_string(self, end: int) -> None:
        raw = None if self._pieces is None else b"".join(self._pieces) + b'"'
        self._in_string = False
        self._step = self._colon if self._in_key else self._after
        if raw is not None and self._in_key:
            self._look_up(raw)
        elif raw is not None:
            self._note(Field(raw, self._start, self._base + end))

    def _look_up(self, raw: bytes) -> None:
        """See whether a top-level key, in whatever spelling, is one of those looked for."""
        try:
            key = msgspec.json.decode(raw, type=str)
        except msgspec.DecodeError:  # half a surrogate pair
            return
        if key in self.fields:
            self.trouble = f"`{key}` is given twice"
        elif key in self._keys:
            self._key = key

    def _note(self, field: Field) -> None:
        """Keep a value where its key is one of those looked for."""
        if self._key is not None:
            self.fields[self._key] = field
            self._key = None
