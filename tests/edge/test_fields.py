"""A head that two servers could read in two ways is refused."""

import asyncio

import pytest
from aiohttp.http import HttpRequestParser, RawRequestMessage

from proxy.edge.fields import MOST_HEAD, ONCE, read_fields
from proxy.model import Refusal

SINGLE = {b"content-length", b"content-type", b"host", b"transfer-encoding"}
"""Those that aiohttp's parser refuses when they stand twice."""


def message(*lines: str, start: str = "POST /v1/x HTTP/1.1") -> RawRequestMessage:
    """Parse a head as the server does."""
    loop = asyncio.new_event_loop()
    try:
        parser = HttpRequestParser(
            None,
            loop,
            2**16,
            max_field_size=2**16,
            auto_decompress=False,
        )
        host = () if any(line.lower().startswith("host:") for line in lines) else ("Host: a",)
        text = "\r\n".join([start, *host, *lines, "", ""])
        messages, _, _ = parser.feed_data(text.encode("latin-1"))
        parsed = messages[0][0]
        assert isinstance(parsed, RawRequestMessage)
        return parsed
    finally:
        loop.close()


def refusal(*lines: str, start: str = "POST /v1/x HTTP/1.1") -> Refusal:
    found = read_fields(message(*lines, start=start))
    assert isinstance(found, Refusal)
    assert found.close
    return found


def test_fields_are_known_by_their_names_in_lower_case() -> None:
    found = read_fields(message("X-API-Key: k", "Accept: a", "accept: b", "X_Team: t"))
    assert found == {b"host": b"a", b"x-api-key": b"k", b"accept": b"b", b"x_team": b"t"}


@pytest.mark.parametrize("name", [b.decode().title() for b in sorted(ONCE - SINGLE)])
def test_what_is_decided_by_stands_once(name: str) -> None:
    found = refusal(f"{name}: 100-continue", f"{name.lower()}: 100-continue")
    assert found.status == 400
    assert name.lower() in found.message


@pytest.mark.parametrize("name", ["Content_Length", "TRANSFER_ENCODING", "transfer_encoding"])
def test_framing_in_disguise_is_refused(name: str) -> None:
    assert refusal(f"{name}: 5").status == 400


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "PURGE", "M-SEARCH", "LINK"])
def test_other_methods_are_refused(method: str) -> None:
    assert refusal(start=f"{method} /v1/x HTTP/1.1").status == 405


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9"])
def test_other_versions_are_refused(version: str) -> None:
    assert refusal(start=f"GET / {version}").status == 505


@pytest.mark.parametrize("coding", ["gzip, chunked", "Chunked", "chunked "])
def test_the_only_coding_is_chunked(coding: str) -> None:
    found = read_fields(message(f"Transfer-Encoding: {coding}"))
    assert isinstance(found, Refusal) is (coding.strip() != "chunked")


def test_the_old_version_knows_no_chunks() -> None:
    assert refusal("Transfer-Encoding: chunked", start="POST / HTTP/1.0").status == 400


def test_one_expectation_can_be_met() -> None:
    assert isinstance(read_fields(message("Expect: 100-Continue")), dict)
    assert refusal("Expect: 200-ok").status == 417


def test_a_head_may_be_large_but_not_endless() -> None:
    rest = MOST_HEAD - len("HostaX-A")
    assert isinstance(read_fields(message(f"X-A: {'a' * rest}")), dict)
    assert refusal(f"X-A: {'a' * (rest + 1)}").status == 431
