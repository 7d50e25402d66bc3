"""Any HTML or XML error page."""

import pytest

from proxy.diagnosis.page import looks_like_markup, looks_like_xml, read_page


def test_a_page_has_a_title_and_a_text() -> None:
    page = read_page(
        "<html><head><TITLE>502 Bad Gateway</TITLE><style>p { overloaded }</style></head>"
        "<body><script>quota()</script><h1>502</h1><p class=x>It\u2019s <b>down</b></body>"
    )
    assert page.title == "502 bad gateway"
    assert page.text == "502 bad gateway 502 it's down"
    assert "class=x" in page.source


def test_without_a_title_the_first_heading_is_one() -> None:
    assert read_page("<body><h1>503 <i>Service</i> Unavailable</h1>").title == (
        "503 service unavailable"
    )
    assert read_page("<body>nothing").title == ""


def test_an_unfinished_page_is_read_as_far_as_it_goes() -> None:
    page = read_page("<html><title>half a tit")
    assert page.title == ""
    assert page.text == "half a tit"
    assert read_page("<p>seen<style>unseen").text == "seen"


def test_the_codes_of_xml() -> None:
    xml = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>No</Message></Error>'
    assert read_page(xml).codes == ("accessdenied",)


@pytest.mark.parametrize(
    ("start", "markup", "xml"),
    [
        ("<!DOCTYPE html><html>", True, False),
        ("<HTML>", True, False),
        ('<?xml version="1.0"?><Error>', True, True),
        ('<?xml version="1.0"?><html>', True, False),
        ("<Error><Code>", True, True),
        ("{}", False, False),
        ("<think>", False, False),
    ],
)
def test_what_a_page_looks_like(start: str, markup: bool, xml: bool) -> None:
    assert looks_like_markup(start) is markup
    assert looks_like_xml(start) is xml
