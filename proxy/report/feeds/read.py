"""Which form a feed has, by what it looks like: providers move from one service to another.

Pure. Never raises: what cannot be understood is unknown.
"""

import msgspec

from proxy.report.feeds import google, statuspage, syndication
from proxy.report.feeds.said import Reading, unknown

_SUMMARY = msgspec.json.Decoder(statuspage.Summary)
_INCIDENTS = msgspec.json.Decoder(list[google.Incident])

BOM = b"\xef\xbb\xbf"


def read(body: bytes, component: str, now: float) -> Reading:
    """Return what a feed says of a component; `now` is seconds since the epoch."""
    text = body.removeprefix(BOM).lstrip()
    try:
        match text[:1]:
            case b"{":
                return statuspage.read(_SUMMARY.decode(text), component)
            case b"[":
                return google.read(_INCIDENTS.decode(text), component)
            case b"<":
                return syndication.read(text, component, now)
            case _:
                return unknown("it is neither JSON nor XML")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return unknown("it has another form than it used to")
