"""Whom TLS trusts."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from proxy.wire.trust import Trust, build


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return str(path)


def test_verification_is_always_on_and_only_the_file_is_trusted(file: str) -> None:
    context = build(file)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509_ca"] == 1
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


async def test_a_context_is_built_once_for_all_who_ask(file: str) -> None:
    trust = Trust()
    first, *others = await asyncio.gather(*[trust.context(file) for _ in range(5)])
    assert all(other is first for other in others)
    assert await trust.context(file) is first
    trust.forget()
    assert await trust.context(file) is not first
    trust.close()


async def test_what_is_prepared_is_there_when_it_is_needed(file: str) -> None:
    trust = Trust()
    trust.prepare(file)
    trust.prepare(file)
    context = await trust.context(file)
    assert await trust.context(file) is context
    trust.close()


async def test_a_file_that_cannot_be_read_is_tried_again(tmp_path: Path) -> None:
    trust = Trust()
    missing = tmp_path / "missing.pem"
    trust.prepare(str(missing))
    with pytest.raises(FileNotFoundError):
        await trust.context(str(missing))
    missing.write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        await trust.context(str(missing))
    trustme.CA().cert_pem.write_to_path(str(missing))
    assert isinstance(await trust.context(str(missing)), ssl.SSLContext)
    trust.close()


async def test_who_gives_up_takes_nothing_from_the_others(file: str) -> None:
    trust = Trust()
    leaving = asyncio.ensure_future(trust.context(file))
    staying = asyncio.ensure_future(trust.context(file))
    await asyncio.sleep(0)
    leaving.cancel()
    assert isinstance(await staying, ssl.SSLContext)
    trust.close()


async def test_what_was_prepared_and_never_needed_is_no_lost_error(tmp_path: Path) -> None:
    trust = Trust()
    trust.prepare(str(tmp_path / "missing.pem"))
    trust.close()
