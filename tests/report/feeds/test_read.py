"""A feed is known by what it looks like, and nothing makes reading it raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.report.feeds.read import BOM, read
from proxy.report.feeds.said import Reading, Says
from tests.report.feeds.samples import NOW, google, rss, summary


@pytest.mark.parametrize("body", [summary(), google(), rss()])
@pytest.mark.parametrize("before", [b"", b" \r\n", BOM])
def test_the_form_does_not_matter(body: bytes, before: bytes) -> None:
    assert read(before + body, "", NOW) == Reading(says=Says.OPERATIONAL)


@pytest.mark.parametrize(
    "body", [b"", b"   ", b"OK", b"404", b"\xff\xfe{", b"{" * 100_000, b"[" * 100_000, b'"x"']
)
def test_what_is_nothing_of_the_kind_is_unknown(body: bytes) -> None:
    assert read(body, "", NOW).says is Says.UNKNOWN


@given(st.binary(max_size=200), st.sampled_from([b"", b"{", b"[", b"<", b"<rss>"]))
def test_no_bytes_make_it_raise(body: bytes, start: bytes) -> None:
    assert read(start + body, "Gemini", NOW).says in Says


@pytest.mark.parametrize("body", [summary(), google(), rss()])
@given(data=st.data())
def test_a_torn_copy_never_says_that_all_is_well(body: bytes, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(body) - 1))
    assert read(body[:end], "", NOW).says is Says.UNKNOWN
