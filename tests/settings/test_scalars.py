"""Unquoted words: what every reader of YAML reads alike, and the traps."""

import pytest

from proxy.settings.problem import Code
from proxy.settings.scalars import Trap, understand


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-7", -7),
        ("200", 200),
        ("123456789012345", 123456789012345),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("1e3", 1000.0),
        ("gpt-5", "gpt-5"),
        ("3s", "3s"),
        ("20%", "20%"),
        ("none", "none"),
        ("localhost:8080", "localhost:8080"),
        ("127.0.0.1", "127.0.0.1"),
        ("1:99", "1:99"),
        ("4o", "4o"),
        ("0o9", "0o9"),
        ("-", "-"),
        ("_", "_"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_what_all_readers_read_alike(text: str, value: object) -> None:
    understood = understand(text)
    assert understood == value
    assert type(understood) is type(value)


@pytest.mark.parametrize(
    ("text", "code", "reason", "mend"),
    [
        ("on", "FL111", "is true to some", 'write `true`, or `"on"`'),
        ("Yes", "FL111", "is true to some", 'write `true`, or `"Yes"`'),
        ("y", "FL111", "is true to some", 'write `true`, or `"y"`'),
        ("oFF", "FL111", "is false to some", "the word for nothing is `none`"),
        ("no", "FL111", "is false to some", "the word for nothing is `none`"),
        ("TRUE", "FL111", "is true to some", "write `true`"),
        ("1:30", "FL112", "is 90 to some readers of YAML and text", 'write `90`, or `"1:30"`'),
        ("22:22", "FL112", "is 1342 to some", '`"22:22"`'),
        ("-1:30", "FL112", "is -90 to some", '`"-1:30"`'),
        ("1:30:00.5", "FL112", "is 5400.5 to some", '`"1:30:00.5"`'),
        ("012", "FL112", "is 10 to some readers of YAML and 12", "write `10` or `12`"),
        ("-012", "FL112", "is -10 to some readers of YAML and -12", "write `-10` or `-12`"),
        ("08", "FL112", "is 8 to some readers of YAML and text", "write `8`"),
        ("007", "FL112", "is 7 to some", "write `7`"),
        ("0o14", "FL112", "is 12 to some", "write `12`"),
        ("0x1F", "FL112", "is 31 to some", "write `31`"),
        ("0b11", "FL112", "is 3 to some", "write `3`"),
        ("1_000", "FL112", "is 1000 to some", "write `1000`"),
        ("+5", "FL112", "is 5 to some", "write `5`"),
        (".5", "FL112", "is 0.5 to some", "write `0.5`"),
        ("5.", "FL112", "is 5 to some", "write `5`"),
        ("2024-08-06", "FL112", "is a date to some", 'write `"2024-08-06"`'),
        ("2024-08-06T10:00:00Z", "FL112", "is a date to some", "for the text"),
        ("2024-8-6 1:00:00 +2", "FL112", "is a date to some", "for the text"),
        (".inf", "FL112", "do not read alike", 'write `".inf"`'),
        (".NaN", "FL112", "do not read alike", 'write `".NaN"`'),
        ("1e400", "FL112", "do not read alike", 'write `"1e400"`'),
        ("9" * 16, "FL112", "do not read alike", "for the text"),
        ("~", "FL116", "`~` means that there is no value", "`none`"),
        ("null", "FL116", "`null` means that there is no value", "`none`"),
        ("", "FL116", "no value", "`none`"),
    ],
)
def test_a_trap_says_what_it_is_and_how_to_write_it(
    text: str, code: str, reason: str, mend: str
) -> None:
    trap = understand(text)
    assert isinstance(trap, Trap)
    assert trap.code == Code(code)
    assert reason in trap.reason
    assert mend in trap.mend


@pytest.mark.parametrize("text", ["9" * 200_000, "0" * 200_000, "1_" * 100_000, "1:1" * 70_000])
def test_a_long_word_takes_no_time(text: str) -> None:
    assert understand(text) is not None
