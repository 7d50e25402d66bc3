from proxy.model import header
from proxy.sim import pages


def test_the_cloudflare_page_has_the_marks_of_a_broken_origin() -> None:
    for mark in (
        b"<title>api.example.com | 502: Bad gateway</title>",
        b'id="cf-wrapper"',
        b"utm_source=errorcode_502&utm_campaign",
        b'<div id="cf-host-status" class="cf-error-source',
    ):
        assert mark in pages.CLOUDFLARE_502
    assert header(pages.CLOUDFLARE_HEADERS, b"cf-ray") == b"9ed5826068e1c9e3-FRA"
    assert header(pages.CLOUDFLARE_HEADERS, b"x-request-id") is None


def test_the_pages_are_html() -> None:
    assert pages.LOGIN.startswith(b"<!DOCTYPE html>")
    assert "<center>nginx</center>" in pages.NGINX.format(status=503, reason="x")
