"""Secrets from files, and what cannot be sent."""

from pathlib import Path

import pytest

from proxy.model import Secret
from proxy.settings.problem import Code
from proxy.settings.secrets import MOST_BYTES, Flaw, from_file, judge, world_readable


def flaw(path: Path) -> Flaw:
    found = from_file(path)
    assert isinstance(found, Flaw)
    return found


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_one_line_break_at_the_end_is_no_part_of_a_secret(tmp_path: Path, end: str) -> None:
    file = tmp_path / "key"
    file.write_bytes(f"sk-1{end}".encode())
    assert from_file(file) == Secret("sk-1")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Code.EMPTY_KEY),
        (b"\n", Code.EMPTY_KEY),
        (b"sk-1\n\n", Code.UNSENDABLE_KEY),
        (b"sk-1\nsk-2\n", Code.UNSENDABLE_KEY),
        (b" sk-1", Code.UNSENDABLE_KEY),
        (b"sk-\xc3\xa9", Code.UNSENDABLE_KEY),
        (b"sk-\x00", Code.UNSENDABLE_KEY),
        (b"\xef\xbb\xbfsk-1", Code.UNSENDABLE_KEY),
        (b"-----BEGIN PRIVATE KEY-----\nxyz\n", Code.UNSENDABLE_KEY),
    ],
)
def test_what_is_no_secret_is_told_without_it(tmp_path: Path, content: bytes, code: Code) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    found = flaw(file)
    assert found.code is code
    assert "sk-" not in found.reason + found.mend


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    assert "No such file" in flaw(tmp_path / "missing").reason
    assert "Is a directory" in flaw(tmp_path).reason
    assert "not a path" in flaw(Path("a\0b")).reason


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"x" * (MOST_BYTES + 100))
    assert flaw(file).code is Code.UNSENDABLE_KEY


def test_who_can_read_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("x")
    file.chmod(0o640)
    assert not world_readable(file)
    file.chmod(0o644)
    assert world_readable(file)


def test_visible_ascii_can_be_sent() -> None:
    assert judge("!sk-1_~") is None
