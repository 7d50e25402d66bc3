"""Files that a table names: found from its folder, remembered, looked at."""

import os
from pathlib import Path

import pytest
import trustme

from proxy.model import Secret
from proxy.settings.document import read
from proxy.settings.entry import SecretFile
from proxy.settings.problem import Code
from proxy.settings.workshop import Workshop
from tests.settings.tables import findings

AT = ("key",)


def workshop(base: Path) -> Workshop:
    found = findings("key: {file: x}")
    found.root = read(found, hidden=lambda _: False)
    return Workshop(findings=found, base=base)


def told(shop: Workshop) -> list[Code]:
    return [problem.code for problem in shop.findings.problems()]


def test_a_secret_that_is_there_needs_no_file(tmp_path: Path) -> None:
    shop = workshop(tmp_path)
    assert shop.secret(Secret("x"), AT) == Secret("x")
    assert shop.files == []


def test_files_are_named_from_the_tables_folder_and_remembered_once(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-1\n")
    (tmp_path / "key").chmod(0o600)
    shop = workshop(tmp_path)
    for _ in range(2):
        assert shop.secret(SecretFile(file="key"), AT) == Secret("sk-1")
    assert shop.secret(SecretFile(file=str(tmp_path / "key")), AT) == Secret("sk-1")
    assert shop.files == [str(tmp_path / "key")]
    assert told(shop) == []


def test_a_missing_file_is_watched_too(tmp_path: Path) -> None:
    shop = workshop(tmp_path)
    assert shop.secret(SecretFile(file="key"), AT) is None
    assert shop.files == [str(tmp_path / "key")]
    assert told(shop) == [Code.UNREADABLE_FILE]


def test_a_secret_that_everybody_can_read_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-1")
    (tmp_path / "key").chmod(0o644)
    shop = workshop(tmp_path)
    assert shop.secret(SecretFile(file="key"), AT) == Secret("sk-1")
    assert told(shop) == [Code.OPEN_KEY]


def test_certificates_are_looked_at(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    shop = workshop(tmp_path)
    assert shop.certificates("ca.pem", AT) == str(tmp_path / "ca.pem")
    assert told(shop) == []
    assert shop.files == [str(tmp_path / "ca.pem")]


@pytest.mark.parametrize(
    ("name", "code"),
    [("empty.pem", Code.BAD_CERTIFICATES), ("no.pem", Code.UNREADABLE_FILE)],
)
def test_a_file_without_certificates_is_refused(tmp_path: Path, name: str, code: Code) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    shop = workshop(tmp_path)
    shop.certificates(name, AT)
    assert told(shop) == [code]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_only_others_may_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-1")
    (tmp_path / "key").chmod(0)
    shop = workshop(tmp_path)
    assert shop.secret(SecretFile(file="key"), AT) is None
    assert "Permission denied" in shop.findings.problems()[0].reason
