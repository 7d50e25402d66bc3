"""Lengths of time, sizes, shares, addresses and URLs as a table writes them.

Pure: a text in, a value out; what cannot be read raises a `Wrong` that says how to write it. No
message quotes the text itself: it may have come from the environment.
"""

import re
from ipaddress import ip_address

from proxy.model import Address, Seconds, Url
from proxy.settings.problem import Code

LONGEST = 3650 * 86400.0
"""Seconds: ten years, far beyond any sense."""

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

_SIZE = re.compile(r"(\d{1,9})(B|KiB|MiB|GiB)", re.ASCII)
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%", re.ASCII)

_HOST = re.compile(r"(?i)[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?\.?", re.ASCII)
_PORT = re.compile(r"\d{1,5}", re.ASCII)
_URL_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/?", re.ASCII)

LONGEST_UNIX_PATH = 107
"""Bytes: `sun_path` of unix(7) less its final zero."""


class Wrong(ValueError):  # noqa: N818 - a text that is wrong, not an error of ours
    """A text that is not what a setting wants: `reason` completes "`text` ..."."""

    def __init__(self, code: Code, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.code, self.reason, self.mend = code, reason, mend


def duration(text: str) -> Seconds:
    """Read a length of time: `250ms`, `3s`, `10m`, `1h`, `90d`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise Wrong(
            Code.DURATION,
            "is not a length of time",
            "a number and its unit, without a space: `250ms`, `3s`, `10m`, `1h`, `90d`",
        )
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > LONGEST:
        raise Wrong(Code.RANGE, "is longer than ten years", "is the unit right?")
    return Seconds(seconds)


def limit(text: str) -> Seconds:
    """Read a length of time that is not nothing."""
    seconds = duration(text)
    if seconds <= 0:
        raise Wrong(Code.RANGE, "leaves no time at all", "a limit is longer than `0s`")
    return seconds


def size(text: str) -> int:
    """Read a size in bytes: `64KiB`, `1MiB`, `2GiB`, `512B`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise Wrong(
            Code.SIZE,
            "is not a size",
            "a whole number and its unit, without a space: `512B`, `64KiB`, `1MiB`, `2GiB`",
        )
    return int(match[1]) * _BYTES[match[2]]


def percent(text: str) -> float:
    """Read a share: `20%` is 0.2."""
    match = _PERCENT.fullmatch(text)
    if match is None or float(match[1]) > 100:  # noqa: PLR2004 - a whole has a hundred hundredths
        raise Wrong(Code.PERCENT, "is not a percentage", "a number from `0%` to `100%`")
    return float(match[1]) / 100


def address(text: str) -> Address:
    """Read where a port listens: `localhost:8080`, `[::1]:8080`, `unix:/run/faultline.sock`."""
    if text.startswith("unix:"):
        return _unix(text.removeprefix("unix:"))
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT.fullmatch(port) or int(port) > 65535:  # noqa: PLR2004 - 16 bits
        raise _no_address("is not an address with a port")
    if host == "localhost":
        return Address(port=int(port))
    if not host:
        raise _no_address("does not say who may reach it")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if (":" in bare) != (bare != host):
        raise _no_address("is not an address: IPv6 stands in brackets, and nothing else does")
    try:
        return Address(host=str(ip_address(bare)), port=int(port))
    except ValueError:
        raise _no_address("is not an address: a port listens on `localhost` or an IP") from None


def _no_address(reason: str) -> Wrong:
    return Wrong(
        Code.ADDRESS,
        reason,
        "`localhost:8080` for this machine only, `0.0.0.0:8080` for all who can reach it,\n"
        '`"[::1]:8080"`, or `unix:/run/faultline.sock`',
    )


def _unix(path: str) -> Address:
    if not path.startswith("/") or len(path.encode()) > LONGEST_UNIX_PATH or "\0" in path:
        raise Wrong(
            Code.ADDRESS,
            "is not a unix socket's address",
            f"an absolute path of at most {LONGEST_UNIX_PATH} bytes: `unix:/run/faultline.sock`",
        )
    return Address(unix=path)


def url(text: str) -> Url:
    """Read a backend's URL; a path that is not there stays empty."""
    scheme, separator, rest = text.partition("://")
    tls = scheme.lower() == "https"
    if not separator or scheme.lower() not in {"http", "https"}:
        raise Wrong(Code.URL, "is not a URL", "begin with `https://` (or `http://`) and a host")
    if "?" in rest or "#" in rest:
        raise Wrong(Code.URL, "has a query or a fragment", "end it before the `?` or the `#`")
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        mend = 'a key belongs under `key: "${NAME}"`; a proxy with a password is not supported'
        raise Wrong(Code.URL, "holds credentials", mend)
    path = slash + path
    if not _URL_PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise Wrong(
            Code.URL,
            "has a path that no backend should have",
            "letters, digits and `-._~`; no `//`, `..`, space or `%`",
        )
    host, port = _authority(authority, 443 if tls else 80)
    return Url(tls=tls, host=host, port=port, path=path.rstrip("/"))


def _authority(text: str, default: int) -> tuple[str, int]:
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        known = bool(closed) and _is_ip(host) and (not port or port.startswith(":"))
        port = port.removeprefix(":") if known else "?"
    else:
        host, colon, port = text.partition(":")
        port = port if colon else ""
        known = is_host(host)
    if not known:
        raise Wrong(Code.URL, "has no host that can be looked up", "`https://host[:port][/path]`")
    if port and not (_PORT.fullmatch(port) and 0 < int(port) <= 65535):  # noqa: PLR2004 - 16 bits
        raise Wrong(Code.URL, "has a port that cannot be", "a number from 1 to 65535")
    return host.lower().removesuffix("."), int(port) if port else default


def is_host(text: str) -> bool:
    """Say whether a text is a host's name or an IPv4 address."""
    return _HOST.fullmatch(text) is not None and ".." not in text


def _is_ip(text: str) -> bool:
    try:
        return ip_address(text).version == 6 and "%" not in text  # noqa: PLR2004 - of IPv6
    except ValueError:
        return False
