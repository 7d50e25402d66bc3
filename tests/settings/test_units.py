"""Lengths of time, sizes, shares, addresses and URLs."""

from collections.abc import Callable

import pytest

from proxy.model import Address, Url
from proxy.settings import units
from proxy.settings.problem import Code


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0.0),
        ("250ms", 0.25),
        ("3s", 3.0),
        ("1.5s", 1.5),
        ("10m", 600.0),
        ("1h", 3600.0),
        ("90d", 7776000.0),
    ],
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert units.duration(text) == seconds


@pytest.mark.parametrize("text", ["3", "3 s", "s", "-3s", "1h30m", "3S", "3sec", "", "٣s", "1e3s"])
def test_what_is_no_length_of_time(text: str) -> None:
    wrong(units.duration, text, Code.DURATION, "is not a length of time", "`250ms`")


def test_a_length_of_time_has_sense() -> None:
    wrong(units.duration, "9999d", Code.RANGE, "longer than ten years", "unit")
    wrong(units.limit, "0s", Code.RANGE, "leaves no time", "longer than `0s`")
    assert units.limit("1ms") == 0.001


@pytest.mark.parametrize(
    ("text", "size"),
    [("0B", 0), ("512B", 512), ("64KiB", 65536), ("1MiB", 1048576), ("2GiB", 1 << 31)],
)
def test_sizes(text: str, size: int) -> None:
    assert units.size(text) == size


@pytest.mark.parametrize("text", ["1", "1MB", "1 MiB", "1.5MiB", "-1B", "1mib", ""])
def test_what_is_no_size(text: str) -> None:
    wrong(units.size, text, Code.SIZE, "is not a size", "`1MiB`")


@pytest.mark.parametrize(
    ("text", "share"), [("0%", 0.0), ("20%", 0.2), ("0.5%", 0.005), ("100%", 1.0)]
)
def test_shares(text: str, share: float) -> None:
    assert units.percent(text) == share


@pytest.mark.parametrize("text", ["0.2", "20", "101%", "-1%", "20 %", "%"])
def test_what_is_no_share(text: str) -> None:
    wrong(units.percent, text, Code.PERCENT, "is not a percentage", "`0%` to `100%`")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:8080", Address(port=8080)),
        ("localhost:0", Address(port=0)),
        ("127.0.0.1:8080", Address(host="127.0.0.1", port=8080)),
        ("0.0.0.0:8080", Address(host="0.0.0.0", port=8080)),
        ("[::1]:8080", Address(host="::1", port=8080)),
        ("[0:0:0:0:0:0:0:1]:8080", Address(host="::1", port=8080)),
        ("[::]:65535", Address(host="::", port=65535)),
        ("unix:/run/x.sock", Address(unix="/run/x.sock")),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert units.address(text) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("8080", "is not an address with a port"),
        ("localhost", "is not an address with a port"),
        ("localhost:", "is not an address with a port"),
        ("localhost:65536", "is not an address with a port"),
        ("localhost:http", "is not an address with a port"),
        (":8080", "does not say who may reach it"),
        ("*:8080", "listens on `localhost` or an IP"),
        ("example.com:8080", "listens on `localhost` or an IP"),
        ("::1:8080", "IPv6 stands in brackets"),
        ("[127.0.0.1]:8080", "IPv6 stands in brackets"),
        ("[::1:8080", "IPv6 stands in brackets"),
        ("", "is not an address with a port"),
    ],
)
def test_what_is_no_address(text: str, reason: str) -> None:
    wrong(units.address, text, Code.ADDRESS, reason, "`localhost:8080`")


@pytest.mark.parametrize("path", ["run/x.sock", "", "/" + "x" * 107, "/a\0b"])
def test_what_is_no_unix_socket(path: str) -> None:
    wrong(units.address, f"unix:{path}", Code.ADDRESS, "unix socket", "`unix:/run/faultline.sock`")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.openai.com", Url(tls=True, host="api.openai.com", port=443, path="")),
        ("https://api.openai.com/", Url(tls=True, host="api.openai.com", port=443, path="")),
        ("HTTPS://API.OpenAI.com/v1/", Url(tls=True, host="api.openai.com", port=443, path="/v1")),
        ("http://vllm:8000/v1", Url(tls=False, host="vllm", port=8000, path="/v1")),
        ("http://[::1]:8000/v1", Url(tls=False, host="::1", port=8000, path="/v1")),
        ("http://[::1]", Url(tls=False, host="::1", port=80, path="")),
        ("http://10.0.0.1:80", Url(tls=False, host="10.0.0.1", port=80, path="")),
        ("https://host./a_b/c~d", Url(tls=True, host="host", port=443, path="/a_b/c~d")),
    ],
)
def test_urls(text: str, url: Url) -> None:
    assert units.url(text) == url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("api.openai.com", "is not a URL"),
        ("ftp://host", "is not a URL"),
        ("//host", "is not a URL"),
        ("", "is not a URL"),
        ("https://user:pass@host", "holds credentials"),
        ("https://key@host/v1", "holds credentials"),
        ("https://host/v1?key=x", "has a query or a fragment"),
        ("https://host/v1#x", "has a query or a fragment"),
        ("https://host/v1//x", "has a path"),
        ("https://host/../x", "has a path"),
        ("https://host/./x", "has a path"),
        ("https://host/%2e%2e/x", "has a path"),
        ("https://host/a b", "has a path"),
        ("https://host/a\\b", "has a path"),
        ("https://", "has no host"),
        ("https://:443", "has no host"),
        ("https://ho st", "has no host"),
        ("https://hö.st", "has no host"),
        ("https://a..b", "has no host"),
        ("https://-a", "has no host"),
        ("https://[::1", "has no host"),
        ("https://[127.0.0.1]", "has no host"),
        ("https://[x]", "has no host"),
        ("https://[fe80::1%eth0]", "has no host"),
        ("https://[::1]x", "has no host"),
        ("https://::1", "has no host"),
        ("https://host:0", "has a port"),
        ("https://host:65536", "has a port"),
        ("https://host:x", "has a port"),
        ("https://a:1:2", "has a port"),
    ],
)
def test_what_is_no_url(text: str, reason: str) -> None:
    wrong(units.url, text, Code.URL, reason, "")


def wrong(read: Callable[[str], object], text: str, code: Code, reason: str, mend: str) -> None:
    with pytest.raises(units.Wrong) as caught:
        read(text)
    assert caught.value.code is code
    assert reason in caught.value.reason
    assert mend in caught.value.mend
    assert caught.value.mend
