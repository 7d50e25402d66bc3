"""What an unquoted word of the table is: text, a number, true or false; or a trap.

YAML 1.1 and 1.2 read many words differently, and so do the tools that people write tables with.
Faultline takes only what all of them read alike; the rest is refused with the two ways to write it.
Pure: text in, value or trap out.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from proxy.settings.nodes import Value
from proxy.settings.problem import Code, quote

MOST_DIGITS = 15
"""Digits of a number: what a double holds exactly, so that every tool reads the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """A word that is not what it seems, and how to write what was meant."""

    code: Code
    reason: str
    mend: str


_INTEGER = re.compile(rf"-?(?:0|[1-9]\d{{0,{MOST_DIGITS - 1}}})")
_DECIMAL = re.compile(rf"{_INTEGER.pattern}(?:\.\d{{1,{MOST_DIGITS}}})?(?:[eE][-+]?\d{{1,2}})?")


def understand(text: str) -> Value | Trap:
    """Return what the unquoted `text` stands for."""
    if text in {"true", "false"}:
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    for pattern, explain in _TRAPS:
        if pattern.fullmatch(text):
            return explain(text)
    return text


def _in_quotes(text: str) -> str:
    return quote(f'"{text}"')


def _nothing(text: str) -> Trap:
    return Trap(
        code=Code.EMPTY_VALUE,
        reason=f"{quote(text)} means that there is no value" if text else "there is no value here",
        mend="write a value, or delete the line; the word for nothing is `none`",
    )


def _word(text: str) -> Trap:
    meant = "true" if text.lower() in {"y", "yes", "on", "true"} else "false"
    return Trap(
        code=Code.AMBIGUOUS_WORD,
        reason=f"{quote(text)} is {meant} to some readers of YAML and text to others",
        mend=f"write `{meant}`, or {_in_quotes(text)} for the text"
        + ("; the word for nothing is `none`" if text.lower() in {"off", "no"} else ""),
    )


def _number(text: str, value: object, otherwise: object = "text") -> Trap:
    numbers = f"`{value}`" if otherwise == "text" else f"`{value}` or `{otherwise}`"
    return Trap(
        code=Code.AMBIGUOUS_NUMBER,
        reason=f"{quote(text)} is {value} to some readers of YAML and {otherwise} to others",
        mend=f"write {numbers}, or {_in_quotes(text)} for the text",
    )


def _leading_zero(text: str) -> Trap:
    decimal = str(int(text.replace("_", "")))
    digits = text.lstrip("+-").replace("_", "")
    if set(digits) <= set("01234567"):
        octal = -int(digits, 8) if text.startswith("-") else int(digits, 8)
        if str(octal) != decimal:
            return _number(text, octal, decimal)
    return _number(text, decimal)


def _sexagesimal(text: str) -> Trap:
    sign = -1 if text.startswith("-") else 1
    total = 0.0
    for part in text.lstrip("+-").replace("_", "").split(":"):
        total = total * 60 + float(part)
    return _number(text, f"{sign * total:.15g}")


def _spelled(base: int) -> Callable[[str], Trap]:
    return lambda text: _number(text, int(text.replace("_", ""), base))


def _plainly(text: str) -> Trap:
    return _number(text, f"{float(text.replace('_', '')):.15g}")


def _beyond(text: str) -> Trap:
    return Trap(
        code=Code.AMBIGUOUS_NUMBER,
        reason=f"{quote(text, 20)} is a number that readers of YAML do not read alike",
        mend=f"write {_in_quotes(text)} for the text",
    )


def _date(text: str) -> Trap:
    return Trap(
        code=Code.AMBIGUOUS_NUMBER,
        reason=f"{quote(text)} is a date to some readers of YAML and text to others",
        mend=f"write {_in_quotes(text)} for the text",
    )


_SHORT = r"[\d_]{0,15}"
_TRAPS: tuple[tuple[re.Pattern[str], Callable[[str], Trap]], ...] = tuple(
    (re.compile(pattern, re.ASCII), explain)
    for pattern, explain in (
        (r"|~|null|Null|NULL", _nothing),
        (r"[yYnN]|(?i:yes|no|on|off)|True|TRUE|False|FALSE", _word),
        (rf"[-+]?0{_SHORT}", _leading_zero),
        (r"[-+]?0o[0-7][0-7_]{0,15}", _spelled(8)),
        (r"[-+]?0x[0-9a-fA-F][0-9a-fA-F_]{0,15}", _spelled(16)),
        (r"[-+]?0b[01][01_]{0,60}", _spelled(2)),
        (r"[-+]?\d[\d_]{0,15}(?::[0-5]?\d){1,5}(?:\.\d{0,9})?", _sexagesimal),
        (r"\d{4}-\d\d?-\d\d?(?:(?:[Tt]|\s+)[\d:.]{1,20}\s*(?:Z|[-+][\d:]{1,5})?)?", _date),
        (r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", _beyond),
        (rf"\+\d{_SHORT}|-?\d{{1,15}}_{_SHORT}", _plainly),
        (rf"[-+]?(?:\d{_SHORT})?\.\d{_SHORT}(?:[eE][-+]?\d\d?)?|[-+]?\d{_SHORT}\.", _plainly),
        (r"[-+]?\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?", _beyond),
    )
)
"""In this order; the first pattern that takes the whole word explains it."""
